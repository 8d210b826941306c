/* mkdir [-p] FOLDER...: makes folders; with -p also missing parents, and an existing folder is no
 * error. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_folder(const char* path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Cuts the path at each slash in turn, and makes what is before it. */
static int make_all(char* path) {
  for (char* slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
    *slash = 0;
    int failed = mkdir(path, 0777) != 0 && errno != EEXIST;
    *slash = '/';
    if (failed) return -1;
  }
  return mkdir(path, 0777) == 0 || (errno == EEXIST && is_folder(path)) ? 0 : -1;
}

int main(int argc, char** argv) {
  int parents = 0, failed = 0;
  for (int option; (option = getopt(argc, argv, "p")) != -1; parents = 1) {
    if (option != 'p') return 2;
  }
  if (optind == argc) {
    fprintf(stderr, "usage: mkdir [-p] FOLDER...\n");
    return 2;
  }
  for (int i = optind; i < argc; i++) {
    int result = !parents ? mkdir(argv[i], 0777) : *argv[i] != 0 ? make_all(argv[i]) : 0;
    if (result == 0) continue;
    fprintf(stderr, "mkdir: %s: %s\n", argv[i], strerror(errno));
    failed = 1;
  }
  return failed;
}
