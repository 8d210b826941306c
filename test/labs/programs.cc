#include "labs/programs.hh"

#include <algorithm>
#include <cstring>

#include "catch.hh"

namespace test {
namespace {

constexpr std::uint8_t filler = 0xa5;
constexpr std::size_t most_strings = 5000;
constexpr std::size_t longest_string = 1 << 17;

template <class T>
void append(Bytes& bytes, const T* values, std::size_t count) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(values);
  bytes.insert(bytes.end(), first, first + count * sizeof(T));
}

std::string string_at(Machine& m, Process& process, std::uint64_t at) {
  std::string text;
  while (text.size() < longest_string) {
    const std::size_t here = page - at % page;
    text += text_at(m, process, at, here);
    at += here;
    if (const std::size_t end = text.find('\0'); end != text.npos) return text.substr(0, end);
  }
  m.give_up("A string of a new program's has no end.");
}

// Addresses up to a null; `at` is after it then.
std::vector<std::uint64_t> vector_at(Machine& m, Process& process, std::uint64_t& at) {
  std::vector<std::uint64_t> found;
  for (; found.size() < most_strings; at += 8) {
    const std::uint64_t word = word_at(m, process, at);
    if (word == 0) return at += 8, found;
    found.push_back(word);
  }
  m.give_up("A vector of a new program's has no end.");
}

// What a failed exec must leave as it was.
struct Kept {
  std::map<std::uint64_t, Mapping> pages;
  Registers registers;
};

Birth child_that(Machine& m, Birth birth, Process* started) {
  if (!started) {
    m.give_up("A program is not started: exec fails with " +
              error_name(birth.child->at_rest.x[reg_a0]) + ".");
  }
  birth.child = started;
  return birth;
}

}  // namespace

// ---- Files ----

ProgramFile::ProgramFile(const Machine& m) : bytes_(page, filler) {
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64, head.e_ident[EI_DATA] = ELFDATA2LSB;
  head.e_ident[EI_VERSION] = EV_CURRENT;
  head.e_type = ET_EXEC, head.e_machine = EM_RISCV, head.e_version = EV_CURRENT;
  head.e_entry = m.label("rest");
  head.e_phoff = head.e_ehsize = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  add(m.code_start(), m.code(), m.code().size(), PF_R | PF_X);
  const std::uint64_t data = m.label("initialised");
  add(data, {}, m.label("uninitialised") + 4 * page - data, PF_R | PF_W);
}

Elf64_Phdr& ProgramFile::add(std::uint64_t address, const Bytes& bytes, std::uint64_t memory_size,
                             std::uint32_t flags) {
  bytes_.resize((bytes_.size() + page - 1) / page * page + address % page, filler);
  headers.push_back(
      {PT_LOAD, flags, bytes_.size(), address, address, bytes.size(), memory_size, page});
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return headers.back();
}

void ProgramFile::add_header(std::uint32_t type) {
  headers.push_back({type, PF_R, page, 0, 0, 0, 0, 1});
}

void ProgramFile::install(Machine& m, Process& process, const std::string& path) const {
  Bytes all;
  Elf64_Ehdr first = head;
  first.e_phnum = static_cast<Elf64_Half>(headers.size());
  append(all, &first, 1);
  append(all, headers.data(), headers.size());
  all.insert(all.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(all.size()), bytes_.end());
  // The rest of the last page is in the file, too, unless the end is to be missing.
  all.resize(cut ? all.size() - cut : (all.size() + page - 1) / page * page, filler);
  const std::uint64_t fd = open_file(m, process, path, open_both | open_create | open_cut);
  if (failed(fd)) m.give_up("A process cannot make the file " + path + ".");
  write_at(m, process, fd, 0, all);
  m.call(process, call_close, fd);
  m.call(process, call_fchmodat, -100, put_text(m, process, path), 0755);
}

// ---- exec ----

std::uint64_t place(Machine& m, Process& process, const Bytes& bytes, bool ends) {
  const std::uint64_t pages = (bytes.size() + page - 1) / page;
  const std::uint64_t mapped = map_pages(m, process, pages + 1);
  m.call(process, call_mprotect, mapped + pages * page, page, 0);
  m.touch(process, mapped, pages, 0);
  const std::uint64_t at = ends ? mapped + pages * page - bytes.size() : mapped;
  m.poke(process, at, bytes);
  return at;
}

Arguments arguments_of(Machine& m, Process& process, const std::string& path,
                       const std::vector<std::string>& argv, const std::vector<std::string>& envp,
                       std::size_t gap) {
  Bytes texts;
  std::vector<std::uint64_t> offsets;
  auto add = [&](const std::string& text) {
    offsets.push_back(texts.size());
    append(texts, text.c_str(), text.size() + 1);
  };
  add(path);
  for (const std::string& text : argv) add(text);
  for (const std::string& text : envp) add(text);
  const std::uint64_t at = place(m, process, texts);
  std::size_t next = 1;
  auto vector_of = [&](std::size_t count) {
    std::vector<std::uint64_t> words;
    for (std::size_t i = 0; i < count; i++) words.push_back(at + offsets[next++]);
    words.push_back(0);
    Bytes bytes(gap, filler);
    append(bytes, words.data(), words.size());
    return place(m, process, bytes) + gap;
  };
  const std::uint64_t arguments = vector_of(argv.size());
  return {at, arguments, vector_of(envp.size())};
}

Process* exec_outcome(Machine& m, Process& process) {
  constexpr int turns_to_start = 300;
  for (int turns = 0; turns < turns_to_start; turns++) {
    m.let_run(1);
    const std::vector<Process*> found = m.newcomers();
    if (found.size() > 1) m.give_up("More than one program came out of one exec.");
    if (found.size() == 1 && !process.busy)
      m.give_up("After exec there are two: the old program has gone on, too.");
    if (found.size() == 1) {
      m.forget(process);
      return found[0];
    }
    if (!process.busy) return nullptr;
  }
  m.give_up("exec has not returned, and no new program ever began.");
}

Birth run_app(Machine& m, Process& parent, std::uint64_t app, std::uint64_t argv) {
  const Birth birth = fork_of(m, parent);
  const std::uint64_t number = argv ? call_execv : call_exec;
  return child_that(m, birth, try_exec(m, *birth.child, number, app, argv));
}

Birth run_path(Machine& m, Process& parent, const std::string& path,
               const std::vector<std::string>& argv, const std::vector<std::string>& envp) {
  const Birth birth = fork_of(m, parent);
  const Arguments with = arguments_of(m, *birth.child, path, argv, envp);
  return child_that(m, birth,
                    try_exec(m, *birth.child, call_execve, with.path, with.argv, with.envp));
}

void expect_no_exec(Machine& m, Process& process, std::uint64_t error, const std::string& what,
                    std::uint64_t number, std::uint64_t first, std::uint64_t second,
                    std::uint64_t third) {
  m.load(process, m.label("initialised"));
  const Kept before{m.pages(process), process.at_rest};
  if (try_exec(m, process, number, first, second, third))
    m.give_up("exec of " + what + " starts a program.");
  const Registers after = process.at_rest;
  expect(after.x[reg_a0] == minus(error), "exec of " + what + " should fail with errno " +
                                              std::to_string(error) + ", and returns " +
                                              error_name(after.x[reg_a0]) + ".");
  for (const auto& [at, mapping] : before.pages) {
    const auto now = m.walk(process, at);
    expect(now && now->frame == mapping.frame, "A failed exec has taken memory of its caller's.");
  }
  for (unsigned i = 1; i < 32; i++)
    expect(i >= reg_a0 || after.x[i] == before.registers.x[i],
           "A failed exec has changed the caller's registers.");
}

// ---- The stack ----

FirstStack first_stack(Machine& m, Process& process) {
  FirstStack stack;
  std::uint64_t at = stack.sp = process.at_rest.x[reg_sp];
  stack.argc = word_at(m, process, at);
  stack.argv = vector_at(m, process, at += 8);
  stack.envp = vector_at(m, process, at);
  for (;; at += 16) {
    const std::uint64_t type = word_at(m, process, at);
    if (type == AT_NULL) break;
    expect(!stack.auxv.contains(type) && stack.auxv.size() < 100,
           "The auxiliary vector has an entry twice, or no end.");
    stack.auxv[type] = word_at(m, process, at + 8);
  }
  for (std::uint64_t each : stack.argv) stack.arguments.push_back(string_at(m, process, each));
  for (std::uint64_t each : stack.envp) stack.environment.push_back(string_at(m, process, each));
  return stack;
}

std::string draw_text(Machine& m, std::size_t most, std::size_t least) {
  std::string text(least + m.draw() % (most - least + 1), '\0');
  for (char& each : text) each = static_cast<char>(1 + m.draw() % 255);
  return text;
}

}  // namespace test
