/*
 * ls [-al] [PATH...]: prints the names in folders, sorted, one on each line; paths that are no
 * folders first. -a: those that begin with a dot too; -l: kind and permissions, names that the
 * file has (links), owner and group, bytes. With -l a path that is a symbolic link is shown
 * itself, otherwise its target.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tine/limits.h>
#include <unistd.h>

static int all, details;

struct names {
  char** names;
  size_t count, room;
};

static int complain(const char* path) {
  fprintf(stderr, "ls: %s: %s\n", path, strerror(errno));
  return 1;
}

static char kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return 'd';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFLNK: return 'l';
    case S_IFIFO: return 'p';
    default: return '-';
  }
}

static void show_details(const struct stat* about) {
  char permissions[] = "rwxrwxrwx";
  for (int i = 0; i < 9; i++) {
    if ((about->st_mode >> (8 - i) & 1) == 0) permissions[i] = '-';
  }
  printf("%c%s %3u %u %u %8ld ", kind_of(about->st_mode), permissions, about->st_nlink,
         about->st_uid, about->st_gid, about->st_size);
}

/* One line. `path` is where the file is, `name` what is shown. */
static int show(const char* path, const char* name) {
  struct stat about;
  char target[TINE_PATH_MAX];
  if (!details) return puts(name) < 0;
  if (lstat(path, &about) != 0) return complain(path);
  show_details(&about);
  ssize_t n = S_ISLNK(about.st_mode) ? readlink(path, target, sizeof target) : -1;
  if (n >= 0) return printf("%s -> %.*s\n", name, (int)n, target) < 0;
  return puts(name) < 0;
}

static int add(struct names* list, const char* name) {
  if (list->count == list->room) {
    size_t room = list->room * 2 + 16;
    char** larger = realloc(list->names, room * sizeof *larger);
    if (larger == NULL) return -1;
    list->names = larger;
    list->room = room;
  }
  list->names[list->count] = strdup(name);
  return list->names[list->count] != NULL ? (list->count++, 0) : -1;
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static int read_folder(const char* path, struct names* list) {
  DIR* folder = opendir(path);
  if (folder == NULL) return -1;
  errno = 0;
  for (struct dirent* entry; errno == 0 && (entry = readdir(folder)) != NULL;) {
    if ((all || entry->d_name[0] != '.') && add(list, entry->d_name) != 0) errno = ENOMEM;
  }
  int error = errno;
  closedir(folder);
  errno = error;
  return error == 0 ? 0 : -1;
}

static int list_folder(const char* path) {
  struct names list = {NULL, 0, 0};
  if (read_folder(path, &list) != 0) return complain(path); /* the program ends soon: no free */
  qsort(list.names, list.count, sizeof *list.names, by_name);
  int failed = 0;
  for (size_t i = 0; i < list.count; i++) {
    char whole[TINE_PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", path, list.names[i]);
    failed |= show(whole, list.names[i]);
    free(list.names[i]);
  }
  free(list.names);
  return failed;
}

/* Is the path a folder to list? Returns -1 when there is no such file. */
static int is_folder(const char* path) {
  struct stat about;
  int found = !details && stat(path, &about) == 0;
  if (!found && lstat(path, &about) != 0) return -1;
  return S_ISDIR(about.st_mode);
}

/* Folders come last, each under its name, so that no file seems to be in one of them. */
static int list_paths(char** paths, int count) {
  const char* gap = "";
  int failed = 0;
  for (int i = 0; i < count; i++) {
    int folder = is_folder(paths[i]);
    if (folder == 1) continue;
    failed |= folder < 0 ? complain(paths[i]) : show(paths[i], paths[i]);
    if (folder == 0) gap = "\n";
  }
  for (int i = 0; i < count; i++) {
    if (is_folder(paths[i]) != 1) continue;
    if (count > 1) printf("%s%s:\n", gap, paths[i]);
    failed |= list_folder(paths[i]);
    gap = "\n";
  }
  return failed;
}

int main(int argc, char** argv) {
  for (int option; (option = getopt(argc, argv, "al")) != -1;) {
    if (option == '?') return 2;
    if (option == 'a') all = 1;
    if (option == 'l') details = 1;
  }
  if (optind == argc) return list_folder(".");
  qsort(argv + optind, (size_t)(argc - optind), sizeof *argv, by_name);
  return list_paths(argv + optind, argc - optind);
}
