/* The address of a nested function of GNU C is that of a few instructions on the stack, which the
 * program writes there: its file asks for an executable stack (PT_GNU_STACK). */
#include <stdio.h>
#include <stdlib.h>

static int nearest(int* values, int count, int to) {
  int compare(const void* a, const void* b) {
    return abs(*(const int*)a - to) - abs(*(const int*)b - to);
  }
  qsort(values, (size_t)count, sizeof *values, compare);
  return values[0];
}

int main(void) {
  int values[] = {1, 50, 9, 20};
  printf("nearest to 11: %d\n", nearest(values, 4, 11));
  return 0;
}
