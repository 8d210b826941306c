// Calls that the C libraries and the shells try and can do without: they are answered as if they
// were not there, which they expect, and without a line in the log.
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
// Errors: afnosupport. The library looks for a daemon that knows names of users; then it reads
// /etc. PAM goes on without the kernel's audit if there is no such family of sockets, and with no
// other error.
SYSCALL(SYS_socket, socket, void, ()) { return Errno::afnosupport; }
// Errors: nosys. The library then takes clone.
SYSCALL(SYS_clone3, clone3, void, ()) { return Errno::nosys; }
// Errors: nosys. Programs then close one by one.
SYSCALL(SYS_close_range, close_range, void, ()) { return Errno::nosys; }
// Errors: nosys. Programs then read and write.
SYSCALL(SYS_copy_file_range, copy_file_range, void, ()) { return Errno::nosys; }

}  // namespace tine
