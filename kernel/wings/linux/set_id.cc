// As whom a program runs: as who calls it, but where the file says otherwise (the set-ID bits).
// Such a program, and one that its user may not read, has a secret: see Process::secret.
#include "fs/vfs.hh"
#include "mm/frames.hh"
#include "mm/heap.hh"
#include "proc/exec.hh"

namespace tine {
namespace {

// What a caller prepares is not to lead a program with other rights astray: none of its allocations
// fails on purpose, and no file that it opens becomes its standard output. (The table has room: a
// program's first chunk stays.) docs/linux-abi.md lists what else it inherits.
void begin_with_secret(Process& self, const Program& program) {
  stop_failing(current_thread());
  for (int fd = 0; fd < 3; fd++) {
    if (!self.files.get_any(fd)) (void)self.files.add(program.null, false);
  }
}

// What the program has been may be taken up again only if it was effective (POSIX, exec). A program
// with a secret gets credentials of its own: what was opened with the old ones shows nothing of it.
// Errors: nomem, nfile.
Result<> set_credentials(Program& program, const PathContext& paths, const ExecFile& executed,
                         const ElfImage&, const ArgumentStack&) {
  constexpr std::uint32_t as_other = S_ISUID | S_ISGID;
  const Credentials& now = paths.credentials();
  const Attributes& file = executed.attributes();
  bool keeps = now.user.saved == now.user.effective && now.group.saved == now.group.effective;
  bool readable = file.check(now, may_read).has_value();
  bool stays = keeps && readable && !(file.permissions & as_other);
  bool is_plain = now.user.effective == now.user.real && now.group.effective == now.group.real;
  if (stays && is_plain) return {};  // nearly always
  Credentials next = now;
  if (file.permissions & S_ISUID) next.user.effective = file.user;
  if (file.permissions & S_ISGID) next.group.effective = file.group;
  next.user.saved = next.user.effective;
  next.group.saved = next.group.effective;
  if (!stays) program.credentials = TRY(make_ref<SharedCredentials>(next));
  program.secret =
      !readable || next.user.effective != next.user.real || next.group.effective != next.group.real;
  if (!program.secret) return {};
  PathContext kernel{.root = root_node(), .cwd = root_node()};  // whatever the caller may open
  program.null = TRY(open(kernel, "/dev/null", O_RDWR));
  program.begin = begin_with_secret;
  return {};
}

}  // namespace

EXEC_ADDITION(set_id, nullptr, set_credentials)

}  // namespace tine
