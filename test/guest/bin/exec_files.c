/* execve by path: what the new program finds, what it does not inherit, and every file that is no
 * program. */
#include "tap.h"

#define SELF "/test/exec_files"
#define FORGED "/tmp/exec_files.forged" /* programs made by hand */
#define CHARS_31 "0123456789012345678901234567890"

static void run(const char* path, char* const* argv, char* const* envp, int how) {
  pid_t child = FORK();
  if (child == 0) {
    execve(path, argv, envp);
    tap_fail("execve(%s): %s", path, strerror(errno));
  }
  ENDS(child, how);
}

/* ---- What a new program finds: run as `exec_files --show ...` ---- */

static char zeros[3 * 4096 + 100];

static int remark(const char* what) {
  printf("# in the new program: expected %s\n", what);
  return 1;
}

static int show(int argc, char** argv, char** envp) {
  static const char* const arguments[] = {"exec_files", "--show", "", "b c", CHARS_31 "and more"};
  if (argc != 5 || argv[5] != NULL) return remark("five arguments");
  for (int i = 0; i < 5; i++) {
    if (strcmp(argv[i], arguments[i]) != 0) return remark(arguments[i]);
  }
  long* stack = (long*)argv - 1;
  if (stack[0] != 5 || (uintptr_t)stack % 16 != 0)
    return remark("argc at a stack pointer that is aligned to 16");
  if (envp != argv + 6 || strcmp(envp[0], "A=1") != 0 || strcmp(envp[1], "EMPTY=") != 0 ||
      envp[2] != NULL) {
    return remark("the environment behind the arguments");
  }
  uint64_t found[64] = {0};
  for (uint64_t* pair = (uint64_t*)(envp + 3); pair[0] != AT_NULL; pair += 2) {
    if (pair[0] < 64) found[pair[0]] = pair[1];
  }
  if (found[AT_PAGESZ] != 4096 || found[AT_PHENT] != 56 || found[AT_PHNUM] == 0)
    return remark("AT_PAGESZ, AT_PHENT");
  if (found[AT_ENTRY] != USER_BASE || found[AT_CLKTCK] != 100) return remark("AT_ENTRY, AT_CLKTCK");
  if (found[AT_EXECFN] == 0 || strcmp((char*)found[AT_EXECFN], SELF) != 0)
    return remark("AT_EXECFN to be the path");
  if (found[AT_RANDOM] == 0) return remark("AT_RANDOM");
  if (found[AT_RANDOM] % 16 != 0) return remark("random bytes at a multiple of 16");
  for (size_t i = 0; i < sizeof zeros; i++) {
    if (zeros[i] != 0) return remark("a bss of zeros");
  }
  return 7;
}

static void stack_layout(void) {
  char* argv[] = {"exec_files", "--show", "", "b c", CHARS_31 "and more", NULL};
  char* envp[] = {"A=1", "EMPTY=", NULL};
  memset(zeros, 1, sizeof zeros); /* the old program's bss */
  run(SELF, argv, envp, 7);
}

/* Run without arguments: there is one, "", and the environment behind it is empty. */
static int show_nothing(int argc, char** argv, char** envp) {
  return argc == 1 && argv[1] == NULL && envp == argv + 2 && envp[0] == NULL ? 13 : 1;
}

static void null_vectors(void) {
  run(SELF, NULL, NULL, 13);
  char* none[] = {NULL};
  run(SELF, none, none, 13);
}

static void hello_elf(void) {
  run("/tmp/hello.elf", NULL, NULL, 0);
  pid_t child = FORK(); /* its 19 bytes, in a file this time */
  if (child == 0) {
    close(1);
    EQUAL(open("/tmp/exec_files.out", O_WRONLY | O_TRUNC), 1);
    execve("/tmp/hello.elf", NULL, NULL);
    _exit(1);
  }
  ENDS(child, 0);
  char text[32];
  int fd = open("/tmp/exec_files.out", O_RDONLY);
  EQUAL(read(fd, text, sizeof text), 19);
  EQUAL(memcmp(text, "Hello from execve!\n", 19), 0);
  close(open("/tmp/exec_files.out", O_WRONLY | O_TRUNC));
}

static int show_files(int closed, int kept) {
  char byte;
  if (read(closed, &byte, 1) != -1 || errno != EBADF) return 1;
  return read(kept, &byte, 1) == 1 && byte == 0 ? 9 : 2;
}

static void close_on_exec(void) {
  int closed = open("/dev/zero", O_RDONLY | O_CLOEXEC), kept = open("/dev/zero", O_RDONLY);
  char first[8], second[8];
  snprintf(first, sizeof first, "%d", closed);
  snprintf(second, sizeof second, "%d", kept);
  char* argv[] = {"exec_files", "--files", first, second, NULL};
  run(SELF, argv, environ, 9);
  char byte;
  EQUAL(read(closed, &byte, 1), 1); /* still open here */
}

/* Are there as many strings as the first two say, each its own number, and a 0 behind them? */
static int show_long(char** argv, char** envp) {
  int sizes[2] = {atoi(argv[2]), atoi(argv[3])};
  for (int i = 4; i < sizes[0]; i++)
    if (atoi(argv[i]) != i) return 1;
  if (argv[sizes[0]] || envp != argv + sizes[0] + 1) return 2;
  for (int i = 0; i < sizes[1]; i++)
    if (atoi(envp[i]) != i) return 3;
  return envp[sizes[1]] ? 4 : 12;
}

static void long_vectors(void) {
  enum { MOST = 2049 };
  static char text[MOST][8];
  static char *argv[MOST + 1], *envp[MOST + 1];
  static const int sizes[][2] = {{4, 0},     {5, MOST},  {MOST, 0},
                                 {511, 512}, {512, 511}, {MOST, MOST}};
  for (int i = 0; i < MOST; i++) snprintf(text[i], sizeof text[i], "%d", i);
  for (size_t row = 0; row < sizeof sizes / sizeof sizes[0]; row++) {
    char first[8], second[8];
    snprintf(first, sizeof first, "%d", sizes[row][0]);
    snprintf(second, sizeof second, "%d", sizes[row][1]);
    for (int i = 0; i < MOST; i++) argv[i] = envp[i] = text[i];
    argv[0] = "exec_files", argv[1] = "--long", argv[2] = first, argv[3] = second;
    argv[sizes[row][0]] = envp[sizes[row][1]] = NULL;
    run(SELF, argv, envp, 12);
  }
}

/* ---- What is refused ---- */

/* Linux's limits: 131,071 bytes a string; strings and pointers together a quarter of the stack. */
enum { LONGEST = 131071, QUARTER = TINE_STACK_SIZE / 4 };

static int show_length(char** argv) {
  return strlen(argv[2]) == LONGEST && argv[2][LONGEST - 1] == 'x' ? 11 : 1;
}

static void longest_string(void) {
  static char big[LONGEST + 2];
  memset(big, 'x', LONGEST + 1);
  char* argv[] = {"exec_files", "--length", big, NULL};
  ERROR(execve(SELF, argv, NULL), E2BIG);
  ERROR(execve(SELF, argv + 3, argv + 2), E2BIG);
  big[LONGEST] = 0;
  run(SELF, argv, NULL, 11);
}

static int show_many(int argc, char** argv) {
  for (int i = 2; i < argc; i++)
    if (strlen(argv[i]) != 31) return 1;
  return argc == atoi(argv[1] + 6) && argv[argc] == NULL ? 14 : 2;
}

static void quarter_of_the_stack(void) {
  enum { EACH = 32 + 8, MOST = QUARTER / EACH };
  static char* argv[MOST + 3];
  char count[32];
  for (int i = 0; i < MOST; i++) argv[i] = CHARS_31;
  argv[0] = "exec_files", argv[1] = count;
  int fits = MOST - 2; /* the path is shorter than two of them */
  snprintf(count, sizeof count, "--many%d", fits);
  argv[fits] = NULL;
  run(SELF, argv, NULL, 14);
  for (int i = fits; i < MOST + 2; i++) argv[i] = CHARS_31;
  ERROR(execve(SELF, argv, NULL), E2BIG);
  char* envp[] = {CHARS_31, CHARS_31, CHARS_31, CHARS_31, NULL};
  argv[fits] = NULL;
  ERROR(execve(SELF, argv, envp), E2BIG);
  static char* many[QUARTER / 8 + 2]; /* pointers alone are too many */
  for (size_t i = 0; i < sizeof many / 8 - 1; i++) many[i] = "";
  ERROR(execve(SELF, many, NULL), E2BIG);
  ERROR(execve(SELF, NULL, many), E2BIG);
}

/* Vectors and strings at odd addresses, and strings that end where the mapped memory does. */
static void odd_places(void) {
  char* pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && munmap(pages + 2 * PAGE, PAGE) == 0);
  static const char* const texts[] = {"exec_files", "--many3", CHARS_31};
  uint64_t vector[4] = {0};
  char* end = pages + 2 * PAGE;
  for (int i = 0; i < 3; i++) {
    end -= strlen(texts[i]) + 1;
    memcpy(end, texts[i], strlen(texts[i]) + 1);
    vector[i] = (uint64_t)end;
  }
  for (int shift = 0; shift < 8; shift++) {
    char* at = pages + PAGE - 12 - shift;
    memcpy(at, vector, sizeof vector);
    run(SELF, (char**)at, NULL, 14);
  }
  char* at = pages + 2 * PAGE - 16; /* the vector runs out of the memory */
  memcpy(at, vector, 16);
  ERROR(execve(SELF, (char**)at, NULL), EFAULT);
}

static void bad_paths(void) {
  static const struct {
    const char* path;
    int error;
  } rows[] = {{"/bin/nothing", ENOENT},
              {"", ENOENT},
              {"/bin", EACCES},
              {"/", EACCES},
              {"/dev/null", EACCES},
              {"/dev/console", EACCES},
              {"/bin/hello/x", ENOTDIR},
              {"/bin/hello/", ENOTDIR},
              {"/tmp/exec_files.out", EACCES}, /* not executable */
              {FORGED, ENOEXEC}};              /* empty */
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    errno = 0;
    int result = execve(rows[i].path, NULL, NULL);
    if (result != -1 || errno != rows[i].error) {
      tap_fail("%s: expected %s, got %s", rows[i].path, strerror(rows[i].error), strerror(errno));
    }
  }
  ERROR(execve(NULL, NULL, NULL), EFAULT);
  ERROR(execve(wild(KERNEL), NULL, NULL), EFAULT);
  ERROR(execve("/bin/hello", wild(8), NULL), EFAULT);
  ERROR(execve("/bin/hello", wild(KERNEL), NULL), EFAULT);
  ERROR(execve("/bin/hello", NULL, wild(-8ul)), EFAULT);
  char* bad_string[] = {"x", wild(KERNEL), NULL};
  ERROR(execve("/bin/hello", bad_string, NULL), EFAULT);
  ERROR(execve("/bin/hello", NULL, bad_string), EFAULT);
}

/* ---- Programs made by hand ---- */

static unsigned char image[32 << 10];
static size_t image_size;

static void put(size_t offset, size_t size, uint64_t value) {
  memcpy(image + offset, &value, size);
}
static uint64_t get(size_t offset, size_t size) {
  uint64_t value = 0;
  memcpy(&value, image + offset, size);
  return value;
}

static void read_hello(void) {
  int fd = open("/bin/hello.elf", O_RDONLY);
  image_size = (size_t)read(fd, image, sizeof image);
  close(fd);
  CHECK(image_size > 4096 && image_size < sizeof image);
}

static void write_image(size_t size) {
  int fd = open(FORGED, O_WRONLY | O_TRUNC);
  EQUAL(write(fd, image, size), size);
  close(fd);
}

/* Executes FORGED in a child without a voice. Answers its errno, or -1 when it ran and ended
 * somehow. */
static int outcome(void) {
  pid_t child = FORK();
  if (child == 0) {
    uint64_t check = 0x5555;
    for (int fd = 0; fd < 3; fd++) close(fd);
    for (int fd = 0; fd < 3; fd++) open("/dev/null", O_RDWR);
    execve(FORGED, NULL, NULL);
    struct tine_process_info info;
    if (!tap_info(getpid(), &info) || strcmp(info.name, "exec_files") != 0 || check != 0x5555)
      _exit(99);
    _exit(100 + errno);
  }
  int status = -1;
  for (int i = 0; i < 400; i++) { /* it may have become an endless loop */
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) {
      if (status == 99 << 8) tap_fail("the caller of a failed execve has changed");
      return WIFEXITED(status) && WEXITSTATUS(status) > 100 ? WEXITSTATUS(status) - 100 : -1;
    }
    if (i > 20) sleep_ms(5);
    sched_yield();
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return -1;
}

static void truncated(void) {
  static const size_t sizes[] = {0, 1, 4, 16, 63, 64, 65, 119, 120, 176, 231};
  read_hello();
  CHECK(64 + 56 * get(56, 2) > 231);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    write_image(sizes[i]);
    int error = outcome();
    if (error != ENOEXEC) tap_fail("%lu bytes: expected ENOEXEC, got %d", sizes[i], error);
  }
  write_image(4096); /* its code is missing: it is run, and finds that out */
  EQUAL(outcome(), -1);
  write_image(image_size);
  EQUAL(outcome(), -1);
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

/* Where the n-th LOAD header is in the file. */
static size_t load_header(int n) {
  for (size_t i = 0; i < get(56, 2); i++) {
    if (get(64 + 56 * i, 4) == 1 && n-- == 0) return 64 + 56 * i;
  }
  tap_fail("hello.elf has too few segments");
}

enum { FLAGS = 4, OFFSET = 8, ADDRESS = 16, FILE_SIZE = 32, MEMORY_SIZE = 40, HEADER = -1 };

static void forged(void) {
  static const struct {
    const char* what;
    int segment; /* whose header is changed, or HEADER: the file's */
    size_t at, size;
    uint64_t value;
  } rows[] = {
      {"no magic", HEADER, 0, 4, 0},
      {"32 bits", HEADER, 4, 1, 1},
      {"memory dump", HEADER, 16, 2, 4},
      {"x86-64", HEADER, 18, 2, 62},
      {"headers behind the end", HEADER, 32, 8, 1 << 20},
      {"headers that wrap", HEADER, 32, 8, ~0ul - 8},
      {"headers of 32 bytes", HEADER, 54, 2, 32},
      {"no headers", HEADER, 56, 2, 0},
      {"65535 headers", HEADER, 56, 2, 65535},
      {"an interpreter's name without an end", 2, 0, 4, 3},
      {"more file than memory, to the end of addresses", 1, FILE_SIZE, 8, ~0ul},
      {"address 0", 0, ADDRESS, 8, 0},
      {"kernel address", 1, ADDRESS, 8, KERNEL & ~0xfffffful},
      {"non-canonical address", 1, ADDRESS, 8, 1ul << 47},
      {"address at the top", 2, ADDRESS, 8, USER_TOP},
      {"address that wraps", 2, ADDRESS, 8, -4096ul},
      {"size that wraps", 2, MEMORY_SIZE, 8, ~0ul},
      {"size that wraps to little", 2, MEMORY_SIZE, 8, -0x400000ul},
      {"size of the whole half", 2, MEMORY_SIZE, 8, 1ul << 38},
      {"more file than memory", 1, MEMORY_SIZE, 8, 1},
      {"offset that wraps", 1, OFFSET, 8, -4096ul},
      {"offset out of step with the address", 1, OFFSET, 8, 0x1001},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    read_hello();
    put((rows[i].segment == HEADER ? 0 : load_header(rows[i].segment)) + rows[i].at, rows[i].size,
        rows[i].value);
    write_image(image_size);
    int error = outcome();
    if (error != ENOEXEC) tap_fail("%s: expected ENOEXEC, got %d", rows[i].what, error);
  }
  read_hello(); /* a segment on the stack, wherever in its last GiB the kernel puts that */
  put(load_header(2) + ADDRESS, 8, USER_TOP - (1ul << 30) - 8192);
  put(load_header(2) + FLAGS, 4, 6);
  put(load_header(2) + MEMORY_SIZE, 8, 1ul << 30);
  write_image(image_size);
  EQUAL(outcome(), EEXIST);
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

#define NO_PROGRAM "/tmp/exec_files.text" /* executable, and no ELF file */

/* hello.elf, with the path of an interpreter behind its end. */
static void build_dynamic(const char* interpreter, size_t size) {
  read_hello();
  CHECK(image_size + size <= sizeof image);
  memcpy(image + image_size, interpreter, size);
  put(load_header(2) + OFFSET, 8, image_size);
  put(load_header(2) + FILE_SIZE, 8, size);
  put(load_header(2), 4, 3); /* PT_INTERP */
  write_image(image_size + size);
}

/* An interpreter is mapped by the wing linux. Without it, a program that wants one is refused. */
static int told_by_wing(int error) { return syscall(SYS_getuid) == -1 ? ENOEXEC : error; }

static void interpreters(void) {
  static const struct {
    const char* path;
    int error;
  } rows[] = {{"/bin/nothing", ENOENT}, {"/bin/hello/x", ENOTDIR},       {"/bin", EACCES},
              {"/dev/null", EACCES},    {"/tmp/exec_files.out", EACCES}, /* not executable */
              {NO_PROGRAM, ELIBBAD}};
  char text[100] = "#!/bin/hello\n"; /* a script is no interpreter either */
  int fd = open(NO_PROGRAM, O_WRONLY | O_CREAT, 0755);
  EQUAL(write(fd, text, sizeof text), sizeof text);
  close(fd);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    build_dynamic(rows[i].path, strlen(rows[i].path) + 1);
    int error = outcome();
    int expected = told_by_wing(rows[i].error);
    if (error != expected) {
      tap_fail("%s: expected %s, got %s", rows[i].path, strerror(expected), strerror(error));
    }
  }
  build_dynamic(NO_PROGRAM, sizeof NO_PROGRAM);
  fd = open(NO_PROGRAM, O_WRONLY); /* it may change */
  EQUAL(outcome(), told_by_wing(ETXTBSY));
  close(fd);
  build_dynamic("/bin/hello", 10); /* without the 0 */
  EQUAL(outcome(), ENOEXEC);
  build_dynamic("/bin/hello", 1);
  EQUAL(outcome(), ENOEXEC);
  EQUAL(unlink(NO_PROGRAM), 0);
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

/* Random damage to the headers: the kernel refuses the file, or a program runs and ends by itself.
 */
static void mutations(void) {
  uint64_t seed = 20240101;
  int ran = 0, refused = 0;
  for (int i = 0; i < 320; i++) {
    read_hello();
    int changes = 1 + (int)(tap_random(&seed) >> 60) % 4;
    for (int c = 0; c < changes; c++) {
      uint64_t random = tap_random(&seed);
      size_t at = random % (64 + 56 * get(56, 2) < 1024 ? 64 + 56 * get(56, 2) : 1024);
      if (random >> 62 == 0 && at >= 4) {
        put(at & ~7ul, 8, tap_random(&seed) >> (random >> 32) % 64);
      } else {
        image[at < 4 && i % 8 ? at + 16 : at] ^= (unsigned char)(1 << (random >> 40) % 8);
      }
    }
    write_image(image_size);
    int error = outcome();
    if (error == -1) ran++;
    if (error != -1) refused++;
    if (error != -1 && error != ENOEXEC && error != ENOMEM && error != EEXIST) {
      tap_fail("mutation %d: expected ENOEXEC, got %s", i, strerror(error));
    }
  }
  printf("# %d ran, %d were refused\n", ran, refused);
  CHECK(ran > 20 && refused > 20);
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

/* A program that looks for a byte that is not 0 between two addresses, and ends with 1 if there is
 * one. */
extern const unsigned char zero_finder[], zero_finder_end[];
asm(".section .rodata\n"
    ".option push\n .option norelax\n .option norvc\n .balign 8\n"
    "zero_finder:\n"
    "  auipc t0, 0\n"
    "  ld t1, 48(t0)\n" /* the two addresses lie behind the code */
    "  ld t2, 56(t0)\n"
    "  li a0, 0\n"
    "3: bgeu t1, t2, 4f\n"
    "  lbu t3, 0(t1)\n"
    "  addi t1, t1, 1\n"
    "  beqz t3, 3b\n"
    "  li a0, 1\n"
    "4: li a7, 94\n"
    "  ecall\n"
    "  .balign 8\n"
    "zero_finder_end:\n"
    ".option pop\n .text\n");

enum { CODE = 120, FIXED = 2, INDEPENDENT = 3 };

/* A program of one segment, [base, base + memory_size), whose entry is `code`. */
static void build(int type, uint64_t base, const unsigned char* code, size_t length,
                  uint64_t file_size, uint64_t memory_size) {
  read_hello();
  uint64_t flags = get(48, 4);
  memset(image + 64, 0xaa, sizeof image - 64);
  put(16, 2, (uint64_t)type);
  put(24, 8, base + CODE);
  put(32, 8, 64);
  put(48, 4, flags);
  put(56, 2, 1);
  const uint64_t header[] = {1ul | 7ul << 32, 0, base, base, file_size, memory_size, 4096};
  put(52, 2, 64);
  put(54, 2, 56);
  memcpy(image + 64, header, sizeof header);
  memcpy(image + CODE, code, length);
}

static void build_finder(uint64_t file_size, uint64_t memory_size) {
  const uint64_t base = 0x100000;
  size_t length = (size_t)(zero_finder_end - zero_finder);
  build(FIXED, base, zero_finder, length, file_size, memory_size);
  put(CODE + length, 8, base + file_size);
  put(CODE + length + 8, 8, base + memory_size);
  write_image(20000);
}

/* A program that ends with 1 if any register but sp, integer or floating point, is not 0. */
extern const unsigned char zero_registers[], zero_registers_end[];
asm(".section .rodata\n"
    ".option push\n .option norelax\n .option norvc\n .balign 8\n"
    "zero_registers:\n"
    ".irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  or x1, x1, x\\n\n"
    ".endr\n"
    ".irp n, "
    "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  fmv.x.d x3, f\\n\n"
    "  or x1, x1, x3\n"
    ".endr\n"
    "  frcsr x3\n"
    "  or x1, x1, x3\n"
    "  snez a0, x1\n"
    "  li a7, 94\n"
    "  ecall\n"
    "zero_registers_end:\n"
    ".option pop\n .text\n");

static void registers(void) {
  size_t length = (size_t)(zero_registers_end - zero_registers);
  for (int type = FIXED; type <= INDEPENDENT; type++) {
    build(type, type == FIXED ? 0x100000 : 0, zero_registers, length, 4096, 4096);
    write_image(4096);
    pid_t child = FORK();
    if (child == 0) {
      asm volatile("fcvt.d.l f8, sp\n fcvt.d.l f31, sp\n frflags t0\n fsflags sp" ::: "t0");
      execve(FORGED, NULL, NULL);
      _exit(99);
    }
    ENDS(child, 0);
  }
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

static void zero_to_the_byte(void) {
  static const uint64_t file_sizes[] = {200, 201, 4088, 4095, 4096, 4097, 5000, 8191, 8192, 8193};
  static const uint64_t more[] = {0, 1, 7, 4096, 10000};
  for (size_t f = 0; f < sizeof file_sizes / sizeof file_sizes[0]; f++) {
    for (size_t m = 0; m < sizeof more / sizeof more[0]; m++) {
      build_finder(file_sizes[f], file_sizes[f] + more[m]);
      run(FORGED, NULL, NULL, 0);
    }
  }
  build_finder(200, 300);
  put(CODE + (size_t)(zero_finder_end - zero_finder), 8,
      0x100000 + 199); /* and it would find one */
  write_image(20000);
  run(FORGED, NULL, NULL, 1);
  close(open(FORGED, O_WRONLY | O_TRUNC));
}

int main(int argc, char** argv, char** envp) {
  if (argc > 0 && argv[0][0] == 0) return show_nothing(argc, argv, envp);
  if (argc > 1 && strcmp(argv[1], "--show") == 0) return show(argc, argv, envp);
  if (argc > 3 && strcmp(argv[1], "--files") == 0) return show_files(atoi(argv[2]), atoi(argv[3]));
  if (argc > 2 && strcmp(argv[1], "--length") == 0) return show_length(argv);
  if (argc > 2 && strncmp(argv[1], "--many", 6) == 0) return show_many(argc, argv);
  if (argc > 3 && strcmp(argv[1], "--long") == 0) return show_long(argv, envp);
  tap_begin("exec_files");
  make_file("/tmp/exec_files.out");
  close(open(FORGED, O_WRONLY | O_CREAT, 0755));
  RUN("argc, argv, envp and auxv lie on the stack as POSIX and Linux want them; bss is zero",
      stack_layout);
  RUN("every register but sp is 0, in fixed and in position-independent programs", registers);
  RUN("without arguments there is one, the empty string", null_vectors);
  RUN("/tmp/hello.elf runs and prints its 19 bytes", hello_elf);
  RUN("descriptors marked close-on-exec are closed, others stay", close_on_exec);
  RUN("a string of 131,071 bytes arrives, a longer one is E2BIG", longest_string);
  RUN("strings and pointers may take a quarter of the stack, not more", quarter_of_the_stack);
  RUN("vectors and strings may lie anywhere, up to the last mapped byte", odd_places);
  RUN("vectors of several pages arrive whole, each with the 0 behind it", long_vectors);
  RUN("bad paths and pointers are refused, each with its error", bad_paths);
  RUN("a program whose headers are cut is ENOEXEC", truncated);
  RUN("foreign, overflowing and kernel-address programs are ENOEXEC", forged);
  RUN("an interpreter that is missing, may not be executed or is no program is told", interpreters);
  RUN("320 random mutations are refused, or run and end; the caller goes on unchanged", mutations);
  RUN("behind the file's bytes a segment is zero, to the byte", zero_to_the_byte);
  return tap_end();
}
