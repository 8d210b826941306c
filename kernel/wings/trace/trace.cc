// The wing `trace`: a thread that is traced has another table of system calls, in which every entry
// is the same function. It writes the call's arguments, makes the call through the core's table,
// and writes the result. Threads that are not traced run no slower.
//
// A line goes to the descriptor TINE_TRACE_FD of the traced process, in one write, so that lines of
// several harts do not mix (on the console: those of up to 256 bytes). The descriptor is inherited
// and closed like any other, so nothing has to be freed here when the process ends. If the program
// closes it, its lines are lost.
//
// No lock: a thread only changes its own pointer to a table, and nothing is allocated.
#include <tine/abi.h>

#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "wings/trace/line.hh"

namespace tine {
namespace {

// lab syscall 2 {
void traced_call(TrapFrame& frame);

constexpr CallTable table_of_traced_calls() {
  CallTable table{};
  table.fill(traced_call);
  return table;
}
// A thread with the second table has its children traced as well.
constinit const CallTable traced_alone = table_of_traced_calls();
constinit const CallTable traced_with_children = table_of_traced_calls();

// When the pipe is full, the traced program waits for the tracer. Errors are ignored: the program
// must not notice them.
void write_line(std::string_view line) {
  Result<RefPtr<OpenFile>> file = current_process().files.get(TINE_TRACE_FD);
  if (!file) return;
  auto* bytes = reinterpret_cast<std::byte*>(const_cast<char*>(line.data()));
  IoBuffer buffer({bytes, line.size()});
  (void)(*file)->write(buffer);
}

// Did exec give the program other rights (S_ISUID, S_ISGID)? Then it is no longer traced: a tracer
// without these rights must not see what it does.
bool got_rights(const Credentials& before) {
  const Credentials& now = current_credentials();
  bool same =
      now.user.effective == before.user.effective && now.group.effective == before.group.effective;
  return !same && !before.is_superuser();
}
constexpr bool is_exec(std::uint64_t number) {
  return number == SYS_execve || number == SYS_exec || number == SYS_execv;
}

void traced_call(TrapFrame& frame) {
  Thread& self = *current_thread();
  SystemCall call = core_calls[slot_of(frame.call_number())];
  if (frame.call_number() == SYS_trace) return call(frame);

  const SystemCall* table = self.calls;
  bool with_children = table == traced_with_children.data();
  bool may_get_rights = is_exec(frame.call_number());
  Credentials before = current_credentials();
  TraceLine line(frame, with_children ? self.tid : 0);
  line.add_inputs();
  if (line.never_returns()) {
    line.add_no_outcome();
    write_line(line.text());
  }
  // A thread that the call makes inherits the table that is set now.
  if (!with_children) self.calls = core_calls.data();
  call(frame);
  self.calls = may_get_rights && got_rights(before) ? core_calls.data() : table;
  line.add_outcome(frame, self.call_interrupted);
  write_line(line.text());
}
// } lab

}  // namespace

// Errors: inval (no such mode), badf.
SYSCALL(SYS_trace, trace, void, (int mode)) {
  // lab syscall 2 {
  if (mode < TINE_TRACE_OFF || mode > TINE_TRACE_CHILDREN) return Errno::inval;
  if (mode != TINE_TRACE_OFF) TRY(current_process().files.get(TINE_TRACE_FD));
  const CallTable& table = mode == TINE_TRACE_OFF  ? core_calls
                           : mode == TINE_TRACE_ON ? traced_alone
                                                   : traced_with_children;
  current_thread()->calls = table.data();
  return {};
  // } lab
}

}  // namespace tine
