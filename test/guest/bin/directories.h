/* Where the tests of directories work: below /tmp/d, of which they leave nothing. */
#pragma once

#include "tap.h"

#define ROOT "/tmp/d"
#define A ROOT "/a"
#define B ROOT "/b"
#define C ROOT "/c"

static inline struct stat about(const char* path) {
  struct stat result;
  if (lstat(path, &result) != 0) tap_fail("lstat(%s): %s", path, strerror(errno));
  return result;
}
static inline int is_there(const char* path) {
  struct stat result;
  return lstat(path, &result) == 0;
}
static inline void make(const char* path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) tap_fail("make(%s): %s", path, strerror(errno));
  EQUAL(close(fd), 0);
}
static inline void begin(void) { EQUAL(mkdir(ROOT, 0755), 0); }
static inline void end(void) { EQUAL(rmdir(ROOT), 0); }
