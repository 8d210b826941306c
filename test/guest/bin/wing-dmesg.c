/*
 * The kernel's log, kept: syslog and /proc/kmsg. A program that crashes leaves a line in it.
 */
#include "credentials.h"
#include "tap.h"

#include <sys/klog.h>

static char text[32768];

/* The whole log, which ends with 0. */
static const char* whole_log(void) {
  int length = klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof text - 1);
  CHECK(length >= 0);
  text[length] = 0;
  return text;
}

/* The kernel says why a program crashed. */
static void make_a_line(void) {
  pid_t child = fork();
  if (child == 0) *(volatile int*)NULL = 1;
  ENDS(child, -SIGSEGV);
}

static int lines_of(const char* log) {
  int count = 0;
  for (; *log; log++) count += *log == '\n';
  return count;
}

static void lines_are_kept(void) {
  EQUAL(klogctl(SYSLOG_ACTION_CLEAR, NULL, 0), 0);
  for (int i = 1; i <= 3; i++) {
    make_a_line();
    EQUAL(lines_of(whole_log()), i);
  }
  CHECK(strstr(text, "ended by signal 11\n") != NULL);
  size_t size = strlen(text);
  CHECK(text[size - 1] == '\n');
  /* In a small buffer: the newest lines, whole ones. */
  char small[120];
  int length = klogctl(SYSLOG_ACTION_READ_ALL, small, sizeof small);
  CHECK(length > 0 && length <= (int)sizeof small);
  CHECK(small[0] == '[');
  EQUAL(memcmp(small, text + size - (size_t)length, (size_t)length), 0);
}

static void ring_turns(void) {
  int capacity = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
  CHECK(capacity >= 4096 && capacity < (int)sizeof text);
  for (int i = 0; i < capacity / 60; i++) make_a_line();
  const char* log = whole_log();
  CHECK((int)strlen(log) <= capacity && (int)strlen(log) > capacity - 200);
  CHECK(log[0] == '[');
  CHECK(strstr(log, "ticks a second\n") == NULL);
}

static void reading_and_clearing(void) {
  char one[64];
  EQUAL(klogctl(SYSLOG_ACTION_CLOSE, NULL, 0), 0);
  EQUAL(klogctl(SYSLOG_ACTION_OPEN, NULL, 0), 0);
  while (klogctl(SYSLOG_ACTION_READ, text, sizeof text) > 0) continue;
  EQUAL(klogctl(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0), 0);
  make_a_line();
  int unread = klogctl(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0);
  CHECK(unread > 20);
  int first = klogctl(SYSLOG_ACTION_READ, one, 20);
  EQUAL(first, 20);
  EQUAL(one[0], '[');
  EQUAL(klogctl(SYSLOG_ACTION_READ_CLEAR, text, sizeof text) > 0, 1);
  EQUAL(klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof text), 0);
  make_a_line();
  EQUAL(lines_of(whole_log()), 1);
  EQUAL(klogctl(SYSLOG_ACTION_CLEAR, NULL, 0), 0);
  EQUAL(klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof text), 0);
}

static void arguments(void) {
  ERROR(klogctl(-1, text, 10), EINVAL);
  ERROR(klogctl(11, text, 10), EINVAL);
  ERROR(klogctl(SYSLOG_ACTION_READ_ALL, NULL, 10), EINVAL);
  ERROR(klogctl(SYSLOG_ACTION_READ_ALL, text, -1), EINVAL);
  EQUAL(klogctl(SYSLOG_ACTION_READ_ALL, text, 0), 0);
  make_a_line();
  ERROR(klogctl(SYSLOG_ACTION_READ_ALL, wild(KERNEL), 4096), EFAULT);
  ERROR(klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 0), EINVAL);
  ERROR(klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 9), EINVAL);
  EQUAL(klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 8), 0);
  EQUAL(klogctl(SYSLOG_ACTION_CONSOLE_OFF, NULL, 0), 0);
  EQUAL(klogctl(SYSLOG_ACTION_CONSOLE_ON, NULL, 0), 0);
}

static void rights(void) {
  if (!has_users()) return;
  make_a_line();
  int file = open("/proc/kmsg", O_RDONLY);
  CHECK(read(file, text, sizeof text) > 0);
  CHECK(text[0] == '[');
  become(STUDENT, STUDENT);
  CHECK(klogctl(SYSLOG_ACTION_READ_ALL, text, sizeof text) > 0);
  CHECK(klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0) > 0);
  ERROR(klogctl(SYSLOG_ACTION_CLEAR, NULL, 0), EPERM);
  ERROR(klogctl(SYSLOG_ACTION_READ, text, 10), EPERM);
  ERROR(klogctl(SYSLOG_ACTION_READ_CLEAR, text, 10), EPERM);
  ERROR(open("/proc/kmsg", O_RDONLY), EACCES);
}

int main(void) {
  tap_begin("wing-dmesg");
  RUN("lines are kept, and the newest whole ones fit a small buffer", lines_are_kept);
  RUN("when the ring turns it begins with a whole line", ring_turns);
  RUN("what was read or cleared does not come again", reading_and_clearing);
  RUN("bad arguments are EINVAL and EFAULT", arguments);
  RUN("a user may read the log, and not clear it", rights);
  return tap_end();
}
