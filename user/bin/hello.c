/* The smallest program that uses the library. hello.elf.S is the smallest without it. */
#include <stdio.h>

int main(void) {
  printf("Hello from execve!\n");
  return 0;
}
