// Scripts: a file that begins with "#!" names its interpreter. As on Linux, the text after the
// interpreter's path is one argument, with its blanks, and the script's path follows it.
//
//   script a b, beginning with "#!/bin/sh -x":   /bin/sh -x script a b
#include "proc/exec.hh"

namespace tine {
namespace {

constexpr std::size_t longest_line = 256;
constexpr std::string_view blanks = " \t";

struct FirstLine {
  std::string_view program, argument;
};

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A line that is too long is cut, and so is its argument. The interpreter's path must not be cut.
// Errors: noexec (no script, or its first line names no program).
Result<FirstLine> read_first_line(std::span<const std::byte> head) {
  std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  text = text.substr(0, longest_line);
  bool is_full = text.size() == longest_line;
  if (!text.starts_with("#!")) return Errno::noexec;
  text = text.substr(2);
  std::size_t end = text.find('\n');
  if (end == text.npos && is_full) {
    std::size_t name = text.find_first_not_of(blanks);
    if (name == text.npos) return Errno::noexec;
    if (text.find_first_of({" \t\0", 3}, name) == text.npos) return Errno::noexec;
    end = text.size() - 1;
  }
  text = trimmed(text.substr(0, end));
  text = text.substr(0, text.find('\0'));
  FirstLine line;
  line.program = text.substr(0, text.find_first_of(blanks));
  line.argument = trimmed(text.substr(line.program.size()));
  return line.program.empty() ? Result<FirstLine>(Errno::noexec) : line;
}

// Adds the strings from the last to the first, because each is added in front.
Result<> redirect_script(ExecFile& file, ArgumentStack& arguments) {
  FirstLine line = TRY(read_first_line(file.head()));
  arguments.remove_first();
  TRY(arguments.add_first(file.path()));
  if (!line.argument.empty()) TRY(arguments.add_first(line.argument));
  TRY(arguments.add_first(line.program));
  return file.become(current_process().paths, line.program);
}

}  // namespace

EXEC_ADDITION(script, redirect_script, nullptr)

}  // namespace tine
