/* Every way in which a program can hurt itself ends it with the right signal, and nothing else
 * notices. */
#include "tap.h"

#define NON_CANONICAL 0x0000800000000000ul /* bits 63..39 are not copies of bit 38 */
#define UNMAPPED 0x20000000ul

static void load(uintptr_t address) {
  asm volatile("lb t0, 0(%0)" ::"r"(address) : "t0", "memory");
}
static void store(uintptr_t address) { asm volatile("sb zero, 0(%0)" ::"r"(address) : "memory"); }
static void jump(uintptr_t address) { asm volatile("jalr %0" ::"r"(address) : "ra", "memory"); }

static uint32_t code_in_data[2] __attribute__((aligned(8))) = {0x00008067, 0x00008067}; /* ret */
static const uint32_t code_in_constants = 0x00008067;
static uint64_t words[4] __attribute__((aligned(64)));

static void null_read(void) { load(0); }
static void null_write(void) { store(0); }
static void null_call(void) { jump(0); }
static void first_page(void) { load(0xfff8); }
static void kernel_read(void) { load(KERNEL); }
static void kernel_write(void) { store(KERNEL); }
static void kernel_call(void) { jump(KERNEL); }
static void direct_map_read(void) { load(0xffffffc080000000ul); }
static void stack_window_write(void) { store(0xffffffffc0007000ul); }
static void last_byte(void) { store(~0ul); } /* in the page that handlers return to */
static void top_read(void) { load(USER_TOP); }
static void top_call(void) { jump(USER_TOP - 2); }
static void far_read(void) { load(NON_CANONICAL); }
static void far_write(void) { store(NON_CANONICAL); }
static void far_call(void) { jump(NON_CANONICAL); }
static void unmapped_read(void) { load(UNMAPPED); }
static void unmapped_write(void) { store(UNMAPPED); }
static void unmapped_call(void) { jump(UNMAPPED); }
static void device_write(void) { store(0x10000000ul); }
static void text_write(void) { store((uintptr_t)load); }
static void constant_write(void) { store((uintptr_t)&code_in_constants); }
static void data_call(void) { jump((uintptr_t)code_in_data); }
static void constant_call(void) { jump((uintptr_t)&code_in_constants); }
static void stack_call(void) {
  volatile uint32_t code[2] = {0x00008067, 0x00008067};
  jump((uintptr_t)code);
}

static void illegal(void) { asm volatile(".word 0"); }
static void illegal_float(void) {
  asm volatile(
      "fmv.d.x f0, zero"); /* the first use is no fault; the next one, of no instruction, is */
  asm volatile(".word 0xffffffff");
}
static void breakpoint(void) { asm volatile("ebreak"); }
static void csr_read(void) { asm volatile("csrr t0, sstatus" ::: "t0"); }
static void csr_write(void) { asm volatile("csrw satp, zero"); }
static void supervisor_return(void) { asm volatile("sret"); }
static void fence_vma(void) { asm volatile("sfence.vma"); }
/* A hart may do it all the same (Zama16b); then it does it right. */
static void odd_amo(void) {
  words[0] = 0x0102030405060708;
  asm volatile("amoadd.w t0, %1, (%0)" ::"r"((uintptr_t)words + 1), "r"(0x10) : "t0", "memory");
  if (words[0] == 0x0102030405061708) kill(getpid(), SIGBUS);
}
static void odd_lr(void) {
  asm volatile("lr.d t0, (%0)" ::"r"((uintptr_t)words + 4) : "t0", "memory");
}
static void amo_unmapped(void) {
  asm volatile("amoadd.w t0, zero, (%0)" ::"r"(UNMAPPED) : "t0", "memory");
}
static void amo_constant(void) {
  asm volatile("amoadd.w t0, zero, (%0)" ::"r"((uintptr_t)&code_in_constants) : "t0", "memory");
}

static __attribute__((noinline)) int deeper(int n) {
  volatile char frame[256];
  frame[0] = (char)n;
  return n < 0 ? 0 : deeper(n + 1) + frame[0];
}
static void stack_overflow(void) { deeper(0); }
/* Traps with sp where the kernel must neither trust nor use it. */
static void kernel_sp(void) { asm volatile("mv sp, %0\n sb zero, 0(sp)" ::"r"(KERNEL) : "memory"); }
static void zero_sp(void) { asm volatile("mv sp, zero\n ebreak"); }
static void kernel_tp(void) { asm volatile("mv tp, %0\n mv gp, %0\n ebreak" ::"r"(KERNEL)); }

static const struct way {
  const char* what;
  void (*run)(void);
  int signal;
} ways[] = {
    {"reading address 0 is SIGSEGV", null_read, SIGSEGV},
    {"writing address 0 is SIGSEGV", null_write, SIGSEGV},
    {"calling address 0 is SIGSEGV", null_call, SIGSEGV},
    {"reading just below USER_BASE is SIGSEGV", first_page, SIGSEGV},
    {"reading the kernel is SIGSEGV", kernel_read, SIGSEGV},
    {"writing the kernel is SIGSEGV", kernel_write, SIGSEGV},
    {"calling the kernel is SIGSEGV", kernel_call, SIGSEGV},
    {"reading the direct map is SIGSEGV", direct_map_read, SIGSEGV},
    {"writing a kernel stack is SIGSEGV", stack_window_write, SIGSEGV},
    {"writing the last byte of all is SIGSEGV", last_byte, SIGSEGV},
    {"reading at USER_TOP is SIGSEGV", top_read, SIGSEGV},
    {"calling just below USER_TOP is SIGSEGV", top_call, SIGSEGV},
    {"reading a non-canonical address is SIGSEGV", far_read, SIGSEGV},
    {"writing a non-canonical address is SIGSEGV", far_write, SIGSEGV},
    {"calling a non-canonical address is SIGSEGV", far_call, SIGSEGV},
    {"reading what is not mapped is SIGSEGV", unmapped_read, SIGSEGV},
    {"writing what is not mapped is SIGSEGV", unmapped_write, SIGSEGV},
    {"calling what is not mapped is SIGSEGV", unmapped_call, SIGSEGV},
    {"writing at a device's physical address is SIGSEGV", device_write, SIGSEGV},
    {"writing to code is SIGSEGV", text_write, SIGSEGV},
    {"writing to constants is SIGSEGV", constant_write, SIGSEGV},
    {"executing data is SIGSEGV", data_call, SIGSEGV},
    {"executing constants is SIGSEGV", constant_call, SIGSEGV},
    {"executing the stack is SIGSEGV", stack_call, SIGSEGV},
    {"an endless recursion is SIGSEGV", stack_overflow, SIGSEGV},
    {"a trap with sp in the kernel's half is SIGSEGV", kernel_sp, SIGSEGV},
    {"a trap with sp 0 is only the trap", zero_sp, SIGTRAP},
    {"a trap with tp and gp in the kernel's half is only the trap", kernel_tp, SIGTRAP},
    {"an illegal instruction is SIGILL", illegal, SIGILL},
    {"an illegal instruction of a program that uses floating point is SIGILL", illegal_float,
     SIGILL},
    {"reading sstatus is SIGILL", csr_read, SIGILL},
    {"writing satp is SIGILL", csr_write, SIGILL},
    {"sret is SIGILL", supervisor_return, SIGILL},
    {"sfence.vma is SIGILL", fence_vma, SIGILL},
    {"ebreak is SIGTRAP", breakpoint, SIGTRAP},
    {"a misaligned AMO is SIGBUS, or adds", odd_amo, SIGBUS},
    {"a misaligned LR is SIGBUS", odd_lr, SIGBUS},
    {"an AMO where nothing is mapped is SIGSEGV", amo_unmapped, SIGSEGV},
    {"an AMO on constants is SIGSEGV", amo_constant, SIGSEGV},
    {"abort is SIGABRT", abort, SIGABRT},
};

static const struct way* way;

static void try(void) {
  pid_t child = FORK();
  if (child == 0) {
    way->run();
    _exit(0); /* it survived */
  }
  ENDS(child, -way->signal);
}

/* Not a fault: QEMU, like most harts, does these in hardware or firmware. */
static void odd_load(void) {
  uint64_t value;
  words[0] = 0x1122334455667788u;
  words[1] = 0x99;
  asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"((uintptr_t)words + 1) : "memory");
  CHECK(value == 0x9911223344556677u);
}

static void a_hundred(void) {
  for (int i = 0; i < 100; i++) {
    pid_t child = FORK();
    if (child == 0) load(0);
    ENDS(child, -SIGSEGV);
  }
}

int main(void) {
  tap_begin("faults");
  for (way = ways; way < ways + sizeof ways / sizeof ways[0]; way++) RUN(way->what, try);
  RUN("a misaligned load works", odd_load);
  RUN("a hundred deaths leave nothing behind", a_hundred);
  return tap_end();
}
