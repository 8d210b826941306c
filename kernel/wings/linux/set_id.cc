// The set-ID bits of a program's file: it runs with the rights of the file's owner or group. The
// memory of such a program, and of one whose file its user may not read, is secret: see
// Process::secret.
#include "mm/frames.hh"
#include "mm/heap.hh"
#include "proc/exec.hh"
#include "vfs/mount.hh"

namespace tine {
namespace {

// A caller must not be able to mislead a program that has other rights. So fail_alloc is disarmed,
// and descriptors 0 to 2 are opened if they are closed: otherwise a file that the program opens
// could become its standard output. (The table has room for them: its first chunk exists.)
// docs/linux-abi.md lists what else the program inherits.
void begin_with_secret(Process& self, const Program& program) {
  stop_failing(current_thread());
  for (int fd = 0; fd < 3; fd++) {
    if (!self.files.get_any(fd)) (void)self.files.add(program.null, false);
  }
}

// The saved ids become the effective ones (POSIX, exec). A program with a secret gets a new
// credentials object, so that files of /proc that were opened with the old one show nothing of it.
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
  if (stays && is_plain) return {};  // the usual case
  Credentials next = now;
  if (file.permissions & S_ISUID) next.user.effective = file.user;
  if (file.permissions & S_ISGID) next.group.effective = file.group;
  next.user.saved = next.user.effective;
  next.group.saved = next.group.effective;
  if (!stays) program.credentials = TRY(make_ref<SharedCredentials>(next));
  program.secret =
      !readable || next.user.effective != next.user.real || next.group.effective != next.group.real;
  if (!program.secret) return {};
  PathContext kernel{.root = root_node(), .cwd = root_node()};  // not the caller's rights
  program.null = TRY(open(kernel, "/dev/null", O_RDWR));
  program.begin = begin_with_secret;
  return {};
}

}  // namespace

EXEC_ADDITION(set_id, nullptr, set_credentials)

}  // namespace tine
