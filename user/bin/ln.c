/* ln [-s] OLD NEW, ln [-s] OLD... FOLDER: makes another name for a file, or with -s a symbolic
 * link. */
#include <unistd.h>

#include "target.h"

int main(int argc, char** argv) {
  int (*act)(const char* old, const char* path) = link;
  for (int option; (option = getopt(argc, argv, "s")) != -1;) {
    if (option != 's') return 2;
    act = symlink;
  }
  return for_each_target("ln", argv + optind, argc - optind, act);
}
