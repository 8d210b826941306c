/*
 * A static program that is linked for no address (static PIE): it moves itself, as the start code
 * of a C library does. The relative relocations, found through the auxiliary vector and PT_DYNAMIC,
 * make its pointers true; then it looks whether they are, and whether the rest of the auxiliary
 * vector agrees. Not written for Tine: it runs on Linux as well. Ends with 0, or the number of the
 * check that failed.
 */
#include <elf.h>

#define CALL3(number, a, b, c)                                               \
  ({                                                                         \
    register long a0 asm("a0") = (long)(a);                                  \
    register long a1 asm("a1") = (long)(b);                                  \
    register long a2 asm("a2") = (long)(c);                                  \
    register long a7 asm("a7") = (number);                                   \
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory"); \
    a0;                                                                      \
  })

/* With larger pages, it also has data at a multiple of 64 KiB. */
#ifdef ALIGNMENT
static char* volatile aligned[2] __attribute__((aligned(65536))) = {(char*)aligned, (char*)aligned};
static int is_misaligned(void) { return (unsigned long)aligned[1] % 65536 != 0; }
#else
#define ALIGNMENT 4096
static int is_misaligned(void) { return 0; }
#endif

static long value = 7;
static long* volatile pointer = &value; /* the linker cannot know what this is */
static long zeros[2000];
static const char* volatile text = "a static program that moves itself\n";

/* sp is argc, argv, envp, auxv. The compiler may not be used to pointers in data before `move`. */
asm(".globl _start\n_start:\n  mv a0, sp\n  lla a1, _DYNAMIC\n  lla a2, _start\n  tail start\n");

static unsigned long find(const Elf64_auxv_t* aux, unsigned long type) {
  for (; aux->a_type != AT_NULL; aux++) {
    if (aux->a_type == type) return aux->a_un.a_val;
  }
  return 0;
}

static void move(const Elf64_Dyn* dynamic, unsigned long bias) {
  const Elf64_Rela* rela = 0;
  unsigned long size = 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    if (dynamic->d_tag == DT_RELA) rela = (const Elf64_Rela*)(dynamic->d_un.d_ptr + bias);
    if (dynamic->d_tag == DT_RELASZ) size = dynamic->d_un.d_val;
  }
  for (unsigned long i = 0; i < size / sizeof *rela; i++) {
    if (ELF64_R_TYPE(rela[i].r_info) == R_RISCV_RELATIVE)
      *(unsigned long*)(rela[i].r_offset + bias) = bias + (unsigned long)rela[i].r_addend;
  }
}

__attribute__((noreturn)) static void end(int status) {
  CALL3(94, status, 0, 0);
  __builtin_unreachable();
}

__attribute__((used, noreturn)) static void start(unsigned long* stack, const Elf64_Dyn* dynamic,
                                                  unsigned long entry) {
  unsigned long* at = stack + stack[0] + 2;
  while (*at++ != 0) {
  }
  const Elf64_auxv_t* aux = (const Elf64_auxv_t*)at;
  const Elf64_Phdr* headers = (const Elf64_Phdr*)find(aux, AT_PHDR);
  unsigned long bias = 0, count = find(aux, AT_PHNUM), is_dynamic = 0;
  for (unsigned long i = 0; i < count; i++) { /* the first segment has the headers, at 0 */
    if (headers[i].p_type == PT_DYNAMIC)
      bias = (unsigned long)dynamic - headers[i].p_vaddr, is_dynamic = 1;
  }
  if (!is_dynamic || bias == 0 || bias % ALIGNMENT != 0) end(1);
  move(dynamic, bias);
  if (*pointer != 7 || pointer != &value) end(2);
  if (find(aux, AT_ENTRY) != entry) end(3);
  if ((unsigned long)headers != bias + 64) end(4);
  if (find(aux, AT_BASE) != 0) end(5);
  for (int i = 0; i < 2000; i++) {
    if (zeros[i] != 0) end(6);
  }
  if (is_misaligned()) end(9);
  unsigned long heap = (unsigned long)CALL3(214, 0, 0, 0); /* brk: behind the program */
  if (heap < (unsigned long)(zeros + 2000)) end(7);
  if ((unsigned long)CALL3(214, heap + 8192, 0, 0) != heap + 8192) end(8);
  ((volatile char*)heap)[8191] = 1;
  long length = 0;
  while (text[length] != 0) length++;
  CALL3(64, 1, text, length);
  end(0);
}
