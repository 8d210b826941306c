// System calls about processes: start, end, identity, messages.
#include <tine/abi.h>
#include <tine/app.h>

#include <limits>

#include "lib/string.hh"
#include "proc/exec.hh"
#include "proc/exit.hh"
#include "proc/fork.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "syscall/user_path.hh"

namespace tine {

// [fork 1] fork is clone without flags; with CLONE_VM and CLONE_VFORK it is vfork. With CLONE_VM
// alone two processes run in one address space. Errors: inval (a flag that only threads need, no
// such signal), nomem, again.
SYSCALL(SYS_clone, clone, int,
        (std::uint64_t flags, VirtAddr stack, UserPtr<int> parent_tid, std::uint64_t tls,
         VirtAddr child_tid, TrapFrame& frame)) {
  constexpr std::uint64_t known = CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID |
                                  CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID;
  std::uint64_t exit_signal = flags & CSIGNAL;
  flags &= ~std::uint64_t(CSIGNAL);
  if ((flags & ~known) || exit_signal > TINE_NSIG) return Errno::inval;
  return process_fork(frame, {flags, int(exit_signal), stack, tls, parent_tid, child_tid});
}

// [exec 1] By path, with a POSIX stack. Errors: those of path lookup, access, txtbsy (the file is
// open for writing), noexec, libbad (the interpreter is no ELF file), exist (a segment where the
// stack goes), toobig, fault, nomem.
SYSCALL(SYS_execve, execve, Replaced, (UserString path, VirtAddr argv, VirtAddr envp)) {
  UserPath name;
  TRY(name.copy(path));
  ExecFile file = TRY(ExecFile::open(current_process().paths, name.view()));
  ArgumentStack arguments;
  TRY(arguments.begin(name.view()));
  TRY(arguments.add_from_user(argv, envp));
  return process_exec(std::move(file), arguments);
}

namespace {

// The path of the file for an app id. Errors: noent.
Result<std::string_view> app_path(int app_id) {
  switch (app_id) {
#define TINE_APP_PATH(upper, number, name) \
  case number: return std::string_view("/bin/" name);
    TINE_APPS(TINE_APP_PATH)
#undef TINE_APP_PATH
    default: return Errno::noent;
  }
}

// By number. The kernel keeps the arguments until the new program reads them with getargs; on its
// stack, argc is 0.
Result<Replaced> exec_app(int app_id, VirtAddr argv) {
  std::string_view path = TRY(app_path(app_id));
  ExecFile file = TRY(ExecFile::open(current_process().paths, path));
  ArgumentStack none;
  TRY(none.begin(path));
  none.args = TRY(copy_user_argv(argv, base_name(path)));
  return process_exec(std::move(file), none);
}

}  // namespace

// Errors: noent (no such app), and those of execve.
SYSCALL(SYS_exec, exec, Replaced, (int app_id)) { return exec_app(app_id, VirtAddr()); }

// Errors: noent (no such app), and those of execve.
SYSCALL(SYS_execv, execv, Replaced, (int app_id, VirtAddr argv)) { return exec_app(app_id, argv); }

// Errors: fault.
SYSCALL(SYS_getargs, getargs, int, (UserPtr<tine_args> to)) {
  TRY(to.store(current_process().args));
  return current_process().args.argc;
}

// [exit 1] A status of exit(code) is code << 8; the low bits are for the signal that ended a
// process.
SYSCALL(SYS_exit, exit, void, (int code)) { process_exit((code & 0xff) << 8); }

SYSCALL(SYS_exit_group, exit_group, void, (int code)) { process_exit((code & 0xff) << 8); }

// `pid`: a child, or -1 for any (0, the caller's group, is the same while there are no groups).
// No process is ever stopped, so WUNTRACED and WCONTINUED have no effect. Errors: child, srch (the
// group of the lowest int, as on Linux), inval, intr, fault and nomem (before a child is taken).
SYSCALL(SYS_wait4, wait4, int,
        (int pid, UserPtr<int> status, unsigned options, UserPtr<tine_rusage> usage)) {
  if (options & ~unsigned(WNOHANG | WUNTRACED | WCONTINUED | __WALL)) return Errno::inval;
  if (pid < -1) return pid == std::numeric_limits<int>::min() ? Errno::srch : Errno::child;
  if (!status.is_null()) TRY(status.prepare_to_store());
  if (!usage.is_null()) TRY(usage.prepare_to_store());
  WaitResult ended = TRY(process_wait(pid == 0 ? -1 : pid, !(options & WNOHANG)));
  if (ended.pid == 0) return 0;
  if (!status.is_null()) TRY(status.store(ended.status));
  if (!usage.is_null()) TRY(usage.store(usage_of(ended.time)));
  return ended.pid;
}

SYSCALL(SYS_getpid, getpid, int, ()) { return current_process().pid; }

SYSCALL(SYS_getppid, getppid, int, ()) {
  return current_process().parent_pid.load(std::memory_order_relaxed);
}

SYSCALL(SYS_gettid, gettid, int, ()) { return current_thread()->tid; }

SYSCALL(SYS_sched_yield, sched_yield, void, ()) {
  yield();
  return {};
}

// Errors: srch (no process, or it has ended), again (its mailbox is full).
SYSCALL(SYS_ipc_send, ipc_send, void, (int pid, std::uint64_t word)) {
  SpinGuard guard(process_table_lock);
  Process* receiver = find_process(pid);
  if (!receiver || receiver->zombie) return Errno::srch;
  return receiver->mailbox.send(current_process().pid, word);
}

// Errors: fault (before a message is taken), intr.
SYSCALL(SYS_ipc_recv, ipc_recv, void, (UserPtr<tine_message> to)) {
  TRY(to.prepare_to_store());
  return to.store(TRY(current_process().mailbox.receive()));
}

}  // namespace tine
