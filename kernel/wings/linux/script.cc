// Scripts: a file that begins with "#!" names the program that reads it. As on Linux, what stands
// behind the program's name is one argument, blanks and all, and the script's path follows it.
//
//   script a b, beginning with "#!/bin/sh -x":   /bin/sh -x script a b
#include <array>

#include "fs/path.hh"
#include "mm/heap.hh"
#include "proc/arguments.hh"
#include "proc/process.hh"

namespace tine {
namespace {

constexpr std::size_t longest_line = 256;
constexpr unsigned max_depth = 4;  // scripts that are read by scripts

struct FirstLine {
  std::array<char, longest_line> bytes;
  std::string_view program, argument;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Errors: noexec (no script, or its first line does not end), and those of path lookup.
Result<> read_first_line(std::string_view path, FirstLine& line) {
  RefPtr<Node> node = TRY(resolve(current_process().paths, path));
  IoBuffer to(std::as_writable_bytes(std::span(line.bytes)));
  std::size_t size = TRY(node->read({}, to));
  std::string_view text(line.bytes.data(), size);
  if (!text.starts_with("#!")) return Errno::noexec;
  std::size_t end = text.find('\n');
  if (end == text.npos && size == longest_line) return Errno::noexec;
  text = trimmed(text.substr(2, end == text.npos ? text.npos : end - 2));
  line.program = text.substr(0, text.find_first_of(" \t"));
  line.argument = trimmed(text.substr(line.program.size()));
  return line.program.empty() ? Errno::noexec : Result<>();
}

Result<Replaced> exec_script(std::string_view path, const ArgumentBuffer& arguments,
                             unsigned depth) {
  OwnPtr<FirstLine> line = TRY(make<FirstLine>());
  TRY(read_first_line(path, *line));
  if (depth == max_depth) return Errno::loop;
  OwnPtr<ArgumentBuffer> all = TRY(make<ArgumentBuffer>());
  TRY(all->add_argument(line->program));
  if (!line->argument.empty()) TRY(all->add_argument(line->argument));
  TRY(all->add_argument(path));
  TRY(all->add_rest_of(arguments));
  return process_exec(line->program, *all, all->summary(), depth + 1);
}

}  // namespace

EXEC_FORMAT(script, exec_script)

}  // namespace tine
