#include "guest/machine.hh"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

namespace test {
namespace {

// With -icount harts take turns, and QEMU 7.2 does not share out time fairly (8.1 does):
//   - A turn lasts until the next timer goes off. If none is set that is two seconds, in which the
//     others miss their ticks, or the hart itself spins for a lock of another's. So there is a
//     timer that never rests: that of a net filter, every 200 us of the guest's time. (No net.)
//   - If a hart uses up its turn nothing is left for the next one, whose turn is over before it
//     begins; only then timers are looked after. So every second hart may wait for ever. So every
//     second hart is a failed one, which takes the turns that are empty.
bool takes_turns(const Options& o) { return o.shift != ordinary && o.smp > 1; }

constexpr const char* short_turns[] = {"-netdev", "hubport,id=none,hubid=0", "-object",
                                       "filter-buffer,id=turns,netdev=none,interval=200"};

int all_harts(const Options& o) { return takes_turns(o) ? 2 * o.smp - 1 : o.smp; }

}  // namespace

std::string scratch_for(const std::string& name) {
  return setting("TINE_SCRATCH", "/tmp") + "/tine-" + name + "-" + std::to_string(getpid());
}

// QEMU's own device tree, but for the status of every second hart (Devicetree Specification,
// section 2.3.4): "fail" is as long as "okay".
void write_device_tree(const Options& o, const std::string& path) {
  const std::string said =
      output_of("qemu-system-riscv64 -machine virt,dumpdtb=" + path + " -cpu " + o.cpu + " -smp " +
                std::to_string(all_harts(o)) + " -m " + o.memory + " -display none 2>&1");
  std::ifstream in(path, std::ios::binary);
  std::string tree(std::istreambuf_iterator<char>(in), {});
  for (int hart = 1; takes_turns(o) && hart < all_harts(o); hart += 2) {
    const std::size_t status = tree.find("okay", tree.find("cpu@" + std::to_string(hart)));
    if (status == std::string::npos)
      throw NotJudged("no hart " + std::to_string(hart) + " in QEMU's device tree: " + said);
    tree.replace(status, 4, "fail");
  }
  std::ofstream(path, std::ios::binary) << tree;
}

pid_t start_machine(const std::vector<std::string>& line, int input, int output) {
  std::vector<char*> argv;
  for (const auto& word : line) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int told[2];  // errno if QEMU cannot be executed; its end is closed when it can
  if (pipe2(told, O_CLOEXEC)) throw NotJudged("no pipe for QEMU");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);  // it ended before the line above
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(argv[0], argv.data());
    const int error = errno;
    _exit(write(told[1], &error, sizeof error) < 0);
  }
  close(told[1]);
  int error = pid < 0 ? errno : 0;
  if (pid > 0 && read(told[0], &error, sizeof error) < 0) error = errno;
  close(told[0]);
  if (error)
    throw NotJudged(std::string("cannot start qemu-system-riscv64 (`make doctor`): ") +
                    std::strerror(error));
  return pid;
}

std::vector<int> hart_ids(const Options& o) {
  std::vector<int> ids;
  for (int hart = 0; hart < all_harts(o); hart += takes_turns(o) ? 2 : 1) ids.push_back(hart);
  return ids;
}

std::vector<std::string> command_line(const Options& o, const std::string& scratch) {
  std::string append = o.kernel_args;
  if (o.hz) append += " hz=" + std::to_string(o.hz);
  if (!o.init_args.empty()) append += " -- " + o.init_args;
  std::vector<std::string> line = {
      "qemu-system-riscv64",
      "-machine",
      o.machine,
      "-cpu",
      o.cpu,
      "-smp",
      std::to_string(all_harts(o)),
      "-m",
      o.memory,
      "-bios",
      "default",
      "-display",
      "none",
      "-serial",
      "stdio",
      "-monitor",
      "none",
      "-no-reboot",
      "-seed",
      std::to_string(o.seed),
      "-rtc",
      "base=2024-01-01,clock=vm",
      "-gdb",
      "unix:" + scratch + ".gdb,server=on,wait=off",
      "-kernel",
      kernel_path(),
      "-initrd",
      o.initrd.empty() ? setting("TINE_INITRD", "build/release/test.cpio") : o.initrd,
      "-append",
      append};
  auto add = [&](const std::string& option, const std::string& value) {
    line.push_back(option);
    line.push_back(value);
  };
  line.insert(line.end(), o.extra.begin(), o.extra.end());
  if (o.shift != ordinary) add("-icount", "shift=" + std::to_string(o.shift) + ",sleep=off");
  if (takes_turns(o)) {
    line.insert(line.end(), std::begin(short_turns), std::end(short_turns));
    write_device_tree(o, scratch + ".dtb");
    add("-dtb", scratch + ".dtb");
  }
  if (o.instructions)
    add("-plugin",
        setting("TINE_LIMIT", "build/host/limit.so") + ",limit=" + std::to_string(o.instructions));
  return line;
}

}  // namespace test
