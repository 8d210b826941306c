/* ipc_send PID WORD: puts one number into a process's mailbox. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tine.h>

int main(int argc, char** argv) {
  char *pid_end = NULL, *word_end = NULL;
  long pid = argc == 3 ? strtol(argv[1], &pid_end, 10) : 0;
  unsigned long word = argc == 3 ? strtoul(argv[2], &word_end, 0) : 0;
  if (argc != 3 || *pid_end != 0 || *word_end != 0) {
    fprintf(stderr, "usage: ipc_send PID WORD\n");
    return 2;
  }
  if (ipc_send((pid_t)pid, word) == 0) return 0;
  const char* why = errno == EAGAIN  ? "its mailbox is full"
                    : errno == ESRCH ? "no such process"
                                     : strerror(errno);
  fprintf(stderr, "ipc_send: pid %ld: %s\n", pid, why);
  return 1;
}
