/* What listings say is true: every name that a directory lists is there, with the inode and the
 * kind that the listing tells. Looked at are all of /proc (with the wing), /dev, /bin and /tmp. */
#include "directories.h"

#include <dirent.h>

static long names, inodes_wrong, kinds_wrong;
static char wrong_name[160]; /* one of the wrong ones */

/* /proc/PID/...: has the process ended? A zombie is still there. */
static int has_ended(const char* path) {
  struct tine_process_info info;
  if (strncmp(path, "/proc/", 6) != 0) return 0;
  pid_t pid = (pid_t)strtol(path + 6, NULL, 10);
  return pid > 0 && !tap_info(pid, &info);
}

static void compare(const struct stat* directory, const struct dirent* entry, const char* path,
                    const struct stat* is) {
  int wrong_kind = entry->d_type != is->st_mode >> 12;
  /* Where another file system begins, the listing tells the directory below, as on Linux. */
  int wrong_inode = is->st_dev == directory->st_dev && entry->d_ino != is->st_ino;
  kinds_wrong += wrong_kind;
  inodes_wrong += wrong_inode;
  if (wrong_kind || wrong_inode) snprintf(wrong_name, sizeof wrong_name, "%s", path);
}

/* After a call on it has failed: that is right only if the process has ended meanwhile. */
static void must_have_ended(const char* call, const char* path) {
  int error = errno;
  if ((error == ENOENT || error == ESRCH) && has_ended(path)) return;
  tap_fail("%s is listed, but %s: %s", path, call, strerror(error));
}

static int lists(const char* path, const char* name) {
  int found = 0;
  DIR* directory = opendir(path);
  if (!directory) return 0;
  for (struct dirent* entry; !found && (entry = readdir(directory));) {
    found = strcmp(entry->d_name, name) == 0;
  }
  closedir(directory);
  return found;
}

/* A process that ends closes its files before it is gone: what is no longer there is then not
 * listed either. So as long as it is listed, it must be found sooner or later. */
static int find(const char* path, const char* entry, const char* name, struct stat* is) {
  for (int tries = 0; lstat(name, is) != 0; tries++) {
    int error = errno;
    if (!lists(path, entry)) return 0;
    errno = error;
    if (tries == 100) return must_have_ended("lstat", name), 0;
  }
  return 1;
}

static void walk(const char* path) {
  struct stat here, is;
  if (stat(path, &here) != 0) return must_have_ended("stat", path);
  DIR* directory = opendir(path);
  if (!directory) return must_have_ended("opendir", path);
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char name[512];
    CHECK(snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name);
    if (!find(path, entry->d_name, name, &is)) continue;
    names++;
    compare(&here, entry, name, &is);
    if (entry->d_type == DT_DIR && is.st_dev == here.st_dev) walk(name);
  }
  closedir(directory);
}

static void look_at(const char* path, long least) {
  names = inodes_wrong = kinds_wrong = 0;
  walk(path);
  if (inodes_wrong || kinds_wrong)
    tap_fail("%s: %ld inodes and %ld kinds are wrong, as that of %s", path, inodes_wrong,
             kinds_wrong, wrong_name);
  if (names < least) tap_fail("%s: %ld names, expected %ld", path, names, least);
}

static void devices_and_programs(void) {
  look_at("/dev", 5);
  look_at("/bin", 10);
}

static void files(void) {
  begin();
  EQUAL(mkdir(A, 0755), 0);
  EQUAL(mkdir(A "/deeper", 0755), 0);
  make(A "/deeper/file");
  EQUAL(link(A "/deeper/file", B), 0);
  EQUAL(symlink("nowhere", C), 0);
  syscall(SYS_mknodat, AT_FDCWD, A "/pipe", S_IFIFO | 0644); /* with the wing `linux` */
  look_at("/tmp", 6);
  unlink(A "/pipe");
  EQUAL(unlink(A "/deeper/file"), 0);
  EQUAL(rmdir(A "/deeper"), 0);
  EQUAL(rmdir(A), 0);
  EQUAL(unlink(B), 0);
  EQUAL(unlink(C), 0);
  end();
}

/* With a zombie, a process that sleeps, and open files of each kind. */
static void processes(void) {
  struct stat about;
  struct tine_process_info info;
  struct tine_message message;
  int ends[2];
  if (stat("/proc/self", &about) != 0) return;
  EQUAL(pipe(ends), 0);
  CHECK(open("/dev/null", O_RDONLY) >= 0 && open("/bin/sh", O_RDONLY) >= 0);
  CHECK(open("/proc/self/maps", O_RDONLY) >= 0 && open("/tmp", O_RDONLY) >= 0);
  pid_t zombie = FORK();
  if (zombie == 0) _exit(0);
  do CHECK(tap_info(zombie, &info));
  while (info.state != TINE_ZOMBIE);
  pid_t sleeper = FORK();
  if (sleeper == 0) _exit(ipc_recv(&message));
  CHECK(sleeps_for(sleeper, TINE_WAIT_IPC));
  look_at("/proc", 60);
  ENDS(zombie, 0);
  EQUAL(ipc_send(sleeper, 1), 0);
  ENDS(sleeper, 0);
}

/* Processes come and go while /proc is listed: names of ended ones are not there, no others. */
static void processes_end(void) {
  struct stat about;
  int status;
  if (stat("/proc/self", &about) != 0) return;
  pid_t maker = FORK();
  if (maker == 0) {
    for (int i = 0; i < 300; i++) {
      pid_t child = FORK();
      if (child == 0) _exit(0);
      ENDS(child, 0);
    }
    _exit(0);
  }
  int rounds = 0;
  do {
    look_at("/proc", 40);
    rounds++;
  } while (waitpid(maker, &status, WNOHANG) == 0);
  EQUAL(status, 0);
  CHECK(rounds > 0);
}

int main(void) {
  tap_begin("names");
  RUN("/dev and /bin: every name that is listed is there, as it is listed", devices_and_programs);
  RUN("/tmp: the same, with files of each kind", files);
  RUN("/proc: the same, with a zombie and a sleeper", processes);
  RUN("/proc while processes come and go", processes_end);
  return tap_end();
}
