/* The wing `procfs`: what only a process's user may see, and that a program with other rights is
 * not seen in between. */
#include "credentials.h"

enum { TEXT = 16 << 10 };
static char own_text[TEXT], text[TEXT];

static const char* proc_path(pid_t pid, const char* name) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  return path;
}

/* The length; -1 with errno. */
static long read_all(int fd, char* to) {
  long length = 0, got;
  while ((got = read(fd, to + length, (size_t)(TEXT - 1 - length))) > 0) length += got;
  to[length] = 0;
  return got < 0 ? -1 : length;
}

static void wait_for_word(void) {
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
}

/* A copy of this program, which does what its first argument says. */
static void copy_of_self(long user, unsigned mode) {
  build(0755, 0755);
  copy_file("/test/wing-procfs-rights", FILE_A);
  EQUAL(chown_to(FILE_A, user, user), 0);
  EQUAL(change_mode(FILE_A, mode), 0);
}
static void exec_copy(const char* what) {
  char* arguments[] = {(char*)what, NULL};
  execve(FILE_A, arguments, NULL);
  _exit(errno);
}
/* Runs the copy as `user`; returns when it is there. */
static pid_t start_copy(long user) {
  pid_t child = FORK();
  if (child == 0) {
    become(user, user);
    exec_copy("waits");
  }
  struct tine_process_info info;
  do CHECK(tap_info(child, &info));
  while (info.state != TINE_SLEEPING || info.wait_reason != TINE_WAIT_IPC);
  return child;
}
static void stop_copy(pid_t child) {
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
}

static pid_t shown;
static void cannot_look(void) {
  char target[64];
  ERROR(open(proc_path(shown, "maps"), O_RDONLY), EACCES);
  ERROR(open(proc_path(shown, "pagetable"), O_RDONLY), EACCES);
  ERROR(open(proc_path(shown, "fd"), O_RDONLY), EACCES);
  ERROR(readlink(proc_path(shown, "fd/0"), target, sizeof target), EACCES);
  ERROR(open(proc_path(shown, "fd/0"), O_RDONLY), EACCES);
  ERROR(readlink(proc_path(shown, "exe"), target, sizeof target), EACCES);
  CHECK(open(proc_path(shown, "status"), O_RDONLY) >= 0); /* which is for all */
}
static void can_look(void) {
  char target[64];
  CHECK(read_all(open(proc_path(shown, "maps"), O_RDONLY), text) > 0);
  CHECK(open(proc_path(shown, "fd"), O_RDONLY) >= 0);
  CHECK(readlink(proc_path(shown, "exe"), target, sizeof target) > 0);
}
/* `mode` and owner of the program; may another process of the student look into it? */
static void look_into(long owner, unsigned mode, int may) {
  copy_of_self(owner, mode);
  shown = start_copy(STUDENT);
  as(STUDENT, may ? can_look : cannot_look);
  as(OTHER, cannot_look);
  can_look(); /* root may */
  stop_copy(shown);
  clear();
}
static void programs(void) {
  look_into(0, 0755, 1);
  look_into(0, 04755, 0);
  look_into(OTHER, 02755, 0);
  look_into(OTHER, 04755, 0);
  look_into(0, 0711, 0); /* its file cannot be read */
}

/* What it has in its memory from before is not the new user's. Its own files it may read. */
static void after_setuid(void) {
  pid_t child = FORK();
  if (child == 0) {
    become(STUDENT, STUDENT);
    shown = getpid();
    can_look();
    pid_t grandchild = FORK(); /* has a copy of that memory */
    if (grandchild == 0) {
      wait_for_word();
      _exit(0);
    }
    shown = grandchild;
    cannot_look();
    EQUAL(ipc_send(grandchild, 1), 0);
    ENDS(grandchild, 0);
    wait_for_word();
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  shown = child;
  as(STUDENT, cannot_look);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
}

/* A file that was opened with fewer rights shows no more to a program that has more. */
static void handed_over(void) {
  copy_of_self(0, 04755);
  pid_t child = FORK();
  if (child == 0) {
    char* arguments[] = {"opens", NULL};
    become(STUDENT, STUDENT);
    execve("/test/wing-procfs-rights", arguments, NULL);
  }
  ENDS(child, EACCES);
  clear();
}
static int opens(void) {
  int fd = open("/proc/self/maps", O_RDONLY);
  if (fd < 0 || dup2(fd, 0) != 0 || read_all(0, text) <= 0) return 100;
  exec_copy("reads");
  return 101;
}
static int reads(void) {
  if (syscall(SYS_geteuid) != 0 || lseek(0, 0, SEEK_SET) != 0) return 102;
  return read_all(0, text) < 0 ? errno : 103;
}

/* A process of the student's executes a program of root's while the student reads what memory it
 * has, many times: never another than before. */
static void looks_meanwhile(void) {
  for (int round = 0; round < 150; round++) {
    pid_t victim = FORK();
    if (victim == 0) {
      char* arguments[] = {"becomes", NULL};
      execve("/test/wing-procfs-rights", arguments, NULL);
    }
    CHECK(sleeps_for(victim, TINE_WAIT_IPC));
    int fd = open(proc_path(victim, "maps"), O_RDONLY);
    CHECK(fd >= 0 && read_all(fd, own_text) > 0);
    EQUAL(ipc_send(victim, 1), 0);
    while (lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, text) >= 0) {
      if (strcmp(own_text, text) != 0) tap_fail("round %d: the map of another program", round);
    }
    int error = errno;
    EQUAL(error, EACCES);
    close(fd);
    EQUAL(ipc_send(victim, 1), 0);
    ENDS(victim, 0);
  }
}
static void never_between(void) {
  copy_of_self(0, 04755);
  as(STUDENT, looks_meanwhile);
  clear();
}

int main(int argc, char** argv) {
  (void)argc;
  if (strcmp(argv[0], "waits") == 0) return wait_for_word(), 0;
  if (strcmp(argv[0], "opens") == 0) return opens();
  if (strcmp(argv[0], "reads") == 0) return reads();
  if (strcmp(argv[0], "becomes") == 0) {
    wait_for_word();
    exec_copy("waits");
  }
  tap_begin("wing-procfs-rights");
  if (!has_users()) return tap_end();
  RUN("no stranger looks into a program with other rights, or into one that is unreadable",
      programs);
  RUN("after setuid, the memory is not the new user's to see", after_setuid);
  RUN("a file opened with fewer rights shows no more to a set-user-ID program", handed_over);
  RUN("maps beside exec of a set-user-ID program: the old map, or none", never_between);
  return tap_end();
}
