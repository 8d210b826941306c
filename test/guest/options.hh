// What a guest is to be, and what all that look at one need: the ways in which a wait can end
// (guest.hh), the environment, other programs of the host.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct NotJudged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr int ordinary = -1;  // no -icount: multi-threaded, as fast as the host can

struct Options {
  std::string log = "guest";  // the serial log is build/logs/LOG.log
  int smp = 4;
  int shift = ordinary;  // -icount shift=N: deterministic, one instruction takes 2^N ns
  int hz = 0;            // 0: the kernel's own default
  std::string cpu = "rv64";
  std::string memory = "256M";
  std::string machine = "virt";
  std::vector<std::string> extra;  // more of QEMU's own arguments
  std::string initrd;              // "": the one of TINE_INITRD
  std::string kernel_args;         // more of them
  std::string init_args;  // what comes after ` -- `: a command that init runs, then powers off
  int seed = 1;
  // With `shift`: the guest's allowance in its own instructions, counted exactly
  // (test/labs/limit.c); then CPU time is none. 0: no limit.
  std::uint64_t instructions = 0;
  double quiet_seconds = 15;  // without output, after which a sleeping guest is given up
  double cpu_seconds = 120;   // allowance of a single wait, in CPU time of QEMU
  double host_seconds = 600;  // the watchdog of a single wait
};

// A variable of the environment; `otherwise` if there is none.
std::string setting(const char* name, const char* otherwise);
// The kernel's ELF file that guests boot.
std::string kernel_path();
// What a command of the host's prints.
std::string output_of(const std::string& command);

}  // namespace test
