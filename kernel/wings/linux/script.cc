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
constexpr unsigned max_depth = 5;  // scripts that are read by scripts
constexpr std::string_view blanks = " \t";

struct FirstLine {
  std::array<char, longest_line> bytes;
  std::string_view program, argument;
};

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A line that is too long is cut, and so is its argument. The program's name must be there whole.
// Errors: noexec (no script, or its first line names no program), and those of path lookup.
Result<> read_first_line(std::string_view path, FirstLine& line) {
  RefPtr<Node> node = TRY(resolve(current_process().paths, path));
  IoBuffer to(std::as_writable_bytes(std::span(line.bytes)));
  std::size_t size = TRY(node->read({}, to));
  std::string_view text(line.bytes.data(), size);
  if (!text.starts_with("#!")) return Errno::noexec;
  text = text.substr(2);
  std::size_t end = text.find('\n');
  bool is_cut = end == text.npos && size == longest_line;
  if (is_cut) {
    std::size_t name = text.find_first_not_of(blanks);
    if (name == text.npos) return Errno::noexec;
    if (text.find_first_of({" \t\0", 3}, name) == text.npos) return Errno::noexec;
    end = text.size() - 1;
  }
  text = trimmed(text.substr(0, end));
  text = text.substr(0, text.find('\0'));
  line.program = text.substr(0, text.find_first_of(blanks));
  line.argument = trimmed(text.substr(line.program.size()));
  return line.program.empty() ? Errno::noexec : Result<>();
}

Result<Replaced> exec_script(std::string_view path, const ArgumentBuffer& arguments,
                             const ExecChain& chain) {
  OwnPtr<FirstLine> line = TRY(make<FirstLine>());
  TRY(read_first_line(path, *line));
  if (chain.depth == max_depth) {
    TRY(resolve(current_process().paths, line->program));
    return Errno::loop;
  }
  OwnPtr<ArgumentBuffer> all = TRY(make<ArgumentBuffer>());
  TRY(all->add_argument(line->program));
  if (!line->argument.empty()) TRY(all->add_argument(line->argument));
  TRY(all->add_argument(path));
  TRY(all->add_rest_of(arguments));
  return process_exec(line->program, *all, all->summary(),
                      {chain.depth + 1, chain.depth ? chain.first : path});
}

}  // namespace

EXEC_FORMAT(script, exec_script)

}  // namespace tine
