/* Forged signal frames: rt_sigreturn believes nothing. */
#include "signals.h"

/* Random bytes, 100,000 times. A program goes on from whatever the frame says: a forged frame may
 * do no more than the program could have done to its registers by itself. */
static void sigreturn_from(const void* frame) {
  asm volatile("mv sp, %0; li a7, %1; ecall" ::"r"(frame), "i"(SYS_rt_sigreturn) : "memory");
  __builtin_unreachable();
}
static uint64_t forge_seed = 0x666f726765;
static int rounds;
static struct tine_signal_frame forged __attribute__((aligned(16)));
static uintptr_t forged_sp; /* always the same: else each round would need more stack */

/* Random, but for what our own code needs to go on. */
static void forge(void) {
  uint64_t* words = (uint64_t*)&forged;
  for (size_t i = 0; i < sizeof forged / 8; i++) words[i] = tap_random(&forge_seed);
  forged.context.context.x[1] = forged_sp;
  asm("mv %0, gp" : "=r"(forged.context.context.x[2]));
}
static void after_forging(void) {
  sigset_t set;
  syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, NULL, &set, 8l);
  if (set & (set_of(SIGKILL) | set_of(SIGSTOP))) _exit(99);
  uint64_t word;
  asm volatile("frcsr %0" : "=r"(word));
  if (word > 0xff) _exit(98);
  for (;;) {
    if (rounds-- == 0) _exit(42);
    forge();
    forged.context.context.pc = (uintptr_t)after_forging;
    sigreturn_from(&forged);
  }
}
static void forged_good_pc(void) {
  rounds = 60000, forged_sp = (uintptr_t)__builtin_frame_address(0) - 4096;
  pid_t child = FORK();
  if (child == 0) after_forging();
  ENDS(child, 42);
}
static void forged_anything(void) {
  for (int i = 0; i < 400; i++) {
    pid_t child = FORK();
    if (child == 0) {
      forge_seed += (uint64_t)i;
      forge();
      if (i % 4 == 1) forged.context.context.pc = KERNEL;
      if (i % 4 == 2) forged.context.context.pc = ~0ul - 4095; /* the trampoline: once more */
      if (i % 4 == 3) forged.context.context.pc |= 1;
      sigreturn_from(&forged);
    }
    int status;
    EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
  }
}
/* SIGSEGV is caught, and its handler forges the next frame: 40,000 in one process. */
static void forge_again(int number) {
  (void)number;
  if (rounds-- == 0) _exit(42);
  forge();
  forged.context.mask = 0;
  /* Nearly every random pc faults; what is mapped is a tiny part of all addresses. */
  sigreturn_from(&forged);
}
static void forged_and_caught(void) {
  rounds = 40000, forged_sp = (uintptr_t)__builtin_frame_address(0) - 4096;
  pid_t child = FORK();
  if (child == 0) {
    const int all[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
    for (int i = 0; i < 4; i++) handle(all[i], forge_again, SA_NODEFER);
    forge_again(0);
  }
  ENDS(child, 42);
}
static void bad_frame_address(void) {
  const uintptr_t bad[] = {0, 8, UNMAPPED, KERNEL, USER_TOP - 8, ~0ul - 7};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    pid_t child = FORK();
    if (child == 0) sigreturn_from(wild(bad[i]));
    ENDS(child, -SIGSEGV);
  }
}

int main(void) {
  tap_begin("sigreturn");
  RUN("60,000 forged frames with a good pc change registers and nothing else", forged_good_pc);
  RUN("forged frames with a bad pc end the process", forged_anything);
  RUN("40,000 forged frames, each from the handler of the one before", forged_and_caught);
  RUN("a frame where nothing is ends the process by SIGSEGV", bad_frame_address);
  return tap_end();
}
