/* free: prints the machine's memory, in KiB. */
#include <stdio.h>
#include <sys/sysinfo.h>

int main(void) {
  /* lab syscall 1 { */
  struct sysinfo info;
  if (sysinfo(&info) != 0) {
    perror("free");
    return 1;
  }
  unsigned long total = info.totalram * info.mem_unit / 1024;
  unsigned long unused = info.freeram * info.mem_unit / 1024;
  printf("%10s %10s %10s\n%10lu %10lu %10lu\n", "total", "used", "free", total, total - unused,
         unused);
  return 0;
  /* } lab */
}
