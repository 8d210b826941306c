/*
 * Scripts, a part of the wing `linux`: what "#!" makes of the arguments, and every first line that
 * names no program. All of it was compared with Linux 6.18.
 */
#include "tap.h"

#define SHOW "/tmp/show" /* a link to this program: called so, it shows what it was called with */
#define SCRIPT "/tmp/script"

/* One line: each argument in brackets, long ones by their length; then name and AT_EXECFN. */
static int show(int argc, char** argv, char** envp) {
  char line[512];
  int length = 0;
  for (int i = 0; i < argc && length < 400; i++) {
    size_t size = strlen(argv[i]);
    length += size > 60 ? snprintf(line + length, sizeof line - length, "[%lu]", size)
                        : snprintf(line + length, sizeof line - length, "[%s]", argv[i]);
  }
  uint64_t* pair = (uint64_t*)envp;
  while (*pair++ != 0) {
  }
  while (pair[0] != AT_EXECFN) pair += 2;
  struct tine_process_info info;
  if (!tap_info(getpid(), &info)) return 1;
  printf("%s %s %s\n", line, info.name, (char*)pair[1]);
  return 0;
}

static void write_file(const char* path, const char* bytes, size_t size, mode_t mode) {
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  EQUAL(write(fd, bytes, size), size);
  close(fd);
}

/* Executes `path` in a child; answers its errno, or 0 and what it has printed. */
static int outcome(const char* path, char* output, size_t size) {
  static char* argv[] = {"zero", "a", "b c", NULL};
  int ends[2], status = -1;
  EQUAL(pipe2(ends, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup3(ends[1], 1, 0);
    close(ends[0]);
    close(ends[1]);
    execve(path, argv, environ);
    _exit(errno);
  }
  close(ends[1]);
  size_t length = 0;
  for (long got; (got = read(ends[0], output + length, size - 1 - length)) > 0;) length += got;
  output[length] = 0;
  close(ends[0]);
  EQUAL(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void prints(const char* path, const char* expected) {
  char output[512];
  int error = outcome(path, output, sizeof output);
  if (error != 0) tap_fail("%s: expected %s, got %s", path, expected, strerror(error));
  if (strcmp(output, expected) != 0) tap_fail("expected %s, got %s", expected, output);
}

static void fails(const char* path, int expected) {
  char output[512];
  int error = outcome(path, output, sizeof output);
  if (error != expected) {
    tap_fail("%s: expected %s, got %s %s", path, strerror(expected), strerror(error), output);
  }
}

#define LINE(bytes) write_file(SCRIPT, bytes, sizeof bytes - 1, 0755)
#define GIVES(arguments) prints(SCRIPT, arguments "[" SCRIPT "][a][b c] script " SCRIPT "\n")

static void one_argument(void) {
  LINE("#!" SHOW "\nand more\n");
  GIVES("[" SHOW "]");
  LINE("#! \t " SHOW "  x  y \t\nand more");
  GIVES("[" SHOW "][x  y]");
  LINE("#!" SHOW " -x\r\n");
  GIVES("[" SHOW "][-x\r]");
  unlink(SCRIPT);
}

static void no_newline(void) {
  LINE("#!" SHOW);
  GIVES("[" SHOW "]");
  LINE("#!" SHOW " arg");
  GIVES("[" SHOW "][arg]");
  LINE("#!" SHOW " ab\0cd\n");
  GIVES("[" SHOW "][ab]");
  unlink(SCRIPT);
}

/* A script of `size` bytes and nothing but 'x' behind `start`; `end` is the byte behind those. */
static void fill(const char* start, size_t size, char end) {
  char bytes[400];
  memset(bytes, 'x', sizeof bytes);
  memcpy(bytes, start, strlen(start));
  bytes[size] = end;
  write_file(SCRIPT, bytes, size + 1, 0755);
}

/* 256 bytes are looked at, and what fills the last one is no part of an argument. */
static void long_lines(void) {
  static const size_t sizes[] = {254, 255, 256, 399};
  static const int lengths[] = {242, 243, 243, 243};
  char expected[200];
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    fill("#!" SHOW " ", sizes[i], '\n');
    snprintf(expected, sizeof expected, "[" SHOW "][%d][" SCRIPT "][a][b c] script " SCRIPT "\n",
             lengths[i]);
    prints(SCRIPT, expected);
  }
  fill("#!/", 255, '\n'); /* a name of 253 bytes: there is no such file */
  fails(SCRIPT, ENOENT);
  fill("#!/", 255, ' ');
  fails(SCRIPT, ENOENT);
  fill("#!/", 256, '\n'); /* a longer one is not there whole */
  fails(SCRIPT, ENOEXEC);
  fill("#!/", 399, ' ');
  fails(SCRIPT, ENOEXEC);
  unlink(SCRIPT);
}

static void no_name(void) {
  static char blanks[300];
  LINE("#!\n");
  fails(SCRIPT, ENOEXEC);
  LINE("#!  \t\n" SHOW "\n");
  fails(SCRIPT, ENOEXEC);
  LINE(" #!" SHOW "\n");
  fails(SCRIPT, ENOEXEC);
  LINE("#");
  fails(SCRIPT, ENOEXEC);
  memset(blanks, ' ', sizeof blanks);
  blanks[0] = '#', blanks[1] = '!';
  write_file(SCRIPT, blanks, sizeof blanks, 0755);
  fails(SCRIPT, ENOEXEC);
  unlink(SCRIPT);
}

static void bad_programs(void) {
  LINE("#!/tmp/no_such_program\n");
  fails(SCRIPT, ENOENT);
  LINE("#!" SHOW "\r\n");
  fails(SCRIPT, ENOENT);
  LINE("#!" SHOW "/x\n");
  fails(SCRIPT, ENOTDIR);
  LINE("#!/tmp\n");
  fails(SCRIPT, EACCES);
  write_file("/tmp/script.plain", "x", 1, 0644);
  LINE("#!/tmp/script.plain\n");
  fails(SCRIPT, EACCES);
  write_file("/tmp/script.plain", "garbage", 7, 0755);
  fails(SCRIPT, ENOEXEC);
  unlink("/tmp/script.plain");
  write_file(SCRIPT, "#!" SHOW "\n", 3 + strlen(SHOW), 0644);
  fails(SCRIPT, EACCES);
  unlink(SCRIPT);
}

static void nested_name(char* path, int n) { snprintf(path, 20, "/tmp/script%d", n); }

/* Script n is read by script n - 1, and that of number 1 by `program`. */
static void nest(const char* program, int count) {
  char path[20], line[64], reader[64];
  snprintf(reader, sizeof reader, "%s", program);
  for (int n = 1; n <= count; n++) {
    nested_name(path, n);
    int length = snprintf(line, sizeof line, "#!%s l%d\n", reader, n);
    write_file(path, line, (size_t)length, 0755);
    snprintf(reader, sizeof reader, "%s", path);
  }
}

static void unnest(int count) {
  char path[20];
  for (int n = 1; n <= count; n++) nested_name(path, n), unlink(path);
}

static void nested(void) {
  nest(SHOW, 7);
  prints("/tmp/script2",
         "[" SHOW "][l1][/tmp/script1][l2][/tmp/script2][a][b c] script2 /tmp/script2\n");
  prints("/tmp/script5",
         "[" SHOW
         "][l1][/tmp/script1][l2][/tmp/script2][l3][/tmp/script3][l4][/tmp/script4][l5]"
         "[/tmp/script5][a][b c] script5 /tmp/script5\n");
  fails("/tmp/script6", ELOOP);
  fails("/tmp/script7", ELOOP);
  unnest(7);
}

static void nested_in_nothing(void) {
  nest("/tmp/no_such_program", 7);
  fails("/tmp/script5", ENOENT);
  fails("/tmp/script6", ENOENT); /* it is looked for before anybody counts */
  fails("/tmp/script7", ELOOP);
  unnest(7);
  LINE("#!" SCRIPT "\n");
  fails(SCRIPT, ELOOP);
  unlink(SCRIPT);
}

static int run_quietly(const char* path, char** argv) {
  int status = -1;
  pid_t child = FORK();
  if (child == 0) {
    close(1);
    open("/dev/null", O_WRONLY);
    execve(path, argv, NULL);
    _exit(errno);
  }
  EQUAL(waitpid(child, &status, 0), child);
  return status >> 8;
}

/* The strings that the script adds count like all others, those that go count no more. */
static void limit(void) {
  enum { QUARTER = TINE_STACK_SIZE / 4, EACH = 1024, COUNT = (QUARTER - 2048) / (EACH + 8) };
  static char text[EACH], last[4 * EACH];
  static char* argv[COUNT + 3];
  memset(text, 'x', EACH - 1);
  memset(last, 'x', sizeof last - 1);
  argv[0] = SHOW;
  for (int i = 1; i <= COUNT; i++) argv[i] = text;
  /* All of the program's arguments, its path and the pointers: to the last byte. */
  long left = QUARTER - COUNT * (long)EACH - (COUNT + 2) * 8 - (long)(2 * sizeof SHOW);
  char* fits = last + sizeof last - left;
  argv[COUNT + 1] = fits;
  EQUAL(run_quietly(SHOW, argv), 0);
  argv[COUNT + 1] = fits - 1;
  EQUAL(run_quietly(SHOW, argv), E2BIG);
  /* The script's path twice and its reader in place of the reader's path and argv[0]. */
  LINE("#!" SHOW "\n");
  fits += 2 * sizeof SCRIPT - sizeof SHOW;
  argv[COUNT + 1] = fits;
  EQUAL(run_quietly(SCRIPT, argv), 0);
  argv[COUNT + 1] = fits - 1;
  EQUAL(run_quietly(SCRIPT, argv), E2BIG);
  unlink(SCRIPT);
}

int main(int argc, char** argv, char** envp) {
  if (strcmp(argv[0], SHOW) == 0) return show(argc, argv, envp);
  symlink("/test/wing-linux-script", SHOW);
  tap_begin("wing-linux-script");
  RUN("what follows the program's name is one argument; the script's path and its own follow",
      one_argument);
  RUN("the first line needs no newline, and ends at a zero byte", no_newline);
  RUN("a long line cuts the argument, but never the program's name", long_lines);
  RUN("a first line without a name is ENOEXEC", no_name);
  RUN("a reader that is missing, a folder, not executable or no program", bad_programs);
  RUN("five scripts may read each other; the sixth is ELOOP", nested);
  RUN("a missing reader is found before the count; a script that reads itself is ELOOP",
      nested_in_nothing);
  RUN("arguments that fit only without the script's are E2BIG", limit);
  unlink(SHOW);
  return tap_end();
}
