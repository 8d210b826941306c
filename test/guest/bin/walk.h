/*
 * The walker: makes the first allocation of a call fail, then the second, and so on until the call
 * needs no more, each time in a new process, and compares the kernel's counts each time.
 */
#pragma once

#include "tap.h"

enum { NOT_REACHED = 40, REFUSED = 41, SHORT = 42 }; /* how an attempt ended, if not by a signal */

/* How else an attempt may end. */
enum { MAY_DIE = 1, MAY_BE_SHORT = 2 };

static uintptr_t argument[6];
static uintptr_t armed_stack; /* if not 0, where sp points during the call */

/*
 * fail_alloc(n); the call; fail_alloc(0). All in registers, because allocations of a page fault in
 * between would be counted too. A child made by clone ends immediately. Returns what was left of
 * the count, and the call's result through `result`.
 */
static long armed(long n, long number, long* result) {
  register long a0 asm("a0") = n;
  register long a1 asm("a1") = (long)argument[1];
  register long a2 asm("a2") = (long)argument[2];
  register long a3 asm("a3") = (long)argument[3];
  register long a4 asm("a4") = (long)argument[4];
  register long a5 asm("a5") = (long)argument[5];
  register long a7 asm("a7") = SYS_fail_alloc;
  register long first asm("s2") = (long)argument[0];
  register long call asm("s3") = number;
  register long out asm("s4");
  register long own_sp asm("s5");
  register long call_sp asm("s6") = (long)armed_stack;
  asm volatile(
      "mv s5, sp\n"
      "beqz s6, 2f\n"
      "mv sp, s6\n"
      "2: ecall\n"
      "mv a0, s2\n"
      "mv a7, s3\n"
      "ecall\n"
      "mv s4, a0\n"
      "li a7, %[clone]\n"
      "bne s3, a7, 1f\n"
      "bnez a0, 1f\n"
      "li a7, %[exit]\n"
      "ecall\n"
      "1: li a0, 0\n"
      "li a7, %[fail]\n"
      "ecall\n"
      "mv sp, s5\n"
      : "+r"(a0), "+r"(a7), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "=&r"(out),
        "=&r"(own_sp)
      : "r"(first), "r"(call),
        "r"(call_sp), [clone] "i"(SYS_clone), [exit] "i"(SYS_exit_group), [fail] "i"(SYS_fail_alloc)
      : "memory");
  *result = out;
  return a0;
}

static int attempt(long n, long number, long* result) {
  long left = armed(n, number, result);
  if (left != 0) return NOT_REACHED;
  return *result == -ENOMEM ? REFUSED : SHORT;
}

/*
 * Walks through all allocations of `body(n)`, each time in a new child, and compares the counts
 * each time. Ends when the count is not reached; returns how many allocations there were.
 */
static inline int walk(int (*body)(long n), int allowed) {
  tap_settle();
  errno = 0; /* makes its page private, so that later stores need no copy */
  for (long n = 1; n < 500; n++) {
    struct tine_memory_info before;
    char why[256];
    tap.last_pid = getpid();
    tap_books(&before);
    pid_t child = FORK();
    if (child == 0) _exit(body(n));
    int status = -1;
    EQUAL(waitpid(child, &status, 0), child);
    if (tap_leaked(&before, why, sizeof why))
      tap_fail("allocation %ld: not given back: %s", n, why);
    if (status == NOT_REACHED << 8) return (int)n - 1;
    if (status == REFUSED << 8) continue;
    if (status == SIGKILL && (allowed & MAY_DIE)) continue;
    if (status == SHORT << 8 && (allowed & MAY_BE_SHORT)) continue;
    tap_fail("allocation %ld: expected ENOMEM, got status %x", n, (unsigned)status);
  }
  tap_fail("500 allocations and no end");
}

#define WALK(body, allowed, least)     \
  do {                                 \
    int met = walk(body, allowed);     \
    printf("# %d allocations\n", met); \
    CHECK(met >= (least));             \
  } while (0)
