// The grader of the lab `boot`, part 3: each student's own report to the firmware.
#include <map>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t mib = 1 << 20, sv39 = 8;

// A machine whose device tree was drawn, up to its first program; and what the harts have reported.
struct Reports {
  std::random_device device;
  std::uint64_t memory = 64 + device() % 64, word = std::uint64_t(device()) << 32 | device();
  Machine m;

  explicit Reports(const std::string& name, int smp, int bytes = 8)
      : m([&] {
          Case what{.name = name, .million = 1000, .smp = smp};
          what.memory = std::to_string(memory) + "M";
          what.watches_firmware = true;
          if (bytes == 4) word &= 0xffffffff;
          what.tree = [this, bytes](DeviceTree& tree) {
            const std::string value =
                bytes == 4 ? DeviceTree::cell(word) : DeviceTree::number(word);
            if (bytes)
              tree.root.child("chosen").set("tine," + std::to_string(task("property")), value);
          };
          if (bytes == 0) word = task("default");
          return what;
        }()) {}
  // The reports of each hart.
  std::map<int, std::vector<FirmwareCall>> all() {
    std::map<int, std::vector<FirmwareCall>> found;
    for (const FirmwareCall& call : m.firmware_calls()) {
      if (call.extension() == task("extension") && call.function() == task("function"))
        found[call.hart].push_back(call);
    }
    return found;
  }
  static std::uint64_t argument(const FirmwareCall& call, const std::string& name) {
    return call.registers.x[reg_a0 + task(name)];
  }
  // A report, and what is right in all of them.
  void expect_right(const FirmwareCall& call, std::size_t harts) {
    expect(argument(call, "id_at") == std::uint64_t(call.hart),
           "A hart should report its own id in a" + std::to_string(task("id_at")) + ".");
    expect(argument(call, "memory_at") == memory * mib / task("unit"),
           "A hart reports another size of memory than the device tree has.");
    expect(argument(call, "harts_at") == harts,
           "A hart reports another number of harts: " + std::to_string(argument(call, "harts_at")) +
               " instead of " + std::to_string(harts) + ".");
    expect(call.satp >> 60 == sv39, "A hart reports before it has a page table.");
    // The first page table maps the kernel at its physical address, too.
    const std::uint64_t root = (call.satp & ((1ul << 44) - 1)) * page;
    expect(m.word(root + (PhysicalMemory::base >> 30) * 8) == 0,
           "A hart reports before it uses the kernel's final page table.");
  }
};

TEST_CASE("part 3, 10 points: the first hart reports to the firmware", "[boot][part3]") {
  for (int i = 0; i < 2; i++) {
    Reports reports("boot-report", 1);
    auto all = reports.all();
    expect(all[0].size() == 1,
           "Before the first program runs the firmware should get one report of "
           "your hart, and gets " +
               std::to_string(all[0].size()) + ".");
    reports.expect_right(all[0][0], 1);
    for (int turn = 0; turn < 100; turn++) reports.m.call(reports.m.first(), call_yield);
    expect(reports.all()[0].size() == 1, "A hart reports more than once.");
  }
}

TEST_CASE("part 3, 10 points: the report has the number of the device tree", "[boot][part3]") {
  for (int bytes : {8, 4, 0}) {
    Reports reports("boot-word", 1, bytes);
    auto all = reports.all();
    expect(!all[0].empty(), "The firmware gets no report of yours.");
    expect(Reports::argument(all[0][0], "word_at") == reports.word,
           "The report has another number than the device tree" +
               std::string(bytes ? ", which has one of " + std::to_string(bytes) + " bytes."
                                 : " should make it have, which has no such property."));
  }
}

TEST_CASE("part 3, 10 points: the other harts report, each for itself", "[boot][part3]") {
  for (int smp : {2, 4}) {
    Reports reports("boot-reports-" + std::to_string(smp), smp);
    Machine& m = reports.m;
    for (int turn = 0; turn < 1000 && int(reports.all().size()) < smp; turn++)
      m.call(m.first(), call_yield);
    auto all = reports.all();
    for (int hart : m.harts()) {
      expect(all[hart].size() == 1, "Each hart should report once, and hart " +
                                        std::to_string(hart) + " does " +
                                        std::to_string(all[hart].size()) + " times.");
      reports.expect_right(all[hart][0], std::size_t(smp));
      expect(Reports::argument(all[hart][0], "word_at") == reports.word,
             "Another hart than the first reports another number.");
    }
  }
}

}  // namespace
}  // namespace test
