// The grader of the lab `exec`, part 1: what a file becomes in memory.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"
#include "labs/programs.hh"

namespace test {
namespace {

constexpr std::uint32_t r = PF_R, w = PF_W, x = PF_X;
const std::string hello = "/bin/hello", echo = "/bin/echo";

// An address in the middle of a page, far from the observer.
std::uint64_t draw_place(Machine& m, std::uint64_t from) {
  return from + m.draw() % 10000 * page + 8 + 8 * (m.draw() % 500);
}

Bytes operator+(Bytes all, const Bytes& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The process loads from each page, and the memory must hold these bytes.
void expect_bytes(Machine& m, Process& p, std::uint64_t at, const Bytes& wanted,
                  const std::string& reason) {
  for (std::uint64_t each = at / 8 * 8; each < at + wanted.size(); each = (each / page + 1) * page)
    m.load(p, each);
  expect(m.peek(p, at, wanted.size()) == wanted, reason);
}

TEST_CASE("part 1, 5 points: segments have their places, bytes and rights", "[exec][part1]") {
  Machine m({"exec-segments"});
  Process& p = m.first();
  struct Piece {
    std::uint64_t at;
    Bytes bytes;
    std::uint32_t flags;
  };
  std::vector<Piece> pieces;
  const std::pair<std::uint64_t, std::uint32_t> places[] = {{user_base - 8, r | x},
                                                            {0x10000000, r | w},
                                                            {0x20000000, r},
                                                            {0x70000000, r | w},
                                                            {0x3e00000000, r}};
  ProgramFile file(m);
  for (const auto& [from, flags] : places) {
    const std::uint64_t at = from < user_base ? user_base : draw_place(m, from);
    pieces.push_back({at, m.draw_bytes(2 * page + 8 * (m.draw() % 400)), flags});
    file.add(at, pieces.back().bytes, pieces.back().bytes.size(), flags);
  }
  for (int i = 0; i < 6; i++) file.add_header(PT_NOTE);  // one header more than are read at a time
  file.add(0x50000000, {1}, 1, r);
  file.install(m, p, hello);
  Process& now = *run_app(m, p, app_hello).child;
  for (const auto& [at, bytes, flags] : pieces) {
    expect_bytes(m, now, at, bytes, "A segment is not where the file wants it, with its bytes.");
    const std::uint64_t first = at / page * page, last = (at + bytes.size() - 1) / page * page;
    if (flags & w) m.store(now, at, m.draw());
    const auto mapping = m.walk(now, at);
    expect(mapping->readable && mapping->writable == bool(flags & w) &&
               mapping->executable == bool(flags & x),
           "A segment's pages do not have the rights that the file says.");
    if (!(flags & w))
      expect_death(m, now, at, SIGSEGV, "A segment can be written, and should not.");
    for (std::uint64_t other : {first - page, last + page})
      expect_death(m, now, other, SIGSEGV, "There is memory around a segment.");
  }
  expect(m.load(now, 0x50000000) % 256 == 1, "Not all headers of the file were looked at.");
}

TEST_CASE("part 1, 4 points: what the file does not fill is zero, to the byte", "[exec][part1]") {
  Machine m({"exec-zeros"});
  Process& p = m.first();
  ProgramFile file(m);
  struct Piece {
    std::uint64_t at;
    std::size_t bytes, zeros;
    std::uint32_t flags;
  };
  // Ends within a page, at its border, before it; without a byte; of rights of all kinds.
  const Piece pieces[] = {{0x10000123, 5000, 9000, r | w}, {0x20000010, 77, 100, r | w},
                          {0x30000800, 2048, 4096, r | w}, {0x40000040, 4999, 7000, r},
                          {0x70000abc, 0, 5000, r | w},    {0x71000010, 33, 4000, r | x}};
  std::vector<Bytes> wanted;
  for (const auto& [at, bytes, zeros, flags] : pieces) {
    const Bytes some = m.draw_bytes(bytes);
    file.add(at, some, bytes + zeros, flags);
    const std::uint64_t end = (at + bytes + zeros + page - 1) / page * page;
    wanted.push_back(some + Bytes(end - at - bytes, 0));
  }
  // A segment of zeros alone begins where another one ends.
  const Bytes before = m.draw_bytes(300);
  file.add(0x72000000, before, before.size(), r | w);
  file.add(0x72000000 + before.size(), {}, 2 * page, r | w);
  file.install(m, p, hello);
  Process& now = *run_app(m, p, app_hello).child;
  for (std::size_t i = 0; i < std::size(pieces); i++) {
    const auto& [at, bytes, zeros, flags] = pieces[i];
    expect_bytes(m, now, at, wanted[i], "After the bytes of the file, a segment should be zeros.");
    const auto mapping = m.walk(now, at);
    expect(mapping->executable == bool(flags & x),
           "Zeros were made, and a page's rights are others.");
    const std::uint64_t last = (at + bytes + zeros - 1) / page * page;
    if (flags & w) m.store(now, at / 8 * 8, 1), m.store(now, last, 1);
    if (!(flags & w)) {
      expect_death(m, now, at / 8 * 8, SIGSEGV, "A segment can be written, and should not.");
      expect_death(m, now, last, SIGSEGV, "Zeros of a segment can be written, and should not.");
    }
    expect_death(m, now, last + page, SIGSEGV, "There is memory after a segment.");
  }
  expect_bytes(m, now, 0x72000000, before + Bytes(2 * page, 0),
               "A segment has overwritten another.");
}

TEST_CASE("part 1, 4 points: pages come when they are touched, and are the file's",
          "[exec][part1]") {
  Machine m({"exec-lazy"});
  Process& p = m.first();
  const std::uint64_t text = draw_place(m, 0x10000000) / page * page, data = text + 8 * page;
  const Bytes bytes = m.draw_bytes(4 * page);
  ProgramFile file(m);
  file.add(text, bytes, bytes.size(), r);
  file.add(data, bytes, bytes.size(), r | w);
  file.install(m, p, hello);
  Process& one = *run_app(m, p, app_hello).child;
  Process& two = *run_app(m, p, app_hello).child;
  for (std::uint64_t at : {text, data}) {
    for (std::uint64_t i = 0; i < 4; i++)
      expect(!m.walk(one, at + i * page), "A page is mapped that the program has not touched yet.");
    expect(frame_at(m, one, at + page) == frame_at(m, two, at + page),
           "Two processes run one file, and have two frames for a page that is only read.");
  }
  const std::uint64_t value = m.draw();
  m.store(one, data + page, value);
  expect(m.load(one, data + page) == value &&
             frame_at(m, one, data + page) != frame_at(m, two, data + page),
         "A program's store does not make the page its own.");
  expect_bytes(m, two, data, bytes, "What one program stores is seen by another one.");
  expect_bytes(m, *run_app(m, p, app_hello).child, data, bytes, "A program has changed its file.");
}

TEST_CASE("part 1, 5 points: nothing of the old program is left, but what should be",
          "[exec][part1]") {
  Machine m({"exec-fresh"});
  Process& p = m.first();
  ProgramFile(m).install(m, p, hello);
  Birth birth = fork_of(m, p);
  Process& old = *birth.child;
  const std::uint64_t memory = map_pages(m, old, 2), kept = make_pipe(m, old).to;
  m.touch(old, memory, 2, 1);
  m.call(old, call_dup3, kept, 40, 02000000);  // O_CLOEXEC
  set_action(m, old, SIGUSR1, sa_restart, bit_of(SIGHUP));
  set_handler(m, old, SIGUSR2, ignore_signal);
  block(m, old, bit_of(SIGTERM) | bit_of(SIGUSR1));
  m.call(old, call_kill, birth.pid, SIGTERM);
  make_alternate_stack(m, old);
  m.call(old, call_brk, m.call(old, call_brk, 0) + 3 * page);
  Registers with = old.at_rest;
  with.x[reg_a0] = place(m, old, m.draw_bytes(256));
  m.step(old, "step_load_fp", with);
  run_instruction(m, old, 0x00359073, drawn_fcsr);  // fscsr a1
  for (unsigned i = 1; i < 32; i++) old.at_rest.x[i] = m.draw();
  Process* now = try_exec(m, old, call_exec, app_hello);
  if (!now) m.give_up("exec fails with " + error_name(old.at_rest.x[reg_a0]) + ".");
  const Registers first = now->at_rest;
  for (unsigned i = 1; i < 32; i++)
    expect(i == reg_sp || first.x[i] == 0,
           "A register of a new program is not 0: x" + std::to_string(i) + ".");
  expect(first.x[reg_sp] % 16 == 0, "The stack pointer of a new program is no multiple of 16.");
  m.store(*now, first.x[reg_sp] - 20 * page, 1);
  expect(!m.walk(*now, memory), "Memory of the old program is still mapped.");
  expect_death(m, *now, memory, SIGSEGV, "Memory of the old program can still be used.");
  with = first, with.x[reg_a0] = m.label("initialised");
  m.store(*now, with.x[reg_a0], 1);
  m.step(*now, "step_store_fp", with);
  expect(m.peek(*now, with.x[reg_a0], 256) == Bytes(256, 0), "Floating-point registers are not 0.");
  expect(run_instruction(m, *now, read_fcsr) == 0, "The register fcsr is not 0.");
  expect(m.call(*now, call_getpid) == birth.pid, "exec has changed the pid.");
  expect(blocked(m, *now) == (bit_of(SIGTERM) | bit_of(SIGUSR1)),
         "exec has changed the blocked signals.");
  const std::uint64_t pending = put_words(m, *now, {0});
  m.call(*now, call_sigpending, pending, 8);
  expect(word_at(m, *now, pending) == bit_of(SIGTERM), "A pending signal is lost.");
  for (const auto& [signal, wanted] : {std::pair{SIGUSR1, 0ul}, {SIGUSR2, 1ul}, {SIGHUP, 0ul}}) {
    const std::uint64_t at = put_words(m, *now, {7, 7, 7});
    m.call(*now, call_sigaction, signal, 0, at, 8);
    expect(word_at(m, *now, at) == wanted && word_at(m, *now, at + 8) == 0 &&
               word_at(m, *now, at + 16) == 0,
           "A handler of the old program is left, or an ignored signal is not ignored any more.");
  }
  const std::uint64_t stack = put_words(m, *now, {7, 7, 7});
  m.call(*now, call_sigaltstack, 0, stack);
  expect(word_at(m, *now, stack + 8) % 4 == 2, "The old program's alternate stack is left.");
  expect(m.call(*now, call_dup3, 40, 41, 0) == minus(EBADF),
         "A descriptor with O_CLOEXEC is still open.");
  expect(m.call(*now, call_dup3, kept, 41, 0) == 41, "A descriptor without O_CLOEXEC is closed.");
  const std::uint64_t end = m.label("uninitialised") + 4 * page, heap = m.call(*now, call_brk, 0);
  expect(heap >= end && heap - end < 16ul << 30, "The heap does not begin after the program.");
  expect(m.call(*now, call_brk, heap + page) == heap + page,
         "The heap of a new program cannot grow.");
  m.store(*now, (heap + page - 1) / 8 * 8, 1);
  birth.child = now;
  end_child(m, p, birth);
}

TEST_CASE("part 1, 4 points: execv keeps eight arguments of 31 characters", "[exec][part1]") {
  Machine m({"exec-fixed"});
  Process& p = m.first();
  ProgramFile(m).install(m, p, hello);
  auto expect_args = [&](Process& now, const std::vector<std::string>& wanted) {
    const std::uint64_t at = put(m, now, Bytes(260, 0xa5));
    Bytes all(260, 0);
    all[0] = static_cast<std::uint8_t>(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); i++)
      std::ranges::copy(wanted[i], all.begin() + 4 + 32 * std::ptrdiff_t(i));
    expect(m.call(now, call_getargs, at) == wanted.size() && m.peek(now, at, 260) == all,
           "getargs does not tell the arguments of execv, with zeros after each of them.");
    expect(word_at(m, now, now.at_rest.x[reg_sp]) == 0,
           "A program that execv has started should find argc = 0 on its stack.");
  };
  auto vector_of = [&](Process& at, const std::vector<std::string>& texts) {
    return arguments_of(m, at, "", texts, {}, 4).argv;
  };
  expect_args(*run_app(m, p, app_hello).child, {"hello"});
  for (std::size_t count : {3, 8, 0, 1}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; i++) texts.push_back(draw_text(m, 31, i == 2 ? 31 : 0));
    expect_args(*run_app(m, p, app_hello, vector_of(p, texts)).child, texts);
  }
  Process& q = *fork_of(m, p).child;
  auto refuse = [&](std::uint64_t error, const std::string& what, std::uint64_t argv) {
    expect_no_exec(m, q, error, what, call_execv, app_hello, argv);
  };
  refuse(E2BIG, "nine arguments", vector_of(q, std::vector<std::string>(9, "a")));
  refuse(E2BIG, "an argument of 32 characters", vector_of(q, {"a", draw_text(m, 32, 32)}));
  refuse(EFAULT, "a vector in no memory", 8);
  refuse(EFAULT, "an argument in no memory", put_words(m, q, {8, 0}));
  refuse(EFAULT, "an argument that leaves its memory",
         put_words(m, q, {place(m, q, {1, 2}, true), 0}));
  expect_no_exec(m, q, ENOENT, "an app that there is not", call_exec, 99);
}

TEST_CASE("part 1, 4 points: a file that is no program changes nothing", "[exec][part1]") {
  Machine m({"exec-refused", 300});
  Process& p = m.first();
  ProgramFile(m).install(m, p, hello);
  const Birth birth = run_app(m, p, app_hello);
  Process& now = *birth.child;
  const std::uint64_t value = m.draw();
  m.store(now, m.label("initialised"), value);
  auto refuse = [&](const std::string& what, std::uint64_t error, auto change) {
    ProgramFile file(m);
    file.add(0x70000000, m.draw_bytes(2 * page), 3 * page, r | w);
    change(file, file.headers.back());
    file.install(m, p, echo);
    expect_no_exec(m, now, error, "a file with " + what, call_exec, app_echo);
    expect(m.load(now, m.label("initialised")) == value,
           "A failed exec has changed the old program.");
  };
  using File = ProgramFile;
  using Header = Elf64_Phdr;
  refuse("another magic", ENOEXEC, [](File& f, Header&) { f.head.e_ident[1] = 'F'; });
  refuse("another machine", ENOEXEC, [](File& f, Header&) { f.head.e_machine = 62; });
  refuse("more bytes than memory", ENOEXEC, [](File&, Header& h) { h.p_memsz = h.p_filesz - 1; });
  refuse("an offset that does not fit the address", ENOEXEC,
         [](File&, Header& h) { h.p_offset += 8; });
  refuse("a segment that wraps", ENOEXEC, [](File&, Header& h) { h.p_memsz = -h.p_vaddr + page; });
  refuse("an offset above all files", ENOEXEC,
         [](File&, Header& h) { h.p_offset += (1ul << 63) - 3 * page; });
  refuse("an offset that wraps", ENOEXEC,
         [](File&, Header& h) { h.p_offset -= 1ul << 62, h.p_offset |= 3ul << 62; });
  refuse("a segment below USER_BASE", ENOEXEC,
         [](File&, Header& h) { h.p_vaddr = user_base - page; });
  refuse("a segment above the user's half", ENOEXEC,
         [](File&, Header& h) { h.p_vaddr = user_top - 2 * page; });
  refuse("a segment of the kernel's", ENOEXEC, [](File&, Header& h) { h.p_vaddr = -(4ul << 30); });
  refuse("a segment in its stack", EEXIST, [&](File&, Header& h) {
    h.p_vaddr = user_top - (1ul << 30) - page, h.p_memsz = 1ul << 30;  // wherever its stack is
  });
  refuse("an end in its data", ENOEXEC,
         [](File& f, Header& h) { h.p_filesz += 100, h.p_offset += 4 * page, f.cut = 1; });
  end_child(m, p, birth);
}

TEST_CASE("part 1, 2 points: programs that are gone have given everything back", "[exec][part1]") {
  SmallMachine small("exec-give-back", 2000);
  Machine& m = small.m;
  Process* p = &m.first();
  ProgramFile good(m), bad(m);
  good.add(0x70000000, m.draw_bytes(3 * page), 5 * page, r | w);
  bad.add(0x70000000, m.draw_bytes(100), 5 * page, r | w);
  bad.add(0x71000000, m.draw_bytes(100), 5 * page, r | w).p_vaddr = user_base - page;
  good.install(m, *p, hello);
  bad.install(m, *p, echo);
  Birth birth = run_app(m, *p, app_hello);
  for (int round = 0; round < 60; round++) {
    m.touch(*birth.child, 0x70000000, 5, 1);
    for (int i = 0; i < 3; i++)
      expect(failed(m.call(*birth.child, call_exec, app_echo)), "A bad file is started.");
    Process* now = try_exec(m, *birth.child, call_exec, app_hello);
    if (!now) m.give_up("After many programs in one process, exec fails: what is not given back?");
    birth.child = now;
  }
  end_child(m, *p, birth);
  small.expect_eater();
}

}  // namespace
}  // namespace test
