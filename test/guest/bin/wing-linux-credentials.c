/* The wing `linux`: user and group ids, how they change, and what they permit. A case that becomes
 * somebody else does so in a child: there is no way back. */
#include "signals.h"

enum { STUDENT = 1000, OTHER = 1001, GROUP = 50, KEEP = -1 };
#define DIR_A "/tmp/credentials"
#define FILE_A DIR_A "/file"

static long chown_to(const char* path, long user, long group) {
  return syscall(SYS_fchownat, AT_FDCWD, path, user, group, 0);
}
static long change_mode(const char* path, unsigned mode) {
  return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
static unsigned mode_of(const char* path) {
  struct stat about;
  EQUAL(lstat(path, &about), 0);
  return about.st_mode & 07777;
}
static void become(long user, long group) {
  EQUAL(syscall(SYS_setgroups, 0, NULL), 0);
  EQUAL(syscall(SYS_setresgid, group, group, group), 0);
  EQUAL(syscall(SYS_setresuid, user, user, user), 0);
}
/* Runs `body` in a child that has become the user; it ends with 0 if all was as expected. */
static void as(long user, void (*body)(void)) {
  pid_t child = FORK();
  if (child == 0) {
    become(user, user);
    body();
    _exit(0);
  }
  ENDS(child, 0);
}
static void has_ids(long get, uint32_t real, uint32_t effective, uint32_t saved) {
  uint32_t ids[3];
  EQUAL(syscall(get, &ids[0], &ids[1], &ids[2]), 0);
  EQUAL(ids[0], real);
  EQUAL(ids[1], effective);
  EQUAL(ids[2], saved);
}
static void users(uint32_t real, uint32_t effective, uint32_t saved) {
  has_ids(SYS_getresuid, real, effective, saved);
  EQUAL(syscall(SYS_getuid), real);
  EQUAL(syscall(SYS_geteuid), effective);
}

/* A directory of root's with a file of root's. */
static void build(unsigned directory_mode, unsigned file_mode) {
  EQUAL(mkdir(DIR_A, 0755), 0);
  EQUAL(change_mode(DIR_A, directory_mode), 0);
  make_file(FILE_A);
  EQUAL(change_mode(FILE_A, file_mode), 0);
}
static void clear(void) {
  unlink(FILE_A);
  EQUAL(rmdir(DIR_A), 0);
}

/* ---- Ids ---- */

static void superuser_sets(void) {
  users(0, 0, 0);
  EQUAL(syscall(SYS_setresuid, KEEP, STUDENT, 7), 0);
  users(0, STUDENT, 7);
  EQUAL(syscall(SYS_setresuid, KEEP, 0, KEEP), 0);
  EQUAL(syscall(SYS_setreuid, 5, 6), 0);
  users(5, 6, 6);
}
static void superuser_gives_up(void) {
  EQUAL(syscall(SYS_setgid, GROUP), 0);
  has_ids(SYS_getresgid, GROUP, GROUP, GROUP);
  EQUAL(syscall(SYS_getgid), GROUP);
  EQUAL(syscall(SYS_getegid), GROUP);
  EQUAL(syscall(SYS_setuid, STUDENT), 0);
  users(STUDENT, STUDENT, STUDENT);
  ERROR(syscall(SYS_setuid, 0), EPERM);
  ERROR(syscall(SYS_setgid, 0), EPERM);
}
static void users_change_among_theirs(void) {
  EQUAL(syscall(SYS_setresuid, 1, 2, 3), 0);
  ERROR(syscall(SYS_setuid, 2), EPERM); /* neither real nor saved */
  EQUAL(syscall(SYS_setuid, 3), 0);
  users(1, 3, 3);
  EQUAL(syscall(SYS_setuid, 1), 0);
  users(1, 1, 3);
  ERROR(syscall(SYS_setresuid, 1, 1, 0), EPERM);
  ERROR(syscall(SYS_setresuid, 9, KEEP, KEEP), EPERM);
  users(1, 1, 3); /* all or nothing */
  EQUAL(syscall(SYS_setresuid, 3, 1, 1), 0);
  users(3, 1, 1);
  ERROR(syscall(SYS_setreuid, 4, KEEP), EPERM);
  ERROR(syscall(SYS_setreuid, KEEP, 4), EPERM);
  EQUAL(syscall(SYS_setreuid, KEEP, 3), 0); /* the real one: the saved one stays */
  users(3, 3, 1);
  EQUAL(syscall(SYS_setreuid, 3, 1), 0);
  users(3, 1, 1);
}
static void groups_change_among_theirs(void) {
  EQUAL(syscall(SYS_setresgid, 1, 2, 3), 0);
  EQUAL(syscall(SYS_setuid, STUDENT), 0);
  ERROR(syscall(SYS_setgid, 2), EPERM);
  EQUAL(syscall(SYS_setgid, 3), 0);
  has_ids(SYS_getresgid, 1, 3, 3);
  ERROR(syscall(SYS_setregid, 7, KEEP), EPERM);
  EQUAL(syscall(SYS_setregid, 3, 1), 0);
  has_ids(SYS_getresgid, 3, 1, 1);
  ERROR(syscall(SYS_setresgid, KEEP, 0, KEEP), EPERM);
}
static void supplementary(void) {
  uint32_t set[40] = {GROUP, 60, 70}, got[40] = {0};
  EQUAL(syscall(SYS_getgroups, 0, NULL), 0);
  EQUAL(syscall(SYS_setgroups, 3, set), 0);
  EQUAL(syscall(SYS_getgroups, 0, NULL), 3);
  EQUAL(syscall(SYS_getgroups, 40, got), 3);
  EQUAL(memcmp(set, got, 12), 0);
  ERROR(syscall(SYS_getgroups, 2, got), EINVAL);
  ERROR(syscall(SYS_getgroups, -1, got), EINVAL);
  ERROR(syscall(SYS_getgroups, 3, wild(UNMAPPED)), EFAULT);
  ERROR(syscall(SYS_setgroups, 33, set), EINVAL);
  ERROR(syscall(SYS_setgroups, -1, set), EINVAL);
  ERROR(syscall(SYS_setgroups, 2, wild(KERNEL)), EFAULT);
  EQUAL(syscall(SYS_getgroups, 40, got), 3); /* as before */
  EQUAL(syscall(SYS_setresuid, STUDENT, STUDENT, STUDENT), 0);
  ERROR(syscall(SYS_setgroups, 0, NULL), EPERM);
}
static void bad_ids(void) {
  uint32_t id;
  ERROR(syscall(SYS_setuid, KEEP), EINVAL);
  ERROR(syscall(SYS_setgid, KEEP), EINVAL);
  ERROR(syscall(SYS_getresuid, &id, wild(UNMAPPED), &id), EFAULT);
  ERROR(syscall(SYS_getresuid, wild(KERNEL), &id, &id), EFAULT);
  ERROR(syscall(SYS_getresgid, &id, &id, NULL), EFAULT);
  EQUAL(syscall(SYS_setresuid, KEEP, KEEP, KEEP), 0);
  users(0, 0, 0);
}
static void inherited(void) {
  become(STUDENT, GROUP);
  pid_t child = FORK();
  if (child == 0) {
    users(STUDENT, STUDENT, STUDENT);
    has_ids(SYS_getresgid, GROUP, GROUP, GROUP);
    _exit(0);
  }
  ENDS(child, 0);
}

/* ---- Files ---- */

/* What access and open say to owner, group and others, for one permission after the other. */
static void may(unsigned wanted, int yes) {
  static const int flags[] = {[1] = -1, [2] = O_WRONLY, [4] = O_RDONLY, [6] = O_RDWR};
  long result = syscall(SYS_faccessat, AT_FDCWD, FILE_A, wanted);
  if (yes) EQUAL(result, 0);
  if (!yes) ERROR(syscall(SYS_faccessat, AT_FDCWD, FILE_A, wanted), EACCES);
  if (flags[wanted] < 0) return;
  if (!yes) ERROR(open(FILE_A, flags[wanted]), EACCES);
  if (yes) CHECK(open(FILE_A, flags[wanted]) >= 0);
}
static unsigned class_bits; /* the caller's three bits */
static void may_what_bits_say(void) {
  for (unsigned wanted = 1; wanted <= 4; wanted *= 2) may(wanted, (class_bits & wanted) != 0);
  may(6, (class_bits & 6) == 6);
}
static void classes(void) {
  build(0755, 0);
  EQUAL(chown_to(FILE_A, STUDENT, GROUP), 0);
  for (class_bits = 0; class_bits < 8; class_bits++) {
    unsigned others = ~class_bits & 7; /* so that no other class could be meant */
    EQUAL(change_mode(FILE_A, class_bits << 6 | others << 3 | others), 0);
    as(STUDENT, may_what_bits_say);
    EQUAL(change_mode(FILE_A, others << 6 | others << 3 | class_bits), 0);
    as(OTHER, may_what_bits_say);
    EQUAL(change_mode(FILE_A, others << 6 | class_bits << 3 | others), 0);
    as(GROUP, may_what_bits_say); /* `as` gives the group of the same number */
  }
  EQUAL(change_mode(FILE_A, 0), 0);
  may(6, 1);
  ERROR(syscall(SYS_faccessat, AT_FDCWD, FILE_A, 1), EACCES); /* what nobody may, root may not */
  EQUAL(change_mode(FILE_A, 001), 0);
  EQUAL(syscall(SYS_faccessat, AT_FDCWD, FILE_A, 1), 0);
  clear();
}

static void member_of_file_group(void) {
  uint32_t groups[] = {7, GROUP, 9};
  build(0755, 0640);
  EQUAL(chown_to(FILE_A, 0, GROUP), 0);
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_setgroups, 3, groups), 0);
    EQUAL(syscall(SYS_setresuid, STUDENT, STUDENT, STUDENT), 0);
    CHECK(open(FILE_A, O_RDONLY) >= 0);
    ERROR(open(FILE_A, O_WRONLY), EACCES);
    _exit(0);
  }
  ENDS(child, 0);
  clear();
}

static void closed_directory(void) {
  struct stat about;
  ERROR(stat(FILE_A, &about), EACCES);
  ERROR(stat(DIR_A "/missing", &about), EACCES);
  ERROR(stat(DIR_A "/.", &about), EACCES);
  ERROR(stat(DIR_A "/..", &about), EACCES);
  ERROR(open(FILE_A, O_RDONLY), EACCES);
  ERROR(open(DIR_A "/new", O_WRONLY | O_CREAT, 0644), EACCES);
  ERROR(chdir(DIR_A), EACCES);
  ERROR(mkdir(DIR_A "/new", 0755), EACCES);
  ERROR(unlink(FILE_A), EACCES);
  EQUAL(stat(DIR_A, &about), 0);
  int fd = open(DIR_A, O_RDONLY); /* its names may be read */
  CHECK(fd >= 0);
  ERROR(syscall(SYS_fchdir, fd), EACCES);
}
static void searchable_directory(void) {
  struct stat about;
  EQUAL(stat(FILE_A, &about), 0);
  CHECK(open(FILE_A, O_RDONLY) >= 0);
  ERROR(open(DIR_A, O_RDONLY), EACCES); /* but not its names */
  ERROR(open(DIR_A "/new", O_WRONLY | O_CREAT, 0644), EACCES);
  ERROR(open(FILE_A, O_WRONLY | O_TRUNC), EACCES);
  ERROR(open(FILE_A, O_RDONLY | O_TRUNC), EACCES);
  ERROR(syscall(SYS_truncate, FILE_A, 0), EACCES);
  ERROR(mkdir(DIR_A "/new", 0755), EACCES);
  ERROR(symlink("x", DIR_A "/new"), EACCES);
  ERROR(link(FILE_A, DIR_A "/new"), EACCES);
  ERROR(syscall(SYS_mknodat, AT_FDCWD, DIR_A "/new", S_IFIFO | 0600, 0), EACCES);
  ERROR(unlink(FILE_A), EACCES);
  ERROR(rename(FILE_A, "/tmp/file"), EACCES);
  make_file("/tmp/own");
  ERROR(rename("/tmp/own", FILE_A), EACCES);
  ERROR(rename("/tmp/own", DIR_A "/new"), EACCES);
  EQUAL(unlink("/tmp/own"), 0);
  /* What is, or is not there, is told first. */
  ERROR(mkdir(FILE_A, 0755), EEXIST);
  ERROR(symlink("x", FILE_A), EEXIST);
  ERROR(unlink(DIR_A "/missing"), ENOENT);
  ERROR(rmdir(DIR_A "/missing"), ENOENT);
}
static void directories(void) {
  build(0754, 0644);
  as(STUDENT, closed_directory);
  EQUAL(change_mode(DIR_A, 0711), 0);
  as(STUDENT, searchable_directory);
  clear();
}

static void in_sticky_directory(void) {
  ERROR(unlink(FILE_A), EPERM);
  ERROR(rename(FILE_A, DIR_A "/new"), EPERM);
  make_file(DIR_A "/own");
  ERROR(rename(DIR_A "/own", FILE_A), EPERM);
  EQUAL(rename(DIR_A "/own", DIR_A "/mine"), 0);
  EQUAL(unlink(DIR_A "/mine"), 0);
  EQUAL(mkdir(DIR_A "/sub", 0755), 0);
  EQUAL(rmdir(DIR_A "/sub"), 0);
}
static void takes_all(void) { EQUAL(unlink(FILE_A), 0); }
static void sticky(void) {
  build(01777, 0666);
  as(STUDENT, in_sticky_directory);
  EQUAL(change_mode(DIR_A, 0777), 0);
  as(STUDENT, takes_all);
  make_file(FILE_A);
  EQUAL(change_mode(DIR_A, 01777), 0);
  EQUAL(chown_to(DIR_A, STUDENT, 0), 0);
  as(STUDENT, takes_all); /* it is their directory */
  clear();
}

static void makes_files(void) {
  struct stat about;
  int fd = open(FILE_A, O_WRONLY | O_CREAT, 0);
  CHECK(fd >= 0); /* whoever makes a file may write to it */
  EQUAL(write(fd, "x", 1), 1);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_uid, STUDENT);
  EQUAL(about.st_gid, GROUP); /* the directory's, which has S_ISGID */
  EQUAL(mkdir(DIR_A "/sub", 0755), 0);
  EQUAL(stat(DIR_A "/sub", &about), 0);
  EQUAL(about.st_gid, GROUP);
  EQUAL(about.st_mode & 07777, 02755);
  EQUAL(rmdir(DIR_A "/sub"), 0);
  EQUAL(unlink(FILE_A), 0);
  EQUAL(symlink("x", "/tmp/symlink"), 0);
  EQUAL(lstat("/tmp/symlink", &about), 0);
  EQUAL(about.st_uid, STUDENT);
  EQUAL(about.st_gid, STUDENT);
  EQUAL(unlink("/tmp/symlink"), 0);
}
static void ownership(void) {
  build(02777, 0644);
  EQUAL(chown_to(DIR_A, KEEP, GROUP), 0);
  EQUAL(unlink(FILE_A), 0);
  as(STUDENT, makes_files);
  clear();
}

/* ---- Changing what files permit ---- */

static void owner_changes(void) {
  uint32_t groups[] = {GROUP};
  EQUAL(syscall(SYS_setgroups, 1, groups), 0);
  EQUAL(syscall(SYS_setresgid, STUDENT, STUDENT, STUDENT), 0);
  EQUAL(syscall(SYS_setresuid, STUDENT, STUDENT, STUDENT), 0);
  EQUAL(change_mode(FILE_A, 04755), 0);
  EQUAL(mode_of(FILE_A), 04755);
  EQUAL(chown_to(FILE_A, KEEP, GROUP), 0); /* one of theirs; it does not run as them any more */
  EQUAL(mode_of(FILE_A), 0755);
  EQUAL(change_mode(FILE_A, 02755), 0);
  EQUAL(mode_of(FILE_A), 02755);
  EQUAL(chown_to(FILE_A, STUDENT, STUDENT), 0);
  ERROR(chown_to(FILE_A, OTHER, KEEP), EPERM);
  ERROR(chown_to(FILE_A, 0, KEEP), EPERM);
  ERROR(chown_to(FILE_A, KEEP, 77), EPERM);
  _exit(0);
}
static void sets_group_bit(void) { /* the file is of group 77 */
  EQUAL(change_mode(FILE_A, 06755), 0);
  EQUAL(mode_of(FILE_A), 04755);
}
static void stranger_changes(void) {
  struct timespec old[2] = {{1, 0}, {1, 0}};
  int fd = open(FILE_A, O_RDONLY);
  CHECK(fd >= 0);
  ERROR(change_mode(FILE_A, 0777), EPERM);
  ERROR(syscall(SYS_fchmod, fd, 0777), EPERM);
  ERROR(chown_to(FILE_A, OTHER, KEEP), EPERM);
  ERROR(chown_to(FILE_A, KEEP, OTHER), EPERM);
  ERROR(syscall(SYS_fchown, fd, OTHER, OTHER), EPERM);
  ERROR(syscall(SYS_utimensat, AT_FDCWD, FILE_A, old, 0), EPERM);
  ERROR(syscall(SYS_utimensat, AT_FDCWD, FILE_A, NULL, 0), EACCES);
}
static void touches(void) {
  struct timespec old[2] = {{1, 0}, {1, 0}};
  EQUAL(syscall(SYS_utimensat, AT_FDCWD, FILE_A, NULL, 0), 0); /* who may write */
  ERROR(syscall(SYS_utimensat, AT_FDCWD, FILE_A, old, 0), EPERM);
}
static void changes(void) {
  build(0755, 0644);
  EQUAL(chown_to(FILE_A, STUDENT, STUDENT), 0);
  as(OTHER, stranger_changes);
  pid_t child = FORK();
  if (child == 0) owner_changes();
  ENDS(child, 0);
  EQUAL(chown_to(FILE_A, KEEP, 77), 0);
  as(STUDENT, sets_group_bit);
  EQUAL(change_mode(FILE_A, 0666), 0);
  as(OTHER, touches);
  clear();
}

/* Whoever changes a program must not have it run with its owner's rights. */
static void writing_takes_bits(void) {
  build(0755, 06777);
  char byte;
  int fd = open(FILE_A, O_RDWR);
  CHECK(fd >= 0);
  EQUAL(read(fd, &byte, 1), 0);
  EQUAL(mode_of(FILE_A), 06777);
  EQUAL(write(fd, "#", 1), 1);
  EQUAL(mode_of(FILE_A), 0777);
  EQUAL(change_mode(FILE_A, 04755), 0);
  EQUAL(ftruncate(fd, 1), 0);
  EQUAL(mode_of(FILE_A), 0755);
  EQUAL(close(fd), 0);
  EQUAL(change_mode(DIR_A, 02755), 0);
  EQUAL(unlink(FILE_A), 0);
  EQUAL(mode_of(DIR_A), 02755);
  clear();
}

/* A program that runs as somebody else asks with whom it runs for. */
static void asks_for_its_caller(void) {
  build(0700, 0600);
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_setresuid, STUDENT, 0, 0), 0);
    CHECK(open(FILE_A, O_RDONLY) >= 0);
    ERROR(syscall(SYS_faccessat, AT_FDCWD, FILE_A, 4), EACCES);
    ERROR(syscall(SYS_faccessat2, AT_FDCWD, FILE_A, 4, 0), EACCES);
    EQUAL(syscall(SYS_faccessat2, AT_FDCWD, FILE_A, 4, AT_EACCESS), 0);
    _exit(0);
  }
  ENDS(child, 0);
  ERROR(syscall(SYS_faccessat2, AT_FDCWD, FILE_A, 8, 0), EINVAL);
  ERROR(syscall(SYS_faccessat2, AT_FDCWD, FILE_A, 0, 1), EINVAL);
  ERROR(syscall(SYS_faccessat2, AT_FDCWD, wild(UNMAPPED), 0, 0), EFAULT);
  EQUAL(symlink("nothing", DIR_A "/dangling"), 0);
  ERROR(syscall(SYS_faccessat2, AT_FDCWD, DIR_A "/dangling", 0, 0), ENOENT);
  EQUAL(syscall(SYS_faccessat2, AT_FDCWD, DIR_A "/dangling", 0, AT_SYMLINK_NOFOLLOW), 0);
  EQUAL(unlink(DIR_A "/dangling"), 0);
  clear();
}

/* ---- Programs ---- */

/* This program again, as a file that belongs to `user`; it ends with the number that `tell` says.
 */
static void copy_of_self(long user, long group, unsigned mode) {
  copy_file("/test/wing-linux-credentials", FILE_A);
  EQUAL(chown_to(FILE_A, user, group), 0);
  EQUAL(change_mode(FILE_A, mode), 0);
}
/* real, effective and saved user, effective group, AT_SECURE: each as one bit of the status. */
static int tell(int argc, char** argv) {
  (void)argc;
  char** at = argv;
  uint32_t user[3], group[3];
  syscall(SYS_getresuid, &user[0], &user[1], &user[2]);
  syscall(SYS_getresgid, &group[0], &group[1], &group[2]);
  while (*at) at++; /* arguments, environment, auxiliary vector */
  do at++;
  while (*at);
  uint64_t secure = 9, effective = 9;
  for (uint64_t* aux = (uint64_t*)at + 1; aux[0]; aux += 2) {
    if (aux[0] == 23) secure = aux[1];
    if (aux[0] == 12) effective = aux[1];
  }
  return (user[0] == STUDENT) | (user[1] == OTHER) << 1 | (user[2] == OTHER) << 2 |
         (group[1] == GROUP) << 3 | (group[2] == GROUP) << 4 | (secure == 1) << 5 |
         (effective == user[1]) << 6;
}
static int run_as_student(void) {
  static char* const arguments[] = {"tell", NULL};
  pid_t child = FORK();
  int status;
  if (child == 0) {
    become(STUDENT, STUDENT);
    execve(FILE_A, arguments, NULL);
    _exit(errno == EACCES ? 200 : 201);
  }
  EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}
static void programs(void) {
  build(0755, 0644);
  copy_of_self(OTHER, GROUP, 0755);
  EQUAL(run_as_student(), 1 | 64);
  EQUAL(change_mode(FILE_A, 04755), 0);
  EQUAL(run_as_student(), 1 | 2 | 4 | 32 | 64);
  EQUAL(change_mode(FILE_A, 02755), 0);
  EQUAL(run_as_student(), 1 | 8 | 16 | 32 | 64);
  EQUAL(change_mode(FILE_A, 06755), 0);
  EQUAL(run_as_student(), 1 | 2 | 4 | 8 | 16 | 32 | 64);
  EQUAL(change_mode(FILE_A, 0754), 0);
  EQUAL(run_as_student(), 200);
  EQUAL(change_mode(FILE_A, 0644), 0);
  EQUAL(run_as_student(), 200);
  clear();
}

/* The saved id is the effective one after exec: what was given up for a while is gone. */
static void exec_saves(void) {
  static char* const arguments[] = {"tell", NULL};
  build(0755, 0644);
  copy_of_self(0, 0, 0755);
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_setresuid, STUDENT, OTHER, 0), 0);
    execve(FILE_A, arguments, NULL);
    _exit(201);
  }
  ENDS(child, 1 | 2 | 4 | 32 | 64);
  clear();
}

/* ---- Others ---- */

static volatile pid_t target;
static void cannot_signal(void) {
  ERROR(kill(target, SIGTERM), EPERM);
  ERROR(kill(target, 0), EPERM);
  ERROR(kill(1, SIGTERM), EPERM);
  ERROR(syscall(SYS_tkill, target, SIGTERM), EPERM);
  ERROR(syscall(SYS_tgkill, target, target, SIGTERM), EPERM);
  EQUAL(kill(-1, 0), 0);
  EQUAL(kill(-1, SIGTERM), 0); /* reaches none of them */
}
static void can_signal(void) { EQUAL(kill(target, SIGTERM), 0); }
static pid_t sleeper(long real, long effective, long saved) {
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_setresuid, real, effective, saved), 0);
    for (;;) sleep(100);
  }
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  return child;
}
static void signals(void) {
  target = sleeper(0, 0, 0);
  as(STUDENT, cannot_signal);
  EQUAL(kill(target, SIGKILL), 0);
  ENDS(target, -SIGKILL);
  target = sleeper(0, STUDENT, 0); /* the effective one of the target does not count */
  as(STUDENT, cannot_signal);
  EQUAL(kill(target, SIGKILL), 0);
  ENDS(target, -SIGKILL);
  target = sleeper(STUDENT, OTHER, OTHER);
  as(STUDENT, can_signal);
  ENDS(target, -SIGTERM);
  target = sleeper(OTHER, OTHER, STUDENT);
  as(STUDENT, can_signal);
  ENDS(target, -SIGTERM);
}

static char proc_path[64];
static const char* of_target(const char* name) {
  snprintf(proc_path, sizeof proc_path, "/proc/%d/%s", target, name);
  return proc_path;
}
static void looks(int mine) {
  char text[64];
  struct stat about;
  if (stat("/proc/self", &about) != 0) return; /* the wing procfs is not there */
  EQUAL(stat(of_target("status"), &about), 0);
  EQUAL(about.st_uid, OTHER);
  CHECK(open(of_target("status"), O_RDONLY) >= 0);
  EQUAL(open(of_target("maps"), O_RDONLY) >= 0, mine);
  EQUAL(open(of_target("pagetable"), O_RDONLY) >= 0, mine);
  EQUAL(open(of_target("fd"), O_RDONLY) >= 0, mine);
  EQUAL(readlink(of_target("fd/0"), text, sizeof text) > 0, mine);
  EQUAL(readlink(of_target("exe"), text, sizeof text) > 0, mine);
}
static void looks_at_own(void) { looks(1); }
static void looks_at_others(void) { looks(0); }
static void proc_files(void) {
  target = sleeper(OTHER, OTHER, OTHER);
  looks(1);
  as(OTHER, looks_at_own);
  as(STUDENT, looks_at_others);
  EQUAL(kill(target, SIGKILL), 0);
  ENDS(target, -SIGKILL);
}

static void cannot_administer(void) {
  ERROR(power(TINE_POWER_OFF, 0), EPERM);
  ERROR(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL), EPERM);
}
static void administration(void) { as(STUDENT, cannot_administer); }

int main(int argc, char** argv) {
  if (strcmp(argv[0], "tell") == 0) return tell(argc, argv);
  tap_begin("wing-linux-credentials");
  RUN("the superuser takes on any ids", superuser_sets);
  RUN("setuid and setgid of the superuser are for good", superuser_gives_up);
  RUN("others change among their three user ids", users_change_among_theirs);
  RUN("others change among their three group ids", groups_change_among_theirs);
  RUN("supplementary groups", supplementary);
  RUN("bad ids and pointers change nothing", bad_ids);
  RUN("a child inherits ids", inherited);
  RUN_MAKING_FILES("owner, group and others: the first class that fits decides", classes);
  RUN_MAKING_FILES("supplementary groups count", member_of_file_group);
  RUN_MAKING_FILES("directories: searching, reading, changing", directories);
  RUN_MAKING_FILES("the sticky bit keeps names for their owners", sticky);
  RUN_MAKING_FILES("who makes a file owns it; S_ISGID gives it the directory's group", ownership);
  RUN_MAKING_FILES("chmod, chown and utimensat are for owners", changes);
  RUN_MAKING_FILES("writing takes S_ISUID and S_ISGID away from a file", writing_takes_bits);
  RUN_MAKING_FILES("faccessat asks with the real ids", asks_for_its_caller);
  RUN_MAKING_FILES("exec: permission, set-user-ID, set-group-ID, AT_SECURE", programs);
  RUN_MAKING_FILES("exec: the saved id becomes the effective one", exec_saves);
  RUN("kill: EPERM unless real or effective are the target's real or saved", signals);
  RUN("/proc shows a process's memory and files to its user alone", proc_files);
  RUN_MAKING_FILES("power and mount are the superuser's", administration);
  return tap_end();
}
