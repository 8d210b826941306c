/*
 * A plugin for QEMU that counts the instructions of a program; test/tools/measure reads what it
 * writes.
 *
 * The kernel takes no traps while it runs, so each way into it begins in user mode, and its cause
 * is told by the first of the functions in `places` (lines: address, cause) that is reached. All
 * instructions in the kernel until the next one in user mode are counted for that cause.
 * Instructions count from the one that comes after the first execve by a child of init (the
 * program's first), to the last return to user mode before init switches the machine off (so the
 * program's end is in it).
 *
 * Arguments: places=FILE, out=FILE. Only for one hart.
 */
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

// As much of QEMU's plugin interface as is needed. (Debian's packages have no header for it.)
extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
using Executed = void (*)(unsigned hart, void* data);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb*, std::size_t index);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn*);
#if PLUGIN_VERSION < 3
const void* qemu_plugin_insn_data(const qemu_plugin_insn*);
#else
std::size_t qemu_plugin_insn_data(const qemu_plugin_insn*, void* to, std::size_t size);
#endif
void qemu_plugin_register_vcpu_tb_trans_cb(std::uint64_t id,
                                           void (*)(std::uint64_t id, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn*, Executed, int flags, void* data);
void qemu_plugin_register_atexit_cb(std::uint64_t id, void (*)(std::uint64_t id, void* data),
                                    void* data);
int qemu_plugin_version = PLUGIN_VERSION;
int qemu_plugin_install(std::uint64_t id, const void* machine, int argc, char** argv);
}

namespace {

constexpr std::uint64_t user_end = 1ull << 38;

struct Row {
  std::uint64_t entries = 0;
  std::uint64_t instructions = 0;
  std::uint64_t atomics = 0;
};
struct Count {
  std::uint64_t user = 0;
  std::map<std::string, Row> causes;
};

// Nothing here is destroyed: the hart still runs while QEMU ends.
enum class State { before, execs, counts } state = State::before;
auto& places = *new std::map<std::uint64_t, std::string>;
auto& count = *new Count;      // so far
auto& at_return = *new Count;  // at the last return to user mode
bool in_kernel = false;
std::uint64_t pending = 0;  // instructions in the kernel since it was entered
std::uint64_t atomics = 0;  // those of them that read and write memory in one step
const std::string* cause = nullptr;
auto& out = *new std::string;

// The kernel is left: what it did is counted for what it was entered for.
void end_entry() {
  if (!in_kernel) return;
  in_kernel = false;
  if (state == State::execs)
    state = State::counts;
  else if (state == State::counts) {
    Row& row = count.causes[cause ? *cause : "exception"];
    row.entries++;
    row.instructions += pending;
    row.atomics += atomics;
  }
  at_return = count;
  pending = atomics = 0;
  cause = nullptr;
}

void in_user_mode(unsigned, void*) {
  end_entry();
  if (state == State::counts) count.user++;
}

void in_the_kernel(unsigned, void*) {
  in_kernel = true;
  pending++;
}

void at_atomic(unsigned, void*) { atomics++; }

void at_place(unsigned, void* data) {
  if (cause) return;
  cause = static_cast<const std::string*>(data);
  if (state == State::before && *cause == "execve") state = State::execs;
}

std::uint8_t first_byte(const qemu_plugin_insn* instruction) {
#if PLUGIN_VERSION < 3
  return *static_cast<const std::uint8_t*>(qemu_plugin_insn_data(instruction));
#else
  std::uint8_t byte = 0;
  qemu_plugin_insn_data(instruction, &byte, 1);
  return byte;
#endif
}

void translated(std::uint64_t, qemu_plugin_tb* block) {
  for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
    qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
    std::uint64_t address = qemu_plugin_insn_vaddr(instruction);
    // 0x80000000: the firmware, and the kernel before paging is on.
    if (address >= 0x80000000 && address < 0x100000000) continue;
    Executed mode = address < user_end ? in_user_mode : in_the_kernel;
    qemu_plugin_register_vcpu_insn_exec_cb(instruction, mode, 0, nullptr);
    // The specification's major opcode AMO.
    if (address >= user_end && (first_byte(instruction) & 0x7f) == 0x2f)
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_atomic, 0, nullptr);
    if (auto place = places.find(address); address >= user_end && place != places.end())
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_place, 0, &place->second);
  }
}

void ended(std::uint64_t, void*) {
  std::FILE* file = std::fopen(out.c_str(), "w");
  if (!file) return;
  std::fprintf(file, "user\t1\t%" PRIu64 "\t0\n", at_return.user);
  for (const auto& [name, row] : at_return.causes)
    std::fprintf(file, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", name.c_str(), row.entries,
                 row.instructions, row.atomics);
  std::fclose(file);
}

}  // namespace

int qemu_plugin_install(std::uint64_t id, const void*, int argc, char** argv) {
  for (int i = 0; i < argc; i++) {
    if (std::strncmp(argv[i], "out=", 4) == 0) out = argv[i] + 4;
    if (std::strncmp(argv[i], "places=", 7) != 0) continue;
    std::FILE* file = std::fopen(argv[i] + 7, "r");
    if (!file) return 1;
    std::uint64_t address;
    char name[64];
    while (std::fscanf(file, "%" SCNx64 " %63[^\n]", &address, name) == 2) places[address] = name;
    std::fclose(file);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, nullptr);
  return 0;
}
