#include "wings/trace/calls.hh"

#include <tine/abi.h>
#include <tine/errno.h>
#include <tine/syscall.h>

#include "syscall/dispatch.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const SyscallRow syscall_rows_start[], syscall_rows_end[];

constexpr CallFormat formats[] = {
    {SYS_getcwd, "getcwd", "pu"},
    {SYS_dup, "dup", "d"},
    {SYS_dup3, "dup3", "ddg"},
    {SYS_fcntl, "fcntl", "dkx"},
    {SYS_ioctl, "ioctl", "dxp"},
    {SYS_mkdirat, "mkdirat", "@sm"},
    {SYS_unlinkat, "unlinkat", "@sx"},
    {SYS_symlinkat, "symlinkat", "s@s"},
    {SYS_linkat, "linkat", "@s@sx"},
    {SYS_ftruncate, "ftruncate", "dd"},
    {SYS_chdir, "chdir", "s"},
    {SYS_openat, "openat", "@sfc"},
    {SYS_close, "close", "d"},
    {SYS_pipe2, "pipe2", "Fg"},
    {SYS_getdents64, "getdents64", "dpu"},
    {SYS_lseek, "lseek", "ddw"},
    {SYS_read, "read", "dBu"},
    {SYS_write, "write", "dbu"},
    {SYS_readlinkat, "readlinkat", "@sBu"},
    {SYS_newfstatat, "newfstatat", "@spx"},
    {SYS_fstat, "fstat", "dp"},
    {SYS_renameat2, "renameat2", "@s@sx"},

    {SYS_exit, "exit", "d", '-'},
    {SYS_exit_group, "exit_group", "d", '-'},
    {SYS_nanosleep, "nanosleep", "tp"},
    {SYS_clock_gettime, "clock_gettime", "dT"},
    {SYS_sched_yield, "sched_yield", ""},
    {SYS_kill, "kill", "dn"},
    {SYS_rt_sigaction, "rt_sigaction", "nppu"},
    {SYS_rt_sigprocmask, "rt_sigprocmask", "dppu"},
    {SYS_rt_sigreturn, "rt_sigreturn", ""},
    {SYS_uname, "uname", "p"},
    // lab syscall 1 {
    {SYS_sysinfo, "sysinfo", "p"},
    // } lab
    {SYS_getpid, "getpid", ""},
    {SYS_getppid, "getppid", ""},
    {SYS_gettid, "gettid", ""},
    {SYS_clone, "clone", "xp"},
    {SYS_execve, "execve", "svp"},
    {SYS_wait4, "wait4", "dIxp"},

    {SYS_brk, "brk", "p", 'x'},
    {SYS_munmap, "munmap", "pu"},
    {SYS_mmap, "mmap", "puradx", 'x'},
    {SYS_mprotect, "mprotect", "pur"},
    {SYS_mremap, "mremap", "puuxp", 'x'},
    {SYS_madvise, "madvise", "pud"},
    {SYS_msync, "msync", "pux"},

    // Calls of wings, named here even when the wing is not built in.
    {SYS_flock, "flock", "dx"},
    {SYS_sigaltstack, "sigaltstack", "pp"},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", "pptu"},
    {SYS_rt_sigsuspend, "rt_sigsuspend", "pu"},
    {SYS_rt_sigpending, "rt_sigpending", "pu"},
    {SYS_tkill, "tkill", "dn"},
    {SYS_tgkill, "tgkill", "ddn"},

    {SYS_mknodat, "mknodat", "@smx"},
    {SYS_mount, "mount", "sssxs"},
    {SYS_statfs, "statfs", "sp"},
    {SYS_fstatfs, "fstatfs", "dp"},
    {SYS_truncate, "truncate", "sd"},
    {SYS_fallocate, "fallocate", "dddd"},
    {SYS_faccessat, "faccessat", "@sm"},
    {SYS_faccessat2, "faccessat2", "@smx"},
    {SYS_fchdir, "fchdir", "d"},
    {SYS_fchmod, "fchmod", "dm"},
    {SYS_fchmodat, "fchmodat", "@sm"},
    {SYS_fchown, "fchown", "dii"},
    {SYS_fchownat, "fchownat", "@siix"},
    {SYS_utimensat, "utimensat", "@spx"},
    {SYS_umask, "umask", "m"},
    {SYS_readv, "readv", "dpu"},
    {SYS_writev, "writev", "dpu"},
    {SYS_pread64, "pread64", "dBud"},
    {SYS_pwrite64, "pwrite64", "dbud"},
    {SYS_sendfile, "sendfile", "ddpu"},
    {SYS_pselect6, "pselect6", "dppptp"},
    {SYS_ppoll, "ppoll", "putpu"},
    {SYS_sync, "sync", ""},
    {SYS_fsync, "fsync", "d"},
    {SYS_fdatasync, "fdatasync", "d"},

    {SYS_getuid, "getuid", ""},
    {SYS_geteuid, "geteuid", ""},
    {SYS_getgid, "getgid", ""},
    {SYS_getegid, "getegid", ""},
    {SYS_getresuid, "getresuid", "ppp"},
    {SYS_getresgid, "getresgid", "ppp"},
    {SYS_getgroups, "getgroups", "dp"},
    {SYS_setuid, "setuid", "i"},
    {SYS_setgid, "setgid", "i"},
    {SYS_setreuid, "setreuid", "ii"},
    {SYS_setregid, "setregid", "ii"},
    {SYS_setresuid, "setresuid", "iii"},
    {SYS_setresgid, "setresgid", "iii"},
    {SYS_setgroups, "setgroups", "up"},
    {SYS_getpgid, "getpgid", "d"},
    {SYS_getsid, "getsid", "d"},
    {SYS_set_tid_address, "set_tid_address", "p"},
    {SYS_futex, "futex", "pxxppx"},  // of its fourth the second decides whether it is a time
    {SYS_sched_getaffinity, "sched_getaffinity", "dup"},
    {SYS_times, "times", "p"},
    {SYS_getrlimit, "getrlimit", "up"},
    {SYS_setrlimit, "setrlimit", "up"},
    {SYS_getrusage, "getrusage", "dp"},
    {SYS_prlimit64, "prlimit64", "dupp"},
    {SYS_getrandom, "getrandom", "pux"},
    {SYS_gettimeofday, "gettimeofday", "pp"},
    {SYS_clock_getres, "clock_getres", "dT"},
    {SYS_clock_nanosleep, "clock_nanosleep", "dxtp"},
    {SYS_syslog, "syslog", "dpd"},

    {SYS_set_robust_list, "set_robust_list", "pu"},
    {SYS_prctl, "prctl", "dxxxx"},
    {SYS_socket, "socket", "dxd"},
    {SYS_riscv_hwprobe, "riscv_hwprobe", "puupx"},
    {SYS_riscv_flush_icache, "riscv_flush_icache", "ppx"},
    {SYS_copy_file_range, "copy_file_range", "dpdpux"},
    {SYS_statx, "statx", "@sxxp"},
    {SYS_rseq, "rseq", "puxx"},
    {SYS_clone3, "clone3", "pu"},
    {SYS_close_range, "close_range", "uux"},

    {SYS_exec, "exec", "d"},
    {SYS_execv, "execv", "dv"},
    {SYS_getargs, "getargs", "p"},
    {SYS_ipc_send, "ipc_send", "dx"},
    {SYS_ipc_recv, "ipc_recv", "p"},
    {SYS_process_info, "process_info", "dp"},
    {SYS_memory_info, "memory_info", "p"},
    {SYS_page_info, "page_info", "pp"},
    {SYS_power, "power", "dd"},
    {SYS_fail_alloc, "fail_alloc", "d"},
};

constexpr NamedValue errnos[] = {
    {EPERM, "EPERM"},
    {ENOENT, "ENOENT"},
    {ESRCH, "ESRCH"},
    {EINTR, "EINTR"},
    {EIO, "EIO"},
    {ENXIO, "ENXIO"},
    {E2BIG, "E2BIG"},
    {ENOEXEC, "ENOEXEC"},
    {EBADF, "EBADF"},
    {ECHILD, "ECHILD"},
    {EAGAIN, "EAGAIN"},
    {ENOMEM, "ENOMEM"},
    {EACCES, "EACCES"},
    {EFAULT, "EFAULT"},
    {EBUSY, "EBUSY"},
    {EEXIST, "EEXIST"},
    {EXDEV, "EXDEV"},
    {ENODEV, "ENODEV"},
    {ENOTDIR, "ENOTDIR"},
    {EISDIR, "EISDIR"},
    {EINVAL, "EINVAL"},
    {ENFILE, "ENFILE"},
    {EMFILE, "EMFILE"},
    {ENOTTY, "ENOTTY"},
    {ETXTBSY, "ETXTBSY"},
    {EFBIG, "EFBIG"},
    {ENOSPC, "ENOSPC"},
    {ESPIPE, "ESPIPE"},
    {EROFS, "EROFS"},
    {EMLINK, "EMLINK"},
    {EPIPE, "EPIPE"},
    {EDOM, "EDOM"},
    {ERANGE, "ERANGE"},
    {EDEADLK, "EDEADLK"},
    {ENAMETOOLONG, "ENAMETOOLONG"},
    {ENOSYS, "ENOSYS"},
    {ENOTEMPTY, "ENOTEMPTY"},
    {ELOOP, "ELOOP"},
    {EOVERFLOW, "EOVERFLOW"},
    {ELIBBAD, "ELIBBAD"},
    {ETIMEDOUT, "ETIMEDOUT"},
};

constexpr NamedValue signals[] = {
    {SIGHUP, "SIGHUP"},     {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
    {SIGTRAP, "SIGTRAP"},   {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
    {SIGKILL, "SIGKILL"},   {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
    {SIGXCPU, "SIGXCPU"},   {SIGXFSZ, "SIGXFSZ"}, {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"},
    {SIGTERM, "SIGTERM"},   {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"}, {SIGSTOP, "SIGSTOP"},
    {SIGTSTP, "SIGTSTP"},   {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"}, {SIGURG, "SIGURG"},
    {SIGWINCH, "SIGWINCH"},
};

constexpr NamedValue open_flags[] = {
    {O_WRONLY, "O_WRONLY"},   {O_RDWR, "O_RDWR"},           {O_CREAT, "O_CREAT"},
    {O_EXCL, "O_EXCL"},       {O_NOCTTY, "O_NOCTTY"},       {O_TRUNC, "O_TRUNC"},
    {O_APPEND, "O_APPEND"},   {O_NONBLOCK, "O_NONBLOCK"},   {O_LARGEFILE, "O_LARGEFILE"},
    {O_PATH, "O_PATH"},       {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"},
    {O_CLOEXEC, "O_CLOEXEC"}, {O_NOATIME, "O_NOATIME"},
};

constexpr NamedValue prots[] = {
    {PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_EXEC, "PROT_EXEC"}};

constexpr NamedValue map_flags[] = {
    {MAP_SHARED_VALIDATE, "MAP_SHARED_VALIDATE"},
    {MAP_SHARED, "MAP_SHARED"},
    {MAP_PRIVATE, "MAP_PRIVATE"},
    {MAP_FIXED, "MAP_FIXED"},
    {MAP_ANONYMOUS, "MAP_ANONYMOUS"},
    {MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"},
};

constexpr NamedValue fcntl_commands[] = {
    {F_DUPFD, "F_DUPFD"}, {F_GETFD, "F_GETFD"},   {F_SETFD, "F_SETFD"},
    {F_GETFL, "F_GETFL"}, {F_SETFL, "F_SETFL"},   {F_GETLK, "F_GETLK"},
    {F_SETLK, "F_SETLK"}, {F_SETLKW, "F_SETLKW"}, {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"},
};

constexpr NamedValue whences[] = {
    {SEEK_SET, "SEEK_SET"}, {SEEK_CUR, "SEEK_CUR"}, {SEEK_END, "SEEK_END"}};

}  // namespace

constinit const std::span<const NamedValue> errno_names = errnos, signal_names = signals,
                                            open_flag_names = open_flags, prot_names = prots,
                                            map_flag_names = map_flags,
                                            command_names = fcntl_commands, whence_names = whences;

const CallFormat* find_call_format(std::uint64_t number) {
  for (const CallFormat& format : formats) {
    if (format.number == number) return &format;
  }
  return nullptr;
}

std::string_view name_of_call(std::uint64_t number) {
  for (const SyscallRow& row : std::span(syscall_rows_start, syscall_rows_end)) {
    if (row.number == number) return row.name;
  }
  return {};
}

std::string_view name_of(std::uint64_t value, std::span<const NamedValue> names) {
  for (const NamedValue& row : names) {
    if (row.value == value) return row.name;
  }
  return {};
}

}  // namespace tine
