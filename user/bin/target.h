/*
 * cp, mv and ln take OLD NEW, or OLD... FOLDER: in the second form each file keeps its name, in
 * the folder.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tine/limits.h>

static inline int is_folder(const char* path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* The last name of a path. `length` is its length without slashes that may follow it. */
static inline const char* last_name(const char* path, int* length) {
  const char* end = path + strlen(path);
  while (end > path && end[-1] == '/') end--;
  const char* start = end;
  while (start > path && start[-1] != '/') start--;
  *length = (int)(end - start);
  return start;
}

/* Calls act(old, new) for each file. Returns the program's exit status. */
static inline int for_each_target(const char* program, char* const* names, int count,
                                  int (*act)(const char* old, const char* path)) {
  const char* target = count > 0 ? names[count - 1] : "";
  int folder = count > 1 && is_folder(target);
  if (count < 2 || (count > 2 && !folder)) {
    fprintf(stderr, "usage: %s OLD NEW, or %s OLD... FOLDER\n", program, program);
    return 2;
  }
  int failed = 0;
  for (int i = 0; i + 1 < count; i++) {
    char path[TINE_PATH_MAX];
    int length;
    const char* name = last_name(names[i], &length);
    size_t size = folder ? (size_t)snprintf(path, sizeof path, "%s/%.*s", target, length, name)
                         : (size_t)snprintf(path, sizeof path, "%s", target);
    if (size >= sizeof path) errno = ENAMETOOLONG;
    if (size < sizeof path && act(names[i], path) == 0) continue;
    fprintf(stderr, "%s: %s to %s: %s\n", program, names[i], path, strerror(errno));
    failed = 1;
  }
  return failed;
}
