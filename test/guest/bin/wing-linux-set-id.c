/* The wing `linux`: with whose rights a program runs (S_ISUID, S_ISGID). */
#include "credentials.h"

/* This program again, as a file that belongs to `user`; it ends with the number that `tell` says.
 */
static void copy_of_self(long user, long group, unsigned mode) {
  copy_file("/test/wing-linux-set-id", FILE_A);
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

int main(int argc, char** argv) {
  if (strcmp(argv[0], "tell") == 0) return tell(argc, argv);
  tap_begin("wing-linux-set-id");
  RUN("exec: permission, set-user-ID, set-group-ID, AT_SECURE", programs);
  RUN("exec: the saved id becomes the effective one", exec_saves);
  return tap_end();
}
