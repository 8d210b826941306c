// Calls that C libraries and shells try but do not need. They return the error that the caller
// expects when a call does not exist, and are not reported in the log.
#include <tine/syscall.h>

#include "syscall/dispatch.hh"

namespace tine {

// Errors: nosys. glibc tries these three at each start.
SYSCALL(SYS_set_robust_list, set_robust_list, void, ()) { return Errno::nosys; }
// Errors: nosys.
SYSCALL(SYS_riscv_hwprobe, riscv_hwprobe, void, ()) { return Errno::nosys; }
// Errors: nosys.
SYSCALL(SYS_rseq, rseq, void, ()) { return Errno::nosys; }
// Errors: nosys. Shells try to give a process a name.
SYSCALL(SYS_prctl, prctl, void, ()) { return Errno::nosys; }
// Errors: afnosupport. The library looks for a daemon that knows the names of users; without it, it
// reads /etc. PAM tries to reach Linux's audit system, and continues without it only after this
// error.
SYSCALL(SYS_socket, socket, void, ()) { return Errno::afnosupport; }
// Errors: nosys. The library then calls clone.
SYSCALL(SYS_clone3, clone3, void, ()) { return Errno::nosys; }
// Errors: nosys. Programs then close descriptors one by one.
SYSCALL(SYS_close_range, close_range, void, ()) { return Errno::nosys; }
// Errors: nosys. Programs then read and write.
SYSCALL(SYS_copy_file_range, copy_file_range, void, ()) { return Errno::nosys; }

}  // namespace tine
