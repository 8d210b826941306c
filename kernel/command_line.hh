// The kernel's command line (/chosen/bootargs):  hz=100 log=fork,exec init=/bin/init aslr=off
// failalloc=N -- ARGUMENTS OF INIT
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace tine {

struct CommandLine {
  unsigned hz = 100;                           // ticks per second: 1 to 10,000
  std::string_view log;                        // channels, separated by commas
  std::string_view init = "/bin/init";         // path of the first program
  bool random_addresses = true;                // aslr=on, aslr=off
  unsigned long fail_allocation = 0;           // which allocation fails once init runs; 0: none
  std::array<std::string_view, 16> arguments;  // what follows `--`
  unsigned argument_count = 0;

  std::span<const std::string_view> init_arguments() const {
    return {arguments.data(), argument_count};
  }
};

// What it does not know it reports and leaves out.
CommandLine parse_command_line(std::string_view text);

}  // namespace tine
