/* Becomes the user 1000 (student), and that user's shell. */
#include <stdio.h>
#include <tine.h>
#include <tine/syscall.h>
#include <unistd.h>

int main(void) {
  static char name[] = "sh";
  static char* const arguments[] = {name, NULL};
  if (syscall(SYS_setgroups, 0, 0, 0, 0, 0) != 0 || syscall(SYS_setgid, 1000, 0, 0, 0, 0) != 0 ||
      syscall(SYS_setuid, 1000, 0, 0, 0, 0) != 0) {
    perror("lab_user");
    return 1;
  }
  if (chdir("/home/student") != 0) perror("/home/student");
  execve("/bin/sh", arguments, environ);
  perror("/bin/sh");
  return 1;
}
