// Machines that are not QEMU's usual one: each boots, or says in one line what cures it.
#include "catch.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace test {
namespace {

Options board(const std::string& log, const std::string& command = "meminfo") {
  Options options;
  options.log = "board-" + log;
  options.init_args = command;
  return options;
}

// Two nodes of 128 MiB.
const std::vector<std::string> two_nodes = {"-object", "memory-backend-ram,id=a,size=128M",
                                            "-object", "memory-backend-ram,id=b,size=128M",
                                            "-numa",   "node,memdev=a",
                                            "-numa",   "node,memdev=b"};

// QEMU's device tree for three nodes of 128, 64 and 64 MiB, in which the second is as large as two,
// and the third lies behind a gap.
void write_tree_with_gap(const std::string& path, const std::vector<std::string>& nodes) {
  std::string command = "qemu-system-riscv64 -machine virt,dumpdtb=" + path + " -smp 4 -m 256M";
  for (const std::string& word : nodes) command += " " + word;
  const std::string said = output_of(command + " 2>&1");
  std::ifstream in(path, std::ios::binary);
  std::string tree(std::istreambuf_iterator<char>(in), {});
  auto region = [](char start, char size) {
    return std::string(4, 0) + start + std::string(3 + 4, 0) + size + std::string(3, 0);
  };
  auto replace = [&](const std::string& from, const std::string& to) {
    const std::size_t at = tree.find(from);
    if (at == std::string::npos) throw NotJudged("no such node in QEMU's device tree: " + said);
    tree.replace(at, from.size(), to);
  };
  replace(region('\x88', 4), region('\x88', 8));
  replace(region('\x8c', 4), region('\x94', 4));
  std::ofstream(path, std::ios::binary) << tree;
}

// What a machine says that cannot be used.
std::string last_words(const Options& options) {
  Guest guest(options);
  try {
    guest.wait_exit();
  } catch (const Failed&) {
    return guest.console();
  }
  return "";
}

}  // namespace

TEST_CASE("without floating-point registers a program that multiplies is ended", "[boot]") {
  Options options = board("without-fp", "/test/multiply");
  CHECK(Guest(options).wait_exit() == 0);
  // Zfa needs F: a QEMU that knows Zfa wants it to be left out, too.
  const bool knows_zfa =
      std::system(
          "qemu-system-riscv64 -machine virt,dumpdtb=/dev/null -cpu rv64,zfa=off "
          "> /dev/null 2>&1") == 0;
  options.cpu = knows_zfa ? "rv64,f=off,d=off,zfa=off" : "rv64,f=off,d=off";
  CHECK(Guest(options).wait_exit() == 128 + 4);  // SIGILL
  options.init_args = "fork_test";
  CHECK(Guest(options).wait_exit() == 0);
}

TEST_CASE("two nodes of memory that follow each other are all of the memory", "[boot]") {
  Options options = board("numa");
  options.extra = two_nodes;
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  CHECK_THAT(guest.console(), contains("Tine: 256 MiB, "));
}

TEST_CASE("a node of memory that lies apart is named and not used", "[boot]") {
  Options options = board("numa-gap");
  const std::string tree = "/tmp/tine-gap-" + std::to_string(getpid()) + ".dtb";
  options.extra = {"-object", "memory-backend-ram,id=a,size=128M",
                   "-object", "memory-backend-ram,id=b,size=64M",
                   "-object", "memory-backend-ram,id=c,size=64M",
                   "-numa",   "node,memdev=a",
                   "-numa",   "node,memdev=b",
                   "-numa",   "node,memdev=c"};
  write_tree_with_gap(tree, options.extra);
  options.extra.insert(options.extra.end(), {"-dtb", tree});
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  unlink(tree.c_str());
  CHECK_THAT(guest.console(), contains("64 MiB of memory at 0x94000000 lie apart"));
  CHECK_THAT(guest.console(), contains("Tine: 256 MiB"));
}

TEST_CASE("more harts than can be used are counted in one line", "[boot]") {
  Options options = board("nine-harts");
  options.smp = 9;
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  CHECK_THAT(guest.console(), contains("there are 9 harts: only 8 can be used\r\n"));
}

TEST_CASE("initial files that are too large for the memory are told with a cure", "[boot]") {
  const std::string files = "build/logs/large.cpio";
  std::ofstream(files).seekp((60 << 20) - 1).put(0);
  const std::string said = output_of("test/tools/run-qemu --mem 100M --kernel " + kernel_path() +
                                     " --initrd " + files + " 2>&1");
  unlink(files.c_str());
  CHECK(said ==
        "run-qemu: the initial files take 60 MiB, and twice that until they are unpacked: too much "
        "for MEM=100M. Cure: MEM=192M, or a smaller ROOTFS\n");
}

TEST_CASE("a machine without a PLIC is told how it gets one", "[boot]") {
  Options options = board("aplic");
  options.machine = "virt,aia=aplic";
  CHECK_THAT(last_words(options),
             contains("no PLIC or no UART (QEMU has both with -machine virt, without aia=)"));
}

TEST_CASE("the log is on the console until the first program, then only in dmesg",
          "[boot][wing-dmesg]") {
  Options options;
  options.log = "dmesg";
  options.kernel_args = "nonsense";
  Guest guest(options);
  CHECK_THAT(guest.expect(prompt), contains("command line: 'nonsense' is unknown"));
  CHECK_THAT(guest.run("dmesg"), contains("] command line: 'nonsense' is unknown"));
  CHECK_THAT(guest.run("dmesg"), contains("] Tine: 256 MiB, 4 harts"));
}

TEST_CASE("why a program crashed stands on the console, unless log= chose other things",
          "[boot][wing-dmesg]") {
  for (const char* arguments : {"", "log=exec"}) {
    Options options;
    options.log = "crash-line";
    options.kernel_args = arguments;
    Guest guest(options);
    guest.expect(prompt);
    const bool is_shown = *arguments == 0;
    const std::string said = guest.run("crash null-write");
    CHECK((said.find("bad store at address 0x0") != said.npos) == is_shown);
    CHECK((said.find("exec: ") != said.npos) == !is_shown);
    CHECK_THAT(guest.run("dmesg"), contains("bad store at address 0x0"));
  }
}

}  // namespace test
