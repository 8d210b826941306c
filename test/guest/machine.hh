// The machine that a guest is: QEMU's command line, and QEMU itself.
#pragma once

#include "guest/options.hh"

#include <sys/types.h>

#include <string>
#include <vector>

namespace test {

// What the paths of this machine's own files begin with: in the folder TINE_SCRATCH, or in /tmp.
// (Not among the logs: the path of a socket has at most 107 characters.)
std::string scratch_for(const std::string& name);

// Writes what the machine needs beside the kernel and its initial files to paths that begin with
// `scratch`. QEMU's debugger is at `scratch`.gdb.
std::vector<std::string> command_line(const Options& options, const std::string& scratch);

// QEMU's own device tree of that machine, in which the harts that must not run have failed.
void write_device_tree(const Options& options, const std::string& path);

// Starts QEMU with these files as its standard input and output. QEMU is killed when this program
// ends, however it ends. Throws NotJudged.
pid_t start_machine(const std::vector<std::string>& line, int input, int output);

// The ids of the harts that may run (mhartid), of which there are options.smp.
std::vector<int> hart_ids(const Options& options);

}  // namespace test
