/*
 * Executes each file of a folder in turn and prints one line about it: its name, then "exit N" or
 * "signal N" if the program said that it runs (a byte on its standard output), and else "no start".
 * On Linux a file can be refused so late that the process has to die; it has not started then,
 * either. With -v the line has the error, too. Not written for Tine: it runs on Linux as well.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_verbose;

static void run(const char* name) {
  int output[2], failure[2], error = 0, status;
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    dup2(output[1], 1);
    execve(name, (char*[]){(char*)name, NULL}, (char*[]){NULL});
    error = errno;
    if (write(failure[1], &error, sizeof error) != sizeof error) _exit(1);
    _exit(0);
  }
  close(output[1]), close(failure[1]);
  char byte;
  int has_started = read(output[0], &byte, 1) == 1;
  if (read(failure[0], &error, sizeof error) != sizeof error) error = 0;
  if (waitpid(child, &status, 0) != child) exit(1);
  close(output[0]), close(failure[0]);
  printf("%s ", name);
  if (!has_started) printf("no start");
  if (has_started && WIFEXITED(status)) printf("exit %d", WEXITSTATUS(status));
  if (has_started && WIFSIGNALED(status)) printf("signal %d", WTERMSIG(status));
  if (is_verbose && !has_started)
    printf(" (%s)", error ? strerror(error) : strsignal(status & 127));
  printf("\n");
  fflush(stdout);
}

static int is_program(const struct dirent* entry) { return entry->d_name[0] != '.'; }

int main(int argc, char** argv) {
  is_verbose = argc > 2 && strcmp(argv[2], "-v") == 0;
  struct dirent** entries;
  if (argc < 2 || chdir(argv[1]) != 0) return 1;
  int count = scandir(".", &entries, is_program, alphasort);
  for (int i = 0; i < count; i++) run(entries[i]->d_name);
  return count > 0 ? 0 : 1;
}
