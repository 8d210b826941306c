/* pwd: prints the folder from which relative paths start. */
#include <stdio.h>
#include <tine/limits.h>
#include <unistd.h>

int main(void) {
  char path[TINE_PATH_MAX];
  if (getcwd(path, sizeof path) == NULL) {
    perror("pwd");
    return 1;
  }
  return puts(path) < 0;
}
