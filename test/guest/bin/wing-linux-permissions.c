/* The wing `linux`: what files permit to whom, and who may change that. */
#include "credentials.h"

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
  /* Whether a name is there is not told. */
  static const char* const names[] = {FILE_A, FILE_A "/", DIR_A "/none", DIR_A "/none/",
                                      DIR_A "/."};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    ERROR(unlink(names[i]), EACCES);
    ERROR(rmdir(names[i]), EACCES);
    ERROR(symlink("x", names[i]), EACCES);
    ERROR(mkdir(names[i], 0755), EACCES);
    ERROR(link("/bin/sh", names[i]), EACCES);
    ERROR(rename(names[i], "/tmp/file"), EACCES);
    ERROR(rename("/tmp/none", names[i]), EACCES);
    ERROR(rename("/bin/sh/", names[i]), EACCES);
  }
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

/* Its ".." changes. */
static void moves_directories(void) {
  EQUAL(mkdir(DIR_A "/own", 0755) + mkdir(DIR_A "/own/in", 0555) + mkdir(DIR_A "/to", 0755), 0);
  ERROR(rename(DIR_A "/own/in", DIR_A "/to/in"), EACCES);
  ERROR(renameat2(AT_FDCWD, DIR_A "/own/in", AT_FDCWD, DIR_A "/to", RENAME_EXCHANGE), EACCES);
  ERROR(renameat2(AT_FDCWD, DIR_A "/to", AT_FDCWD, DIR_A "/own/in", RENAME_EXCHANGE), EACCES);
  EQUAL(rename(DIR_A "/own/in", DIR_A "/own/stays"), 0);
  EQUAL(change_mode(DIR_A "/own/stays", 0755), 0);
  EQUAL(rename(DIR_A "/own/stays", DIR_A "/to/in"), 0);
  EQUAL(rmdir(DIR_A "/to/in") + rmdir(DIR_A "/to") + rmdir(DIR_A "/own"), 0);
}
static void moving_directories(void) {
  build(0777, 0644);
  as(STUDENT, moves_directories);
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
/* A file of a group that its maker is not in does not run as that group. */
static void makes_set_group_id(void) {
  syscall(SYS_umask, 0);
  EQUAL(syscall(SYS_mknodat, AT_FDCWD, FILE_A, S_IFREG | 06777, 0), 0);
  EQUAL(mode_of(FILE_A), 04777);
  EQUAL(unlink(FILE_A), 0);
  EQUAL(syscall(SYS_mknodat, AT_FDCWD, FILE_A, S_IFIFO | 02777, 0), 0);
  EQUAL(mode_of(FILE_A), 0777);
  EQUAL(unlink(FILE_A), 0);
  close(open(FILE_A, O_WRONLY | O_CREAT, 02777));
  EQUAL(mode_of(FILE_A), 0777);
  EQUAL(unlink(FILE_A), 0);
}
static void makes_it_for_own_group(void) {
  syscall(SYS_umask, 0);
  EQUAL(syscall(SYS_mknodat, AT_FDCWD, FILE_A, S_IFREG | 02777, 0), 0);
  EQUAL(mode_of(FILE_A), 02777);
  EQUAL(unlink(FILE_A), 0);
}
static void set_group_id(void) {
  build(02777, 0644);
  EQUAL(chown_to(DIR_A, KEEP, GROUP), 0);
  EQUAL(change_mode(DIR_A, 02777), 0);
  EQUAL(unlink(FILE_A), 0);
  as(STUDENT, makes_set_group_id);
  as(GROUP, makes_it_for_own_group); /* `as` gives the group of the same number */
  makes_it_for_own_group();
  clear();
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
  EQUAL(write(fd, "", 0), 0);
  EQUAL(syscall(SYS_pwrite64, fd, "", 0, 0l), 0);
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

int main(void) {
  tap_begin("wing-linux-permissions");
  RUN("owner, group and others: the first class that fits decides", classes);
  RUN("supplementary groups count", member_of_file_group);
  RUN("directories: searching, reading, changing", directories);
  RUN("the sticky bit keeps names for their owners", sticky);
  RUN("a directory must be writable to go to another one", moving_directories);
  RUN("who makes a file owns it; S_ISGID gives it the directory's group", ownership);
  RUN("what is made in a directory with S_ISGID runs as its group only for members", set_group_id);
  RUN("chmod, chown and utimensat are for owners", changes);
  RUN("writing takes S_ISUID and S_ISGID away from a file", writing_takes_bits);
  RUN("faccessat asks with the real ids", asks_for_its_caller);
  return tap_end();
}
