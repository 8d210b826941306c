/*
 * crash [WAY]: ways in which a program can fail, and the signal that must end it for each. `crash
 * WAY` ends in that way; without an argument each way is tried in a child, and the table shows the
 * result. The kernel and all other processes must continue.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_ADDRESS 0xffffffc080200000ul /* where the kernel's image is mapped */
#define NON_CANONICAL 0x0000800000000000ul  /* bits 63..39 are not copies of bit 38 */
#define UNMAPPED 0x20000000ul               /* a valid user address at which nothing is mapped */

/* In assembly, because the compiler may assume that C code has no undefined behaviour. */
static void load(uintptr_t address) {
  asm volatile("lb t0, 0(%0)" ::"r"(address) : "t0", "memory");
}
static void store(uintptr_t address) { asm volatile("sb zero, 0(%0)" ::"r"(address) : "memory"); }
static void jump(uintptr_t address) { asm volatile("jalr %0" ::"r"(address) : "ra", "memory"); }

static uint32_t code_in_data = 0x00008067; /* ret */
static const uint32_t code_in_constants = 0x00008067;

static void null_read(void) { load(0); }
static void null_write(void) { store(0); }
static void null_call(void) { jump(0); }
static void kernel_read(void) { load(KERNEL_ADDRESS); }
static void kernel_write(void) { store(KERNEL_ADDRESS); }
static void kernel_call(void) { jump(KERNEL_ADDRESS); }
static void far_read(void) { load(NON_CANONICAL); }
static void far_write(void) { store(NON_CANONICAL); }
static void far_call(void) { jump(NON_CANONICAL); }
static void unmapped_read(void) { load(UNMAPPED); }
static void unmapped_write(void) { store(UNMAPPED); }
static void text_write(void) { store((uintptr_t)load); }
static void constant_write(void) { store((uintptr_t)&code_in_constants); }
static void data_call(void) { jump((uintptr_t)&code_in_data); }
static void constant_call(void) { jump((uintptr_t)&code_in_constants); }

static void stack_call(void) {
  volatile uint32_t code = 0x00008067;
  jump((uintptr_t)&code);
}

static void illegal(void) { asm volatile(".word 0"); }
static void breakpoint(void) { asm volatile("ebreak"); }
static void read_sstatus(void) { asm volatile("csrr t0, sstatus" ::: "t0"); }
static void write_satp(void) { asm volatile("csrw satp, zero"); }
static void supervisor_return(void) { asm volatile("sret"); }

static void odd_atomic(void) {
  static uint64_t word;
  asm volatile("amoadd.w t0, zero, (%0)" ::"r"((uintptr_t)&word + 1) : "t0", "memory");
}

/* Infinite recursion; the store keeps each frame alive and the call from becoming a loop. */
static __attribute__((noinline)) int deeper(int n) {
  volatile char frame[256];
  frame[0] = (char)n;
  return n < 0 ? 0 : deeper(n + 1) + frame[0];
}

static void stack_overflow(void) { deeper(0); }

/* A trap with sp in the kernel's half: the kernel must neither trust nor use it. */
static void kernel_stack(void) {
  asm volatile("mv sp, %0\n sb zero, 0(sp)" ::"r"(KERNEL_ADDRESS) : "memory");
}

static const struct way {
  const char* name;
  void (*run)(void);
  int signal;
} ways[] = {
    {"null-read", null_read, SIGSEGV},
    {"null-write", null_write, SIGSEGV},
    {"null-call", null_call, SIGSEGV},
    {"kernel-read", kernel_read, SIGSEGV},
    {"kernel-write", kernel_write, SIGSEGV},
    {"kernel-call", kernel_call, SIGSEGV},
    {"noncanonical-read", far_read, SIGSEGV},
    {"noncanonical-write", far_write, SIGSEGV},
    {"noncanonical-call", far_call, SIGSEGV},
    {"unmapped-read", unmapped_read, SIGSEGV},
    {"unmapped-write", unmapped_write, SIGSEGV},
    {"text-write", text_write, SIGSEGV},
    {"rodata-write", constant_write, SIGSEGV},
    {"rodata-exec", constant_call, SIGSEGV},
    {"data-exec", data_call, SIGSEGV},
    {"stack-exec", stack_call, SIGSEGV},
    {"stack-overflow", stack_overflow, SIGSEGV},
    {"kernel-stack", kernel_stack, SIGSEGV},
    {"illegal", illegal, SIGILL},
    {"csr-read", read_sstatus, SIGILL},
    {"csr-write", write_satp, SIGILL},
    {"sret", supervisor_return, SIGILL},
    {"ebreak", breakpoint, SIGTRAP},
    {"misaligned-amo", odd_atomic, SIGBUS},
    {"abort", abort, SIGABRT},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/* Returns the wait status of a child that ended in this way. */
static int try(const struct way* way) {
  pid_t pid = fork();
  if (pid == 0) {
    way->run();
    _exit(0); /* it survived */
  }
  int status = -1;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) perror("crash");
  return status;
}

static int try_all(void) {
  int failures = 0;
  printf("%-20s %-9s %-9s\n", "WAY", "EXPECTED", "DIED BY");
  for (const struct way* way = ways; way < ways + WAYS; way++) {
    int status = try(way);
    int good = WIFSIGNALED(status) && WTERMSIG(status) == way->signal;
    const char* got = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "survived";
    printf("%-20s %-9s %-9s %s\n", way->name, strsignal(way->signal), got, good ? "ok" : "WRONG");
    failures += !good;
  }
  printf("crash: %s\n", failures == 0 ? "PASS" : "FAIL");
  return failures == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 1) return try_all();
  for (const struct way* way = ways; way < ways + WAYS; way++) {
    if (strcmp(way->name, argv[1]) != 0) continue;
    way->run();
    printf("crash: survived %s\n", way->name);
    return 1;
  }
  fprintf(stderr, "usage: crash [WAY], one of");
  for (const struct way* way = ways; way < ways + WAYS; way++) fprintf(stderr, " %s", way->name);
  fprintf(stderr, "\n");
  return 2;
}
