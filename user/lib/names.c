/* The names of errors and signals. */
#include <errno.h>
#include <signal.h>
#include <string.h>

const char* strerror(int number) {
  static const char* const names[] = {
      [0] = "Success",
      [EPERM] = "Operation not permitted",
      [ENOENT] = "No such file or directory",
      [ESRCH] = "No such process",
      [EINTR] = "Interrupted system call",
      [EIO] = "Input/output error",
      [ENXIO] = "No such device or address",
      [E2BIG] = "Argument list too long",
      [ENOEXEC] = "Exec format error",
      [EBADF] = "Bad file descriptor",
      [ECHILD] = "No child processes",
      [EAGAIN] = "Resource temporarily unavailable",
      [ENOMEM] = "Cannot allocate memory",
      [EACCES] = "Permission denied",
      [EFAULT] = "Bad address",
      [EBUSY] = "Device or resource busy",
      [EEXIST] = "File exists",
      [EXDEV] = "Invalid cross-device link",
      [ENODEV] = "No such device",
      [ENOTDIR] = "Not a directory",
      [EISDIR] = "Is a directory",
      [EINVAL] = "Invalid argument",
      [ENFILE] = "Too many open files in system",
      [EMFILE] = "Too many open files",
      [ENOTTY] = "Inappropriate ioctl for device",
      [ETXTBSY] = "Text file busy",
      [EFBIG] = "File too large",
      [ENOSPC] = "No space left on device",
      [ESPIPE] = "Illegal seek",
      [EROFS] = "Read-only file system",
      [EMLINK] = "Too many links",
      [EPIPE] = "Broken pipe",
      [EDOM] = "Numerical argument out of domain",
      [ERANGE] = "Numerical result out of range",
      [EDEADLK] = "Resource deadlock avoided",
      [ENAMETOOLONG] = "File name too long",
      [ENOLCK] = "No locks available",
      [ENOSYS] = "Function not implemented",
      [ENOTEMPTY] = "Directory not empty",
      [ELOOP] = "Too many levels of symbolic links",
      [EOVERFLOW] = "Value too large for defined data type",
      [ELIBBAD] = "Accessing a corrupted shared library",
      [EOPNOTSUPP] = "Operation not supported",
      [EAFNOSUPPORT] = "Address family not supported by protocol",
      [ETIMEDOUT] = "Connection timed out",
      [EDQUOT] = "Disk quota exceeded",
  };
  int known = number >= 0 && number < (int)(sizeof names / sizeof names[0]);
  return known && names[number] != NULL ? names[number] : "Unknown error";
}

const char* strsignal(int number) {
  static const char* const names[] = {
      [SIGHUP] = "SIGHUP",     [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
      [SIGTRAP] = "SIGTRAP",   [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
      [SIGKILL] = "SIGKILL",   [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
      [SIGXCPU] = "SIGXCPU",   [SIGXFSZ] = "SIGXFSZ", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
      [SIGTERM] = "SIGTERM",   [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT", [SIGSTOP] = "SIGSTOP",
      [SIGTSTP] = "SIGTSTP",   [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG",
      [SIGWINCH] = "SIGWINCH",
  };
  int known = number >= 0 && number < (int)(sizeof names / sizeof names[0]);
  return known && names[number] != NULL ? names[number] : "unknown signal";
}
