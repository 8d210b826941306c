/* A static program of the C library's: prints its arguments, a line each. `bench` measures how long
 * one takes to start and end (without arguments, so without output). */
#include <stdio.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) puts(argv[i]);
  return 0;
}
