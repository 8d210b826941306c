// Commands of fcntl that the core does not know: rows of a table that the linker gathers, which
// only wings have.
#pragma once

#include "fs/open_file.hh"
#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

struct FileCommand {
  int number;  // F_*
  Result<int> (*run)(OpenFile& file, VirtAddr argument);
};
#define FILE_COMMAND(number, run)                                                                  \
  [[gnu::section(".table.fcntl"), gnu::used]] static constinit const FileCommand command_##number{ \
      number, run};

}  // namespace tine
