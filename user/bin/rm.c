/*
 * rm [-fr] PATH...: removes files; with -r also folders and their contents. -f: a missing file is
 * no error. A symbolic link is removed itself, and never followed. Paths that end in . or .. and
 * the root are refused, as POSIX requires, because too much would be lost.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tine/limits.h>
#include <unistd.h>

static int recursive, force;

static int complain(const char* path) {
  fprintf(stderr, "rm: %s: %s\n", path, strerror(errno));
  return 1;
}

static int is_dots(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

static int remove_path(char* path, size_t length);

/* Removes the contents of a folder. `path` has room for TINE_PATH_MAX bytes, and is restored. */
static int empty_folder(char* path, size_t length) {
  DIR* folder = opendir(path);
  if (folder == NULL) return complain(path);
  int failed = 0;
  for (struct dirent* entry; (entry = readdir(folder)) != NULL;) {
    size_t size = strlen(entry->d_name);
    if (is_dots(entry->d_name)) continue;
    if (length + 1 + size >= TINE_PATH_MAX) {
      errno = ENAMETOOLONG;
      failed = complain(path);
      continue;
    }
    path[length] = '/';
    memcpy(path + length + 1, entry->d_name, size + 1);
    failed |= remove_path(path, length + 1 + size);
    path[length] = 0;
  }
  closedir(folder);
  return failed;
}

static int remove_path(char* path, size_t length) {
  struct stat about;
  if (lstat(path, &about) != 0) return force && errno == ENOENT ? 0 : complain(path);
  int folder = S_ISDIR(about.st_mode);
  if (folder && recursive) {
    if (empty_folder(path, length) != 0) return 1;
    return rmdir(path) == 0 ? 0 : complain(path);
  }
  return unlink(path) == 0 ? 0 : complain(path);
}

static int remove_argument(const char* argument) {
  static char path[TINE_PATH_MAX];
  size_t length = strlen(argument);
  while (length > 1 && argument[length - 1] == '/') length--;
  errno = ENAMETOOLONG;
  if (length >= sizeof path) return complain(argument);
  memcpy(path, argument, length);
  path[length] = 0;
  const char* slash = strrchr(path, '/');
  errno = EINVAL;
  if (is_dots(slash != NULL ? slash + 1 : path) || strcmp(path, "/") == 0) {
    return complain(argument);
  }
  return remove_path(path, length);
}

int main(int argc, char** argv) {
  for (int option; (option = getopt(argc, argv, "fr")) != -1;) {
    if (option == '?') return 2;
    if (option == 'f') force = 1;
    if (option == 'r') recursive = 1;
  }
  if (optind == argc && !force) {
    fprintf(stderr, "usage: rm [-fr] PATH...\n");
    return 2;
  }
  int failed = 0;
  for (int i = optind; i < argc; i++) failed |= remove_argument(argv[i]);
  return failed;
}
