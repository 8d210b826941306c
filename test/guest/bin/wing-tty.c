/*
 * The wing `tty`: the console as a terminal with settings, as far as no keys are needed: reads
 * without lines that do not wait, or not for long, and the requests. (What is typed: the shell's
 * editor in test/guest/shell.cc.)
 */
#include "tap.h"

#include <termios.h>

static int console;
static struct termios before;

/* A console without lines, in which a read is content with `min` bytes and `tenths` of a second. */
static void without_lines(uint8_t min, uint8_t tenths) {
  console = open("/dev/console", O_RDWR);
  EQUAL(tcgetattr(console, &before), 0);
  struct termios modes = before;
  modes.c_lflag &= ~(uint32_t)(ICANON | ECHO);
  modes.c_cc[VMIN] = min;
  modes.c_cc[VTIME] = tenths;
  EQUAL(tcsetattr(console, TCSAFLUSH, &modes), 0);
}

static void reads_at_once(void) {
  char byte;
  without_lines(0, 0);
  EQUAL(read(console, &byte, 1), 0);
  EQUAL(fcntl(console, F_SETFL, O_NONBLOCK), 0);
  EQUAL(read(console, &byte, 1), 0);
  EQUAL(tcsetattr(console, TCSANOW, &before), 0);
  ERROR(read(console, &byte, 1), EAGAIN);
}

static void reads_with_a_time(void) {
  char byte;
  without_lines(0, 2);
  uint64_t start = now_ns();
  EQUAL(read(console, &byte, 1), 0);
  CHECK(now_ns() - start >= 200000000);
  EQUAL(tcsetattr(console, TCSANOW, &before), 0);
}

static void requests(void) {
  console = open("/dev/console", O_RDWR);
  int count = -1;
  EQUAL(ioctl(console, FIONREAD, &count), 0);
  EQUAL(count, 0);
  ERROR(ioctl(console, FIONREAD, NULL), EFAULT);
  EQUAL(tcflush(console, TCIFLUSH), 0);
  EQUAL(tcflush(console, TCOFLUSH), 0);
  EQUAL(tcflush(console, TCIOFLUSH), 0);
  ERROR(tcflush(console, 3), EINVAL);
  ERROR(tcflush(console, -1), EINVAL);
  EQUAL(ioctl(console, TCSBRK, 1), 0);
  EQUAL(tcgetattr(console, &before), 0);
  CHECK(before.c_cflag & B38400);
  EQUAL(tcsetattr(console, TCSAFLUSH, &before), 0);
  ERROR(tcsetattr(console, 3, &before), EINVAL);
  ERROR(ioctl(console, TCSETSF, wild(KERNEL)), EFAULT);
}

/* What is read or written at a bad address: at once, at its second byte, or at its last. */
static void bad_addresses(void) {
  static const unsigned long reading[] = {TCSETS, TCSETSW, TCSETSF, TIOCSWINSZ};
  static const unsigned long writing[] = {TCGETS, TIOCGWINSZ, FIONREAD};
  console = open("/dev/console", O_RDWR);
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EQUAL(munmap(page + 4096, 4096), 0);
  EQUAL(tcgetattr(console, &before), 0);
  memcpy(page + 4096 - sizeof before + 1, &before, sizeof before - 1);
  for (int i = 0; i < 4; i++) {
    ERROR(ioctl(console, reading[i], NULL), EFAULT);
    ERROR(ioctl(console, reading[i], wild(KERNEL)), EFAULT);
    ERROR(ioctl(console, reading[i], page + 4095), EFAULT);
  }
  ERROR(ioctl(console, TCSETS, page + 4096 - sizeof before + 1), EFAULT);
  ERROR(ioctl(console, TIOCSWINSZ, page + 4096 - 7), EFAULT);
  for (int i = 0; i < 3; i++) {
    ERROR(ioctl(console, writing[i], NULL), EFAULT);
    ERROR(ioctl(console, writing[i], wild(KERNEL)), EFAULT);
    ERROR(ioctl(console, writing[i], wild(8)), EFAULT);
    ERROR(ioctl(console, writing[i], page + 4095), EFAULT);
    ERROR(ioctl(console, writing[i], "read only"), EFAULT);
  }
  struct termios now;
  EQUAL(tcgetattr(console, &now), 0);
  CHECK(memcmp(&now, &before, sizeof now) == 0);
  ERROR(ioctl(console, 0, page), ENOTTY);
  ERROR(ioctl(console, ~0ul, page), ENOTTY);
}

static void window(void) {
  console = open("/dev/console", O_RDWR);
  struct winsize old, size, wanted = {.ws_row = 50, .ws_col = 132};
  EQUAL(ioctl(console, TIOCGWINSZ, &old), 0);
  CHECK(old.ws_row > 0 && old.ws_col > 0);
  EQUAL(ioctl(console, TIOCSWINSZ, &wanted), 0);
  EQUAL(ioctl(console, TIOCGWINSZ, &size), 0);
  EQUAL(size.ws_row, 50);
  EQUAL(size.ws_col, 132);
  ERROR(ioctl(console, TIOCSWINSZ, NULL), EFAULT);
  EQUAL(ioctl(console, TIOCSWINSZ, &old), 0);
}

int main(void) {
  tap_begin("wing-tty");
  RUN("with VMIN 0 and VTIME 0 a read does not wait", reads_at_once);
  RUN("with VMIN 0 and VTIME 2 a read waits for two tenths of a second", reads_with_a_time);
  RUN("TCFLSH, TCSBRK, TCSETSF and FIONREAD, with good and bad arguments", requests);
  RUN("a request with a bad address is EFAULT and changes nothing", bad_addresses);
  RUN("the size of the window can be set", window);
  return tap_end();
}
