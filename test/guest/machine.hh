// The machine that a guest is: QEMU's command line.
#pragma once

#include "guest/guest.hh"

#include <string>
#include <vector>

namespace test {

// Writes what the machine needs beside the kernel and its initial files to paths that begin with
// `scratch`. QEMU's debugger is at `scratch`.gdb.
std::vector<std::string> command_line(const Options& options, const std::string& scratch);

// The ids of the harts that may run (mhartid), of which there are options.smp.
std::vector<int> hart_ids(const Options& options);

}  // namespace test
