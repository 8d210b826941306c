// The kernel's command line (/chosen/bootargs):  hz=100 log=fork,exec init=/bin/init aslr=off
// failalloc=N -- ARGUMENTS OF INIT
#pragma once

#include <string_view>

#include "dev/machine.hh"

namespace tine {

struct CommandLine {
  unsigned hz = 100;                              // ticks per second: 1 to 10,000
  std::string_view log;                           // channels, separated by commas
  std::string_view init = "/bin/init";            // path of the first program
  bool random_addresses = true;                   // aslr=on, aslr=off
  unsigned long fail_allocation = 0;              // which allocation fails once init runs; 0: none
  InplaceVector<std::string_view, 16> arguments;  // what follows `--`, for init
};

// Unknown words are reported and ignored.
CommandLine parse_command_line(std::string_view text);

}  // namespace tine
