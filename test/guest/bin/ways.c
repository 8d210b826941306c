/* Takes each way through the kernel once, for `make ways` (test/tools/ways), which has QEMU write
 * down each step: as the first process of a machine with one hart and nothing else to do. Each way
 * begins at the ecall, or the store, that bears its name. What it does is done once before, so that
 * no way shows the making of what is kept from then on. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tine/syscall.h"

/* The call `number` with three arguments, at a label of its own. */
#define CALL(label, number, first, second, third)              \
  ({                                                           \
    register long a0 asm("a0") = (long)(first);                \
    register long a1 asm("a1") = (long)(second);               \
    register long a2 asm("a2") = (long)(third);                \
    register long a3 asm("a3") = 0;                            \
    register long a4 asm("a4") = 0;                            \
    register long a7 asm("a7") = (number);                     \
    asm volatile(".globl " #label "\n" #label ": ecall"        \
                 : "+r"(a0)                                    \
                 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) \
                 : "memory");                                  \
    a0;                                                        \
  })

static void handle(int number) { (void)number; }

static void touch(char* page) {
  asm volatile(".globl way_fault\nway_fault: sb zero, 0(%0)" : : "r"(page) : "memory");
}

static void write_shared(char* page) {
  asm volatile(".globl way_copy\nway_copy: sb zero, 0(%0)" : : "r"(page) : "memory");
}

/* One process reads, and sleeps; the other writes, and lets it run. */
static void send_byte(void) {
  int ends[2];
  char byte = 'x';
  pipe(ends);
  pid_t reader = fork();
  if (reader == 0) {
    read(ends[0], &byte, 1);
    _exit(0);
  }
  sched_yield();
  CALL(way_pipe, SYS_write, ends[1], &byte, 1);
  sched_yield();
  waitpid(reader, NULL, 0);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  static char line[16];
  write(1, "ready\n", 6);
  read(0, line, sizeof line);
  char* program[] = {"/bin/true", NULL};
  struct sigaction action = {.sa_handler = handle};
  sigaction(SIGUSR1, &action, NULL);
  if (fork() == 0) _exit(0);
  wait(NULL);

  CALL(way_ecall, SYS_getppid, 0, 0, 0);

  char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pages[0] = 1;
  touch(pages + 4096);

  long child = CALL(way_fork, SYS_clone, SIGCHLD, 0, 0);
  if (child == 0) {
    write_shared(pages);
    CALL(way_exit, SYS_exit, 0, 0, 0);
  }
  wait(NULL);

  CALL(way_kill, SYS_kill, getpid(), SIGUSR1, 0);
  send_byte();
  write(1, "key\n", 4);
  CALL(way_read, SYS_read, 0, line, sizeof line);
  CALL(way_exec, SYS_execve, program[0], program, program + 1);
  return 1;
}
