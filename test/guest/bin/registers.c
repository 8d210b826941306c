/* Registers across system calls, switches and fork: the 31 of the integers, the 32 of floating
 * point and fcsr. */
#include "tap.h"

/* A table of all registers that a call must not change. x0 is constant, a0 is the result; 2..31
 * without 10. */
struct integers {
  uint64_t x[32];
};

/*
 * Loads every register from `in`, makes the system call that `in` has in a7, stores every register
 * to `out`. sp, gp and tp get values of their own as well: the kernel may not rely on them. The two
 * pointers stay in memory.
 */
void all_registers(const struct integers* in, struct integers* out);
asm(".text\n"
    ".balign 4\n"
    "all_registers:\n"
    "  addi sp, sp, -128\n"
    "  sd ra, 0(sp); sd s0, 8(sp); sd s1, 16(sp); sd s2, 24(sp); sd s3, 32(sp); sd s4, 40(sp)\n"
    "  sd s5, 48(sp); sd s6, 56(sp); sd s7, 64(sp); sd s8, 72(sp); sd s9, 80(sp); sd s10, 88(sp)\n"
    "  sd s11, 96(sp); sd gp, 104(sp); sd tp, 112(sp); sd a1, 120(sp)\n"
    "  lla t0, registers_saved_sp\n"
    "  sd sp, 0(t0)\n"
    "  mv x31, a0\n"
    "  .irp n, "
    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  ld x\\n, 8*\\n(x31)\n"
    "  .endr\n"
    "  ecall\n"
    "  sd x31, registers_spare, x30\n" /* needs a register: x30 is checked by the second run */
    "  lla x31, registers_saved_sp\n"
    "  ld x31, 0(x31)\n"
    "  ld x31, 120(x31)\n"
    "  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
    "  sd x\\n, 8*\\n(x31)\n"
    "  .endr\n"
    "  mv a1, x31\n"
    "  ld t0, registers_spare\n"
    "  sd t0, 8*31(a1)\n"
    "  lla t0, registers_saved_sp\n"
    "  ld sp, 0(t0)\n"
    "  ld ra, 0(sp); ld s0, 8(sp); ld s1, 16(sp); ld s2, 24(sp); ld s3, 32(sp); ld s4, 40(sp)\n"
    "  ld s5, 48(sp); ld s6, 56(sp); ld s7, 64(sp); ld s8, 72(sp); ld s9, 80(sp); ld s10, 88(sp)\n"
    "  ld s11, 96(sp); ld gp, 104(sp); ld tp, 112(sp)\n"
    "  addi sp, sp, 128\n"
    "  ret\n");
uint64_t registers_saved_sp, registers_spare;

static void fill(struct integers* in, uint64_t seed, long call) {
  for (int i = 0; i < 32; i++) in->x[i] = tap_random(&seed);
  in->x[17] = (uint64_t)call;
}

static void compare(const struct integers* in, const struct integers* out) {
  for (int i = 1; i < 32; i++) {
    if (i == 10 || i == 30) continue; /* the result; the scratch register of the test itself */
    if (in->x[i] != out->x[i]) tap_fail("x%d: expected %lx, got %lx", i, in->x[i], out->x[i]);
  }
}

static void survive_call(void) {
  static const long calls[] = {SYS_getpid, SYS_sched_yield, SYS_close, SYS_brk, 599, SYS_munmap};
  static struct integers in, out;
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    for (uint64_t round = 1; round <= 20; round++) {
      fill(&in, 77 * round + i, calls[i]);
      if (calls[i] == SYS_brk) in.x[10] = 0;
      all_registers(&in, &out);
      compare(&in, &out);
    }
  }
}

static void survive_fork(void) {
  static struct integers in, out;
  for (uint64_t round = 1; round <= 10; round++) {
    fill(&in, 1000 * round, SYS_clone);
    in.x[10] = SIGCHLD;
    in.x[11] = in.x[2]; /* the child's sp: the same garbage as the parent's */
    pid_t self = getpid();
    all_registers(&in, &out);
    compare(&in, &out);
    if (getpid() != self) _exit(out.x[10] == 0 ? 0 : 2);
    CHECK((long)out.x[10] > 0);
    ENDS((pid_t)out.x[10], 0);
  }
}

/* Registers while interrupts come: a loop over all of them that no call leaves, long enough for
 * many time slices. */
static void survive_interrupts(void) {
  pid_t rival = FORK();
  if (rival == 0) {
    for (;;) asm volatile("li s2, 1; li s3, 2; li t3, 3; li a5, 4" ::: "s2", "s3", "t3", "a5");
  }
  uint64_t stop = now_ns() + 200000000u, bad = 0;
  while (now_ns() < stop && bad == 0) {
    asm volatile(
        "li t0, 20000; li s2, 102; li s3, 103; li s4, 104; li s5, 105; li t3, 203; li t4, 204; li "
        "a5, 305\n"
        "1: addi t0, t0, -1; bnez t0, 1b\n"
        "addi s2, s2, -102; addi s3, s3, -103; addi s4, s4, -104; addi s5, s5, -105\n"
        "addi t3, t3, -203; addi t4, t4, -204; addi a5, a5, -305\n"
        "or %0, s2, s3; or %0, %0, s4; or %0, %0, s5; or %0, %0, t3; or %0, %0, t4; or %0, %0, a5\n"
        : "=r"(bad)::"t0", "s2", "s3", "s4", "s5", "t3", "t4", "a5");
  }
  EQUAL(bad, 0);
  EQUAL(kill(rival, SIGKILL), 0);
  ENDS(rival, -SIGKILL);
}

/* ---- Floating point ---- */

static void float_load(const double* from) {
  asm volatile(
      ".irp n, "
      "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
      "fld f\\n, 8*\\n(%0)\n"
      ".endr\n" ::"r"(from)
      : "memory");
}
static void float_store(double* to) {
  asm volatile(
      ".irp n, "
      "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
      "fsd f\\n, 8*\\n(%0)\n"
      ".endr\n" ::"r"(to)
      : "memory");
}
/* In assembly, so that the compiler puts nothing of its own into the registers in between. */
static void yield_raw(void) {
  asm volatile("li a7, %0\n ecall" ::"i"(SYS_sched_yield) : "a0", "a7", "memory");
}

static void float_rounds(double start, int rounds) {
  double in[32], out[32];
  for (int i = 0; i < 32; i++) in[i] = start + i * 0.25;
  for (int round = 0; round < rounds; round++) {
    unsigned mode = (unsigned)round % 5;
    asm volatile("fsrm %0" ::"r"(mode));
    float_load(in);
    for (int i = 0; i < 3; i++) yield_raw();
    float_store(out);
    unsigned kept;
    asm volatile("frrm %0\n fsrmi 0" : "=r"(kept));
    EQUAL(kept, mode);
    for (int i = 0; i < 32; i++) {
      if (in[i] != out[i]) tap_fail("round %d: f%d changed", round, i);
      in[i] += 1.0;
    }
  }
}

static void float_across_switches(void) {
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = FORK();
    if (children[i] == 0) {
      float_rounds(1000.0 * (i + 1), 300);
      _exit(0);
    }
  }
  float_rounds(-5.0, 300);
  for (int i = 0; i < 4; i++) ENDS(children[i], 0);
}

static void float_across_fork(void) {
  double in[32], out[32];
  for (int i = 0; i < 32; i++) in[i] = 3.5 * i - 7;
  pid_t self = getpid();
  fflush(NULL);
  float_load(in);
  asm volatile("fsrmi 2");
  register long a0 asm("a0") = SIGCHLD;
  register long a1 asm("a1") = 0;
  register long a7 asm("a7") = SYS_clone;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
  long child = a0;
  float_store(out);
  unsigned mode;
  asm volatile("frrm %0\n fsrmi 0" : "=r"(mode));
  EQUAL(mode, 2);
  for (int i = 0; i < 32; i++) {
    if (in[i] != out[i]) tap_fail("f%d is not what it was before fork", i);
  }
  if (getpid() != self) {
    CHECK(child == 0);
    float_rounds(50.0, 20);
    _exit(0);
  }
  CHECK(child > 0);
  float_rounds(60.0, 20);
  ENDS((pid_t)child, 0);
}

/* A new program must not find what the old one computed. */
static int show_float(void) {
  double out[32];
  float_store(out);
  uint64_t bits[32];
  memcpy(bits, out, sizeof bits);
  for (int i = 0; i < 32; i++) {
    if (bits[i] != 0) return 1 + i;
  }
  return 0;
}

static void float_after_exec(void) {
  pid_t child = FORK();
  if (child == 0) {
    float_rounds(9.0, 2);
    char* argv[] = {"registers", "--float", NULL};
    execve("/test/registers", argv, environ);
    tap_fail("execve: %s", strerror(errno));
  }
  ENDS(child, 0);
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--float") == 0) return show_float();
  tap_begin("registers");
  RUN("all integer registers survive a system call, sp, gp and tp among them", survive_call);
  RUN("all integer registers survive fork, in parent and child", survive_fork);
  RUN("registers survive timer interrupts and another process", survive_interrupts);
  RUN("five processes keep their own floating-point registers across switches",
      float_across_switches);
  RUN("the child of fork has the parent's floating-point registers", float_across_fork);
  RUN("a new program starts with floating-point registers of zeros", float_after_exec);
  return tap_end();
}
