/* The wing `linux`: the names in /dev that programs know from Linux, for root and for a user. */
#include "credentials.h"

static void says(int fd, const char* text) {
  EQUAL(write(fd, text, strlen(text)), (long)strlen(text));
}

static void full_device(void) {
  unsigned char bytes[64];
  int full = open("/dev/full", O_RDWR | O_CREAT | O_TRUNC, 0644); /* as a shell opens it */
  CHECK(full >= 0);
  ERROR(write(full, "x", 1), ENOSPC);
  EQUAL(write(full, "", 0), 0);
  EQUAL(read(full, bytes, 64), 64);
  for (int i = 0; i < 64; i++) EQUAL(bytes[i], 0);
}

/* What stands for descriptors opens what they are, here a pipe and a file without a name. */
static void standard_links(void) {
  struct stat about;
  int ends[2];
  char byte = 0;
  if (stat("/proc/self", &about) != 0) return; /* the wing procfs is not there */
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup2(ends[1], 1);
    dup2(ends[0], 0);
    int out = open("/dev/stdout", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    says(out, "x");
    int in = open("/dev/stdin", O_RDONLY);
    EQUAL(read(in, &byte, 1), 1);
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", out);
    says(open(path, O_WRONLY), "y");
    EQUAL(read(0, &byte, 1), 1);
    CHECK(byte == 'y');
    _exit(0);
  }
  ENDS(child, 0);
  int fd = open("/dev/shm/gone", O_RDWR | O_CREAT, 0600);
  CHECK(fd >= 0);
  says(fd, "kept");
  EQUAL(unlink("/dev/shm/gone"), 0);
  char path[32], text[8];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = open(path, O_RDONLY);
  EQUAL(read(again, text, sizeof text), 4); /* with a position of its own */
  EQUAL(syscall(SYS_fchmod, fd, 0400), 0);
  if (syscall(SYS_geteuid) != 0) ERROR(open(path, O_RDWR), EACCES); /* asked anew */
  EQUAL(stat(path, &about), 0);
  EQUAL(about.st_size, 4);
}

static void terminal_is_roots(void) {
  ERROR(open("/dev/console", O_RDWR), EACCES);
  ERROR(open("/dev/tty", O_RDWR), EACCES);
  says(2, ""); /* an inherited descriptor still works */
}

static void all(void) {
  full_device();
  standard_links();
}
static void as_student(void) { as(STUDENT, all); }
static void terminal(void) {
  int fd = open("/dev/tty", O_RDWR);
  CHECK(fd >= 0);
  close(fd);
  as(STUDENT, terminal_is_roots);
}

int main(void) {
  tap_begin("wing-linux-devices");
  RUN("full, stdin, stdout, fd, shm", all);
  RUN("the same for a user", as_student);
  RUN("the terminal is its owner's", terminal);
  return tap_end();
}
