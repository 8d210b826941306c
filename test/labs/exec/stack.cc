// The grader of the lab `exec`, part 2: the stack that a program begins with.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/programs.hh"

namespace test {
namespace {

using Texts = std::vector<std::string>;
const std::string prog = "/tmp/prog";

Texts draw_texts(Machine& m, std::size_t count, std::size_t most) {
  Texts texts;
  for (std::size_t i = 0; i < count; i++) texts.push_back(draw_text(m, most));
  return texts;
}

// The new program has these arguments and this environment.
FirstStack expect_stack(Machine& m, Process& now, const Texts& argv, const Texts& envp) {
  const FirstStack stack = first_stack(m, now);
  expect(stack.sp % 16 == 0, "The stack pointer is no multiple of 16.");
  expect(stack.argc == argv.size(), "argc is not the number of arguments.");
  expect(stack.arguments == argv, "argv does not have the arguments of execve.");
  expect(stack.environment == envp, "envp does not have the environment of execve.");
  m.store(now, stack.sp - 8, 1);
  return stack;
}

// A machine with a program to start.
struct WithProgram {
  Machine m;
  Process& p;

  explicit WithProgram(const std::string& name) : m({name, 800}), p(m.first()) {
    ProgramFile(m).install(m, p, prog);
  }
};

TEST_CASE("part 2, 5 points: argc, argv and envp", "[exec][part2]") {
  WithProgram start("exec-vectors");
  auto& [m, p] = start;
  const std::pair<std::size_t, std::size_t> counts[] = {{1, 0}, {2, 3}, {9, 1}, {40, 25}};
  for (const auto& [argc, envc] : counts) {
    const Texts argv = draw_texts(m, argc, 60), envp = draw_texts(m, envc, 60);
    const Birth birth = run_path(m, p, prog, argv, envp);
    expect_stack(m, *birth.child, argv, envp);
    end_child(m, p, birth);
  }
  // Vectors that lie across two pages, at odd places; one without an environment; both null.
  for (std::size_t gap : {page - 16, 5ul}) {
    const Birth birth = fork_of(m, p);
    const Texts argv = draw_texts(m, 5, 30), envp = draw_texts(m, 3, 30);
    const Arguments with = arguments_of(m, *birth.child, prog, argv, envp, gap);
    Process* now = try_exec(m, *birth.child, call_execve, with.path, with.argv, with.envp);
    if (!now) m.give_up("execve fails when its vectors lie at odd places.");
    expect_stack(m, *now, argv, envp);
  }
  Process* now = &p;
  for (bool has_argv : {true, false}) {
    const Texts argv = {"one", ""};
    const Arguments with = arguments_of(m, *now, prog, argv);
    now = try_exec(m, *now, call_execve, with.path, has_argv ? with.argv : 0, 0);
    if (!now) m.give_up("execve fails when a vector is null.");
    expect_stack(m, *now, has_argv ? argv : Texts{""}, {});
  }
  expect_stack(m, *run_path(m, *now, prog, {}, {"a=b"}).child, {""}, {"a=b"});
}

TEST_CASE("part 2, 5 points: the auxiliary vector", "[exec][part2]") {
  WithProgram start("exec-auxv");
  auto& [m, p] = start;
  constexpr std::uint64_t user = 1000, other = 2000, minimum_stack = 51;
  m.call(p, call_setresgid, user + 1, other + 1, 0);
  m.call(p, call_setresuid, user, other, 0);
  std::vector<Bytes> random;
  for (bool has_headers : {false, true}) {
    ProgramFile file(m);
    // A segment that brings the file's first page into memory.
    if (has_headers) {
      Elf64_Phdr& first = file.add(0x30000000, {}, page, PF_R);
      first.p_offset = 0, first.p_filesz = page;
    }
    file.add_header(PT_NOTE);
    const std::string path = "/tmp/auxv" + std::to_string(has_headers);
    file.install(m, p, path);
    Process& now = *run_path(m, p, path, {"a"}).child;
    const FirstStack stack = first_stack(m, now);
    const std::map<std::uint64_t, std::uint64_t> wanted = {
        {AT_PHDR, has_headers ? 0x30000000 + sizeof(Elf64_Ehdr) : 0},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, file.headers.size()},
        {AT_PAGESZ, page},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, m.label("rest")},
        {AT_UID, user},
        {AT_EUID, other},
        {AT_GID, user + 1},
        {AT_EGID, other + 1},
        {AT_HWCAP, 0x112d},
        {AT_CLKTCK, 100},
        {AT_SECURE, 1},
        {minimum_stack, 1088}};
    for (const auto& [type, value] : wanted) {
      expect(stack.auxv.contains(type) && stack.auxv.at(type) == value,
             "The entry " + std::to_string(type) + " of the auxiliary vector is wrong or missing.");
    }
    expect(stack.auxv.contains(AT_EXECFN) && stack.auxv.contains(AT_RANDOM),
           "AT_EXECFN or AT_RANDOM is missing.");
    expect(text_at(m, now, stack.auxv.at(AT_EXECFN), path.size() + 1) == path + '\0',
           "AT_EXECFN is not the path of the program.");
    random.push_back(m.peek(now, stack.auxv.at(AT_RANDOM), 16));
    const std::uint64_t at = stack.auxv.at(AT_RANDOM);
    expect(at > stack.sp && at + 16 <= stack.argv[0],
           "The random bytes lie where something else is.");
  }
  expect(random[0] != random[1] &&
             !std::equal(random[0].begin(), random[0].begin() + 8, random[0].begin() + 8),
         "The random bytes of two programs are the same.");
  m.call(p, call_setresuid, 0, 0, 0);
}

TEST_CASE("part 2, 5 points: as much as a quarter of the stack, and no more", "[exec][part2]") {
  WithProgram start("exec-large");
  auto& [m, p] = start;
  constexpr std::size_t limit = 2 << 20, longest = (128 << 10) - 1;
  const std::string big = draw_text(m, longest, longest);
  expect_stack(m, *run_path(m, p, prog, {"a", big, ""}, {big}).child, {"a", big, ""}, {big});
  const Texts many(3000, "xy");
  expect_stack(m, *run_path(m, p, prog, many, {"z"}).child, many, {"z"});
  // Strings and pointers together: exactly the limit, and a byte more.
  for (std::size_t more : {0, 1}) {
    Texts argv(15, big);
    const std::size_t rest = limit - (prog.size() + 1) - 15 * (longest + 1) - 17 * 8 - 1;
    argv.push_back(std::string(rest - 1 + more, 'b'));
    const Birth birth = fork_of(m, p);
    const Arguments with = arguments_of(m, *birth.child, prog, argv, {""});
    if (more) {
      expect_no_exec(m, *birth.child, E2BIG, "arguments of too many bytes", call_execve, with.path,
                     with.argv, with.envp);
    } else {
      Process* now = try_exec(m, *birth.child, call_execve, with.path, with.argv, with.envp);
      if (!now) m.give_up("Arguments of a quarter of the stack are refused.");
      expect_stack(m, *now, argv, {""});
    }
  }
  const Arguments with = arguments_of(m, p, prog, {std::string(longest + 1, 'c')});
  expect_no_exec(m, p, E2BIG, "an argument of 128 KiB", call_execve, with.path, with.argv, 0);
  expect_no_exec(m, p, E2BIG, "a variable of 128 KiB", call_execve, with.path, 0, with.argv);
  const std::uint64_t none = put_words(m, p, {0});
  Bytes words(limit + 16, 0);
  for (std::size_t i = 0; i < limit / 8; i++) words[8 * i + 1] = 1;  // any address
  const std::uint64_t vector = place(m, p, words);
  expect_no_exec(m, p, E2BIG, "pointers that take all the room", call_execve, with.path, none,
                 vector);
  expect_no_exec(m, p, E2BIG, "pointers that take all the room", call_execve, with.path, vector, 0);
  // Pointers may take more than half of it.
  constexpr std::uint64_t count = 140000;
  const std::uint64_t empty = with.path + prog.size();
  for (std::size_t i = 0; i < count; i++) std::memcpy(&words[8 * i], &empty, 8);
  std::fill(words.begin() + 8 * count, words.end(), 0);
  m.poke(p, vector, words);
  Process* now = try_exec(m, p, call_execve, with.path, vector, 0);
  if (!now) m.give_up("Pointers that take half of the room are refused.");
  expect(word_at(m, *now, now->at_rest.x[reg_sp]) == count, "argc is not the number of arguments.");
}

TEST_CASE("part 2, 4 points: addresses that are none", "[exec][part2]") {
  WithProgram start("exec-fault");
  auto& [m, p] = start;
  const Birth first = run_path(m, p, prog, {"x"});
  Process& now = *first.child;
  auto refuse = [&](const std::string& what, std::uint64_t argv, std::uint64_t envp) {
    const std::uint64_t path = place(m, now, Bytes(prog.c_str(), prog.c_str() + prog.size() + 1));
    expect_no_exec(m, now, EFAULT, what, call_execve, path, argv, envp);
  };
  const std::uint64_t end = place(m, now, {'e', 'n', 'd'}, true);
  auto words = [&](std::vector<std::uint64_t> all, bool ends = false) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(all.data());
    return place(m, now, Bytes(bytes, bytes + all.size() * 8), ends);
  };
  refuse("a vector in no memory", 8, 0);
  refuse("an environment of the kernel's", 0, -4096ul);
  refuse("a vector that leaves its memory", words({end - 100, end - 200}, true), 0);
  refuse("an argument in no memory", words({16, 0}), 0);
  refuse("an argument that leaves its memory", words({end, 0}), 0);
  refuse("a variable of the kernel's", words({end - 100, 0}), words({end - 100, 1ul << 63, 0}));
  end_child(m, p, first);
}

TEST_CASE("part 2, 3 points: what the kernel keeps of arguments", "[exec][part2]") {
  WithProgram start("exec-kept");
  auto& [m, p] = start;
  Texts argv = draw_texts(m, 10, 28);
  argv[2] = draw_text(m, 90, 40), argv[7] = draw_text(m, 31, 31);
  for (std::size_t count : {10, 3, 1}) {
    argv.resize(count);
    Process& now = *run_path(m, p, prog, argv, {"e=f"}).child;
    Bytes wanted(260, 0);
    wanted[0] = static_cast<std::uint8_t>(std::min(count, 8ul));
    for (std::size_t i = 0; i < wanted[0]; i++)
      std::ranges::copy(argv[i].substr(0, 31), wanted.begin() + 4 + 32 * std::ptrdiff_t(i));
    const std::uint64_t at = put(m, now, Bytes(260, 0xa5));
    expect(m.call(now, call_getargs, at) == wanted[0] && m.peek(now, at, 260) == wanted,
           "getargs does not tell the first eight arguments of execve, cut to 31 characters.");
  }
}

TEST_CASE("part 2, 2 points: the arguments of a script's interpreter", "[exec][part2]") {
  WithProgram start("exec-script");
  auto& [m, p] = start;
  const std::string path = "/tmp/script";
  for (const std::string option : {"", "-x y"}) {
    const std::string text = "#!" + prog + " " + option + "\n";
    const std::uint64_t fd = open_file(m, p, path, open_both | open_create | open_cut);
    write_at(m, p, fd, 0, Bytes(text.begin(), text.end()));
    m.call(p, call_close, fd);
    m.call(p, call_fchmodat, -100, put_text(m, p, path), 0755);
    Texts wanted = {prog, path, "one", "two"};
    if (!option.empty()) wanted.insert(wanted.begin() + 1, option);
    expect_stack(m, *run_path(m, p, path, {"gone", "one", "two"}, {"v"}).child, wanted, {"v"});
  }
  // What the script's first argument took is free for the interpreter's.
  constexpr std::size_t limit = 2 << 20, longest = (128 << 10) - 1;
  Texts large(15, std::string(longest, 'l'));
  const std::size_t rest = limit - (path.size() + 1) - 15 * (longest + 1) - 16 * 8;
  large.push_back(std::string(rest - 1, 'r'));
  Texts wanted = large;
  wanted[0] = path;
  wanted.insert(wanted.begin(), {prog, "-x y"});
  expect_stack(m, *run_path(m, p, path, large).child, wanted, {});
}

}  // namespace
}  // namespace test
