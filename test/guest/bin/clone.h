/* clone with all its arguments, where the child gets a stack of its own: so it may share our
 * memory. */
#pragma once

#include "tap.h"

static char child_stack[16384] __attribute__((aligned(16)));

/* clone, with the child running `body` on a stack of its own. */
static inline long clone_into(long flags, void (*body)(void), volatile int* parent_tid,
                              uintptr_t tls, volatile int* child_tid) {
  register long a0 asm("a0") = flags;
  register char* a1 asm("a1") = child_stack + sizeof child_stack;
  register volatile int* a2 asm("a2") = parent_tid;
  register uintptr_t a3 asm("a3") = tls;
  register volatile int* a4 asm("a4") = child_tid;
  register long a7 asm("a7") = SYS_clone;
  register void (*s2)(void) asm("s2") = body;
  asm volatile(
      "ecall\n"
      "bnez a0, 1f\n"
      "jalr s2\n"
      "unimp\n"
      "1:\n"
      : "+r"(a0)
      : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s2)
      : "memory", "ra");
  return a0;
}
#define VFORK (CLONE_VM | CLONE_VFORK | SIGCHLD)
static inline pid_t vfork_into(void (*body)(void)) {
  return (pid_t)clone_into(VFORK, body, 0, 0, 0);
}
