/* Calls the library's function sysinfo, and writes what came of it to its output. */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#pragma weak sysinfo /* the library may not have it yet */

int main(void) {
  struct {
    int64_t linked, result, refused, error;
    struct sysinfo info;
  } seen;
  memset(&seen, 0xa5, sizeof seen);
  seen.linked = sysinfo != NULL;
  if (seen.linked) {
    seen.result = sysinfo(&seen.info);
    errno = 0;
    seen.refused = sysinfo((struct sysinfo*)8);
    seen.error = errno;
  }
  return write(STDOUT_FILENO, &seen, sizeof seen) == sizeof seen ? 0 : 1;
}
