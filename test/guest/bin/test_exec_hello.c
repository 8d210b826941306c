/* SEEDS.md section 2, test_exec_hello: exec of a simple ELF. Returning is the failure. */
#include "tap.h"

static void exec_path(const char* path) {
  pid_t child = FORK();
  if (child == 0) {
    char* argv[] = {(char*)path, NULL};
    execve(path, argv, environ);
    tap_fail("execve(%s) returned: %s", path, strerror(errno));
  }
  ENDS(child, 0);
}

static void hello(void) { exec_path("/bin/hello"); }
static void hello_elf(void) { exec_path("/bin/hello.elf"); }
static void tmp_hello_elf(void) { exec_path("/tmp/hello.elf"); }

static void by_app_id(void) {
  pid_t child = FORK();
  if (child == 0) {
    exec(APP_ID_HELLO);
    tap_fail("exec(APP_ID_HELLO) returned: %s", strerror(errno));
  }
  ENDS(child, 0);
}

int main(void) {
  tap_begin("test_exec_hello");
  RUN("execve(/bin/hello) does not return, and the program exits 0", hello);
  RUN("execve(/bin/hello.elf), three segments from a foreign linker", hello_elf);
  RUN("the same file in /tmp", tmp_hello_elf);
  RUN("exec(APP_ID_HELLO), by number", by_app_id);
  return tap_end();
}
