/* The C library's own corners: what a program that reads numbers relies on. */
#include "tap.h"

#include <limits.h>
#include <stdlib.h>

enum { SIGNED = 1, UNSIGNED = 2 }; /* whose range it leaves */

static void reads(const char* text, int base, long value, unsigned long unsigned_value, long used,
                  int error) {
  char* end;
  errno = 0;
  long got = strtol(text, &end, base);
  int failed = errno;
  EQUAL(got, value);
  EQUAL(end - text, used);
  EQUAL(failed, error & SIGNED ? ERANGE : 0);
  errno = 0;
  got = (long)strtoul(text, &end, base);
  failed = errno;
  EQUAL(got, unsigned_value);
  EQUAL(end - text, used);
  EQUAL(failed, error & UNSIGNED ? ERANGE : 0);
}

static void numbers(void) {
  reads("", 10, 0, 0, 0, 0);
  reads(" \t-x", 10, 0, 0, 0, 0);
  reads(" +42z", 10, 42, 42, 4, 0);
  reads("-42", 10, -42, -42ul, 3, 0);
  reads("0x1fg", 0, 31, 31, 4, 0);
  reads("0xg", 16, 0, 0, 1, 0); /* the 0 alone */
  reads("0779", 0, 63, 63, 3, 0);
  reads("zz", 36, 35 * 36 + 35, 35 * 36 + 35, 2, 0);
}

static void ends_of_the_range(void) {
  reads("9223372036854775807", 10, LONG_MAX, LONG_MAX, 19, 0);
  reads("9223372036854775808", 10, LONG_MAX, 1ul << 63, 19, SIGNED);
  reads("-9223372036854775808", 10, LONG_MIN, 1ul << 63, 20, 0);
  reads("-9223372036854775809", 10, LONG_MIN, (1ul << 63) - 1, 20, SIGNED);
  reads("18446744073709551615", 10, LONG_MAX, ULONG_MAX, 20, SIGNED);
  reads("-18446744073709551615", 10, LONG_MIN, 1, 21, SIGNED);
  reads("18446744073709551616", 10, LONG_MAX, ULONG_MAX, 20, SIGNED | UNSIGNED);
  reads("-99999999999999999999", 10, LONG_MIN, ULONG_MAX, 21, SIGNED | UNSIGNED);
}

int main(void) {
  tap_begin("library");
  RUN("strtol and strtoul: blanks, signs, bases, and where the number ends", numbers);
  RUN("strtol and strtoul at the ends of their range, and beyond: ERANGE", ends_of_the_range);
  return tap_end();
}
