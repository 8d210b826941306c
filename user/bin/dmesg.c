/* dmesg: prints the kernel's log since boot, as much of it as the kernel keeps. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <tine/abi.h>
#include <unistd.h>

int main(void) {
  int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
  char* text = size > 0 ? malloc((size_t)size) : NULL;
  int length = text != NULL ? klogctl(SYSLOG_ACTION_READ_ALL, text, size) : -1;
  if (length < 0) {
    perror("dmesg");
    return 1;
  }
  for (int done = 0; done < length;) {
    ssize_t written = write(STDOUT_FILENO, text + done, (size_t)(length - done));
    if (written < 0) return 1;
    done += (int)written;
  }
  return 0;
}
