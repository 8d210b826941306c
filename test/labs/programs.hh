// Programs that a grader makes, for graders of what exec does with a file. Each of them has the
// observer's code, and begins where an observer rests: so the grader sees every register as the new
// program finds it, and plays the program from there.
#pragma once

#include <elf.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "labs/files.hh"

namespace test {

constexpr std::uint64_t call_getargs = 4098;
constexpr std::uint64_t app_hello = 2, app_echo = 7;  // exec(app_id): /bin/hello, /bin/echo
constexpr std::uint64_t user_base = 0x10000, user_top = 0x3f'ffff'f000;

// An ELF file. Its first page has the headers; no segment brings it into memory. Bytes of the file
// that belong to no segment are not 0.
class ProgramFile {
 public:
  // With the observer's code, and zeros where the observer has its data.
  explicit ProgramFile(const Machine& m);

  // A segment. Its place in the file is chosen here.
  Elf64_Phdr& add(std::uint64_t address, const Bytes& bytes, std::uint64_t memory_size,
                  std::uint32_t flags);
  // Another header, which nothing is loaded for.
  void add_header(std::uint32_t type);

  Elf64_Ehdr head{};
  std::vector<Elf64_Phdr> headers;
  std::size_t cut = 0;  // so many bytes are missing at the end

  // Writes it to that path, for all to execute.
  void install(Machine& m, Process& process, const std::string& path) const;

 private:
  Bytes bytes_;
};

// New memory of the process with these bytes. `ends`: nothing can be read after the last of them.
std::uint64_t place(Machine& m, Process& process, const Bytes& bytes, bool ends = false);

// The arguments of execve in the memory of a process. `gap` bytes lie before each vector.
struct Arguments {
  std::uint64_t path, argv, envp;
};
Arguments arguments_of(Machine& m, Process& process, const std::string& path,
                       const std::vector<std::string>& argv,
                       const std::vector<std::string>& envp = {}, std::size_t gap = 0);

// The process makes a call of exec's kind: the program that it is then, or null: the call has
// returned to the old one.
Process* exec_outcome(Machine& m, Process& process);  // of such a call that has been started
template <class... Values>
Process* try_exec(Machine& m, Process& process, std::uint64_t number, Values... values) {
  m.newcomers();
  m.start_call(process, number, values...);
  return exec_outcome(m, process);
}
// A child of the parent becomes that program; the points are lost if it does not.
Birth run_app(Machine& m, Process& parent, std::uint64_t app, std::uint64_t argv = 0);
Birth run_path(Machine& m, Process& parent, const std::string& path,
               const std::vector<std::string>& argv = {"a"},
               const std::vector<std::string>& envp = {});
// The call fails with that error, and the old program goes on with all that it had.
void expect_no_exec(Machine& m, Process& process, std::uint64_t error, const std::string& what,
                    std::uint64_t number, std::uint64_t first, std::uint64_t second = 0,
                    std::uint64_t third = 0);

// What a new program finds at sp, by the layout of the psABI.
struct FirstStack {
  std::uint64_t sp = 0, argc = 0;
  std::vector<std::uint64_t> argv, envp;  // addresses
  std::vector<std::string> arguments, environment;
  std::map<std::uint64_t, std::uint64_t> auxv;
};
FirstStack first_stack(Machine& m, Process& process);

// A string of up to `most` characters, none of them 0.
std::string draw_text(Machine& m, std::size_t most, std::size_t least = 0);

}  // namespace test
