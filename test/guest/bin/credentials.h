/* Becoming somebody else, and a file with which one then may do this or that. There is no way back:
 * what is done as somebody else is done in a child. */
#pragma once

#include "signals.h"

enum { STUDENT = 1000, OTHER = 1001, GROUP = 50, KEEP = -1 };
#define DIR_A "/tmp/credentials"
#define FILE_A DIR_A "/file"

/* Users other than root are the wing linux's: without it nothing can be done as one of them. */
static inline int has_users(void) { return syscall(SYS_getuid) != -1; }

static inline long chown_to(const char* path, long user, long group) {
  return syscall(SYS_fchownat, AT_FDCWD, path, user, group, 0);
}
static inline long change_mode(const char* path, unsigned mode) {
  return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
static inline unsigned mode_of(const char* path) {
  struct stat about;
  EQUAL(lstat(path, &about), 0);
  return about.st_mode & 07777;
}
static inline void become(long user, long group) {
  EQUAL(syscall(SYS_setgroups, 0, NULL), 0);
  EQUAL(syscall(SYS_setresgid, group, group, group), 0);
  EQUAL(syscall(SYS_setresuid, user, user, user), 0);
}
/* Runs `body` in a child that has become the user; it ends with 0 if all was as expected. */
static inline void as(long user, void (*body)(void)) {
  pid_t child = FORK();
  if (child == 0) {
    become(user, user);
    body();
    _exit(0);
  }
  ENDS(child, 0);
}

/* A directory of root's with a file of root's. */
static inline void build(unsigned directory_mode, unsigned file_mode) {
  EQUAL(mkdir(DIR_A, 0755), 0);
  EQUAL(change_mode(DIR_A, directory_mode), 0);
  make_file(FILE_A);
  EQUAL(change_mode(FILE_A, file_mode), 0);
}
static inline void clear(void) {
  unlink(FILE_A);
  EQUAL(rmdir(DIR_A), 0);
}
