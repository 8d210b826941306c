/*
 * From crt0.S to main. A program started by execve finds its arguments on the stack, as on Unix.
 * One started by Tine's exec(app_id) or execv(app_id, argv) finds argc = 0 there and fetches them
 * with getargs().
 */
#include <stdlib.h>
#include <tine.h>
#include <unistd.h>

int main(int argc, char** argv, char** envp);

/* Fills argv from the kernel's copy. Both must exist as long as the program. Returns argc. */
static int fetch_arguments(struct tine_args* args, char** argv) {
  int argc = getargs(args);
  if (argc < 0 || argc > TINE_ARG_COUNT) argc = 0;
  for (int i = 0; i < argc; i++) argv[i] = args->argv[i];
  argv[argc] = NULL;
  return argc;
}

void tine_start(long* stack) __attribute__((noreturn));

void tine_start(long* stack) {
  static struct tine_args args;
  static char* fetched[TINE_ARG_COUNT + 1];

  int argc = (int)stack[0];
  char** argv = (char**)(stack + 1);
  environ = argv + argc + 1;
  if (argc == 0) {
    argc = fetch_arguments(&args, fetched);
    argv = fetched;
  }
  exit(main(argc, argv, environ));
}
