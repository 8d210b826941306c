/* uptime: prints how long the machine has been running, and its timer ticks. */
#include <stdio.h>
#include <tine.h>

int main(void) {
  struct tine_memory_info info;
  if (memory_info(&info) != 0) {
    perror("uptime");
    return 1;
  }
  uint64_t ms = info.uptime_ns / 1000000;
  printf("up %lu:%02lu:%02lu.%03lu, %u hart%s, %lu ticks at %u Hz, %lu processes\n", ms / 3600000,
         ms / 60000 % 60, ms / 1000 % 60, ms % 1000, info.harts, info.harts == 1 ? "" : "s",
         info.ticks, info.hz, info.processes);
  return 0;
}
