/* The wing `linux`: rights are checked and changed in one step, whatever another hart does at the
 * same time. With one hart these cases cannot fail. */
#include "credentials.h"

/* A child that runs `body` as STUDENT until it is stopped. */
static pid_t start_student(void (*body)(void)) {
  pid_t child = FORK();
  if (child == 0) {
    become(STUDENT, STUDENT);
    while (1) body();
  }
  return child;
}
static void stop_child(pid_t child) {
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
}

/* Root takes the file from its owner many times; `seen` judges what it is then. */
static void take_from_owner(void (*owner)(void), void (*seen)(const struct stat*)) {
  build(0755, 0755);
  EQUAL(chown_to(FILE_A, STUDENT, STUDENT), 0);
  pid_t child = start_student(owner);
  for (int i = 0; i < 6000; i++) {
    struct stat about;
    EQUAL(chown_to(FILE_A, 0, 0), 0);
    EQUAL(stat(FILE_A, &about), 0);
    seen(&about);
    EQUAL(chown_to(FILE_A, STUDENT, STUDENT), 0);
  }
  stop_child(child);
  clear();
}

static void sets_user_id(void) { change_mode(FILE_A, 04755); }
static void has_no_bits(const struct stat* about) {
  EQUAL(about->st_uid, 0);
  EQUAL(about->st_mode & 07777, 0755);
}
static void no_set_id_of_root(void) { take_from_owner(sets_user_id, has_no_bits); }

static void changes_group(void) { chown_to(FILE_A, KEEP, STUDENT); }
static void is_roots(const struct stat* about) {
  EQUAL(about->st_uid, 0);
  EQUAL(about->st_gid, 0);
}
static void owner_stays_away(void) { take_from_owner(changes_group, is_roots); }

/* A time that only the owner may set is not set after the owner has changed. */
static void sets_time(void) {
  struct timespec old[2] = {{1, 0}, {1, 0}};
  syscall(SYS_utimensat, AT_FDCWD, FILE_A, old, 0);
}
static void time_of_owner(void) {
  build(0755, 0755);
  pid_t child = start_student(sets_time);
  for (int i = 0; i < 6000; i++) {
    struct stat before, after;
    EQUAL(chown_to(FILE_A, 0, 0), 0);
    EQUAL(stat(FILE_A, &before), 0);
    for (int k = 0; k < 10; k++) EQUAL(stat(FILE_A, &after), 0);
    EQUAL(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
    EQUAL(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
    EQUAL(chown_to(FILE_A, STUDENT, STUDENT), 0);
  }
  stop_child(child);
  clear();
}

/* Whoever sees new contents sees that the bits are gone. */
enum { LARGE = 1 << 20 };
static void bits_go_first(void) {
  static char* bytes;
  build(0755, 0777);
  for (int round = 0; round < 20; round++) {
    EQUAL(syscall(SYS_truncate, FILE_A, 0), 0);
    EQUAL(change_mode(FILE_A, 06777), 0);
    pid_t child = FORK();
    if (child == 0) {
      become(STUDENT, STUDENT);
      bytes = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      int fd = open(FILE_A, O_WRONLY);
      _exit(write(fd, bytes, LARGE) != LARGE);
    }
    struct stat about;
    do {
      EQUAL(stat(FILE_A, &about), 0);
      unsigned mode = mode_of(FILE_A);
      if (about.st_size > 0) EQUAL(mode, 0777);
    } while (about.st_size < LARGE);
    ENDS(child, 0);
  }
  clear();
}

int main(void) {
  tap_begin("wing-linux-rights");
  RUN("chmod beside chown: no set-user-ID of root's", no_set_id_of_root);
  RUN("chown of the group beside chown: the old owner does not come back", owner_stays_away);
  RUN("utimensat beside chown: only the owner's", time_of_owner);
  RUN("write: set-ID bits go before the first byte comes", bits_go_first);
  return tap_end();
}
