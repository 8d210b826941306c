/* meminfo: prints what the machine's page frames are used for, and other counts. */
#include <stdio.h>
#include <tine.h>

static void frames(const char* what, uint64_t count) {
  printf("%-14s %8lu frames %8lu KiB\n", what, count, count * (TINE_PAGE_SIZE / 1024));
}

static void number(const char* what, uint64_t count) { printf("%-14s %8lu\n", what, count); }

int main(void) {
  struct tine_memory_info info;
  if (memory_info(&info) != 0) {
    perror("meminfo");
    return 1;
  }
  frames("total", info.total_frames);
  frames("free", info.free_frames);
  frames("programs", info.user_frames);
  frames("page tables", info.table_frames);
  frames("files", info.file_frames);
  frames("kernel heap", info.heap_frames);
  frames("kernel stacks", info.stack_frames);
  frames("kernel image", info.kernel_frames);
  number("heap bytes", info.heap_bytes);
  number("stacks in use", info.stacks);
  number("processes", info.processes);
  number("threads", info.threads);
  number("open files", info.open_files);
  number("harts", info.harts);
  number("hz", info.hz);
  number("ticks", info.ticks);
  return 0;
}
