#include "guest/options.hh"

#include <cstdio>
#include <cstdlib>

namespace test {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::string kernel_path() { return setting("TINE_KERNEL", "build/release/kernel.elf"); }

std::string output_of(const std::string& command) {
  std::string output;
  if (std::FILE* pipe = popen(command.c_str(), "r")) {
    char buffer[4096];
    while (std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
      output.append(buffer, size);
    pclose(pipe);
  }
  return output;
}

}  // namespace test
