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
    {SYS_fcntl, "fcntl", "ddx"},
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
    {SYS_mmap, "mmap", "purxdx", 'x'},
    {SYS_mprotect, "mprotect", "pur"},
    {SYS_mremap, "mremap", "puuxp", 'x'},
    {SYS_madvise, "madvise", "pud"},
    {SYS_msync, "msync", "pux"},

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
    {ETIMEDOUT, "ETIMEDOUT"},
};

constexpr NamedValue signals[] = {
    {SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"},   {SIGILL, "SIGILL"},
    {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},     {SIGFPE, "SIGFPE"},
    {SIGKILL, "SIGKILL"}, {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"},   {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},   {SIGCHLD, "SIGCHLD"},
    {SIGCONT, "SIGCONT"}, {SIGSTOP, "SIGSTOP"}, {SIGTSTP, "SIGTSTP"},   {SIGTTIN, "SIGTTIN"},
    {SIGTTOU, "SIGTTOU"}, {SIGURG, "SIGURG"},   {SIGWINCH, "SIGWINCH"},
};

constexpr NamedValue open_flags[] = {
    {O_WRONLY, "O_WRONLY"},       {O_RDWR, "O_RDWR"},         {O_CREAT, "O_CREAT"},
    {O_EXCL, "O_EXCL"},           {O_NOCTTY, "O_NOCTTY"},     {O_TRUNC, "O_TRUNC"},
    {O_APPEND, "O_APPEND"},       {O_NONBLOCK, "O_NONBLOCK"}, {O_LARGEFILE, "O_LARGEFILE"},
    {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_CLOEXEC, "O_CLOEXEC"},
};

constexpr NamedValue prots[] = {
    {PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_EXEC, "PROT_EXEC"}};

constexpr NamedValue whences[] = {
    {SEEK_SET, "SEEK_SET"}, {SEEK_CUR, "SEEK_CUR"}, {SEEK_END, "SEEK_END"}};

}  // namespace

constinit const std::span<const NamedValue> errno_names = errnos, signal_names = signals,
                                            open_flag_names = open_flags, prot_names = prots,
                                            whence_names = whences;

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
