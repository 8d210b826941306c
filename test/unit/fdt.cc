#include "dev/fdt.hh"

#include <functional>
#include <string>
#include <vector>

#include "catch.hh"
#include "dev/machine.hh"
#include "fdt_builder.hh"

using namespace tine;
using test::Bytes;
using test::FdtBuilder;

namespace {

// Everything that can be asked of a tree, for trees that may be damaged.
std::size_t look_at_everything(const Fdt& tree) {
  std::size_t seen = 0;
  tree.for_each_node([&](const FdtNode& node) {
    seen += node.name.size();
    for (auto name : {"compatible", "reg", "status", "phandle", "interrupts", "nothing"}) {
      auto property = node.property(name);
      if (!property) continue;
      seen += property->contains("x") + property->text().size() + property->number().value_or(0);
    }
    for (std::size_t i = 0; node.region(i); i++) seen++;
  });
  MachineDescription machine = describe_machine(tree);
  return seen + machine.harts.count + machine.bootargs.size() + machine.rng_seed.size();
}

// Calls `look` with the one node of that name.
void at(const Fdt& tree, std::string_view name, std::function<void(const FdtNode&)> look) {
  unsigned found = 0;
  tree.for_each_node([&](const FdtNode& node) {
    if (node.name == name) found++, look(node);
  });
  CHECK(found == 1);
}

}  // namespace

TEST_CASE("every node is visited once, parents before their children") {
  Bytes blob = test::virt_tree();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  CHECK(Fdt::size_of(blob) == blob.size());
  std::vector<std::string> paths;
  tree->for_each_node([&](const FdtNode& node) {
    std::string path;
    unsigned above = 1;
    for (const FdtNode* at = &node; at->parent; at = at->parent) {
      path = "/" + std::string(at->name) + path;
      above++;
    }
    CHECK(node.depth == above);
    paths.push_back(path);
  });
  CHECK(paths == std::vector<std::string>{
                     "", "/chosen", "/reserved-memory", "/reserved-memory/mmode_resv0@80000000",
                     "/memory@80000000", "/cpus", "/cpus/cpu@0", "/cpus/cpu@0/interrupt-controller",
                     "/cpus/cpu@1", "/cpus/cpu@1/interrupt-controller", "/cpus/cpu@2",
                     "/cpus/cpu@2/interrupt-controller", "/cpus/cpu-map", "/cpus/cpu-map/cluster0",
                     "/soc", "/soc/rtc@101000", "/soc/serial@10000000", "/soc/test@100000",
                     "/soc/plic@c000000"});
}

TEST_CASE("compatible is a list, and any of its strings will do") {
  Bytes blob = test::virt_tree();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  at(*tree, "test@100000", [](const FdtNode& node) {
    CHECK(node.is_compatible("sifive,test0"));
    CHECK(node.is_compatible("syscon"));
    CHECK(!node.is_compatible("sifive"));
    CHECK(!node.is_compatible(""));
    CHECK(node.is_child_of("soc"));
    CHECK(!node.is_a("cpu"));
  });
  at(*tree, "cpu@1", [](const FdtNode& node) {
    CHECK(node.is_a("cpu"));
    CHECK(!node.is_enabled());
    CHECK(!node.is_compatible("nothing"));
  });
  at(*tree, "", [](const FdtNode& node) { CHECK(!node.is_child_of("")); });
}

TEST_CASE("reg is read with the cells that the parent gives") {
  FdtBuilder b;
  b.begin("").cells("#address-cells", {1}).cells("#size-cells", {1}).cells("reg", {1, 2, 3});
  b.begin("bus").cells("#address-cells", {2}).cells("#size-cells", {0}).cells("reg", {7, 8, 9, 10});
  b.begin("a").cells("reg", {1, 2, 3, 4, 5});
  b.begin("b").cells("reg", {1, 2, 3}).end();
  b.end();
  b.end();
  b.begin("pci").cells("#address-cells", {3}).cells("#size-cells", {2});
  b.begin("device").cells("reg", {1, 2, 3, 4, 5}).end();
  b.end();
  Bytes blob = b.end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  at(*tree, "", [](const FdtNode& root) { CHECK(!root.region()); });
  at(*tree, "bus", [](const FdtNode& bus) {
    CHECK(bus.region(0)->start == PhysAddr(7));
    CHECK(bus.region(1)->start == PhysAddr(9));
    CHECK(bus.region(1)->size == 10);
    CHECK(!bus.region(2));
  });
  at(*tree, "a", [](const FdtNode& a) {
    CHECK(a.region(0)->start == PhysAddr(0x100000002));
    CHECK(a.region(0)->size == 0);
    CHECK(a.region(1)->start == PhysAddr(0x300000004));
    CHECK(!a.region(2));
  });
  at(*tree, "b", [](const FdtNode& node) {  // nothing is said: two cells and one
    CHECK(node.region(0)->start == PhysAddr(0x100000002));
    CHECK(node.region(0)->size == 3);
  });
  at(*tree, "device", [](const FdtNode& device) { CHECK(!device.region()); });
}

TEST_CASE("properties are read as numbers, cells and strings") {
  FdtBuilder b;
  b.begin("").cells("one", {5}).cells("two", {1, 2}).cells("three", {1, 2, 3}).empty("none");
  b.strings("texts", {"first", "second"}).bytes("open", {std::byte{'x'}});
  Bytes blob = b.end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  at(*tree, "", [](const FdtNode& root) {
    CHECK(root.property("one")->number() == 5);
    CHECK(root.property("two")->number() == 0x100000002);
    CHECK(!root.property("three")->number());
    CHECK(root.property("three")->cell(2) == 3);
    CHECK(!root.property("three")->cell(3));
    CHECK(!root.property("none")->cell());
    CHECK(root.property("none")->text() == "");
    CHECK(root.property("texts")->text() == "first");
    CHECK(root.property("texts")->contains("second"));
    CHECK(!root.property("texts")->contains("seco"));
    CHECK(root.property("open")->text() == "");
    CHECK(!root.property("open")->contains("x"));
    CHECK(!root.property("absent"));
    CHECK(root.number("two") == 0x100000002);
    CHECK(root.number("three") == 0);
    CHECK(root.number("absent") == 0);
  });
}

TEST_CASE("what the kernel wants to know of the machine is gathered") {
  Bytes blob = test::virt_tree();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  MachineDescription machine = describe_machine(*tree);
  REQUIRE(machine.memory.count == 1);
  CHECK(machine.memory.items[0].start == PhysAddr(0x80000000));
  CHECK(machine.memory.items[0].end() == PhysAddr(0x90000000));
  REQUIRE(machine.reserved.count == 2);
  CHECK(machine.reserved.items[0].start == PhysAddr(0xbfe00000));
  CHECK(machine.reserved.items[1].size == 0x80000);
  CHECK(machine.initrd->start == PhysAddr(0x84200000));
  CHECK(machine.initrd->size == 0x34567);
  CHECK(machine.bootargs == "log=fork hz=1000");
  CHECK(machine.rng_seed.size() == 32);
  CHECK(machine.timebase_frequency == 10000000);
  CHECK(machine.has_sstc);
  CHECK(machine.has_double);
  CHECK(machine.uart->base == PhysAddr(0x10000000));
  CHECK(machine.uart->interrupt == 10);
  CHECK(machine.plic->start == PhysAddr(0xc000000));
  CHECK(machine.plic->size == 0x600000);
  CHECK(machine.rtc == PhysAddr(0x101000));
  CHECK(machine.test_device == PhysAddr(0x100000));
}

TEST_CASE("only harts that are okay count, each with its supervisor context of the PLIC") {
  Bytes blob = test::virt_tree();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  MachineDescription machine = describe_machine(*tree);
  REQUIRE(machine.harts.count == 2);
  CHECK(machine.harts.items[0].id == 0);
  CHECK(machine.harts.items[0].plic_context == 1);
  CHECK(machine.harts.items[1].id == 2);
  CHECK(machine.harts.items[1].plic_context == 4);
}

// A machine with one hart, of this `riscv,isa`, with these `riscv,isa-extensions`: i and one more.
static MachineDescription describe_hart(std::string_view isa, std::string_view extension) {
  FdtBuilder b;
  b.begin("").begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
  b.begin("cpu@0").strings("device_type", {"cpu"}).cells("reg", {0});
  b.strings("riscv,isa", {isa}).strings("riscv,isa-extensions", {"i", extension});
  Bytes blob = b.end().end().end().finish();
  return describe_machine(*Fdt::open(blob));
}

TEST_CASE("Sstc may be named in a list of extensions, but not be part of another name") {
  auto has_sstc = [](std::string_view isa, std::string_view extension) {
    return describe_hart(isa, extension).has_sstc;
  };
  CHECK(has_sstc("rv64imac_sstc", ""));
  CHECK(has_sstc("rv64imac_sstc_svadu", ""));
  CHECK(has_sstc("rv64imac", "sstc"));
  CHECK(!has_sstc("rv64imac", "zba"));
  CHECK(!has_sstc("rv64imac_sstcx", "sst"));
  CHECK(!has_sstc("", ""));
}

TEST_CASE("floating point is there if both sizes are: d, or g for all of imafd") {
  auto has_double = [](std::string_view isa, std::string_view extension) {
    return describe_hart(isa, extension).has_double;
  };
  CHECK(has_double("rv64imafdc_zicsr", ""));
  CHECK(has_double("rv64gc", ""));
  CHECK(has_double("rv64imac", "d"));
  CHECK(!has_double("rv64imac_zicond_sstc", "zicond"));
  CHECK(!has_double("rv64imafc", "f"));
  CHECK(!has_double("d", ""));
}

TEST_CASE("all banks of memory are found, of several nodes and in one, and sorted") {
  FdtBuilder b;
  b.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
  b.begin("memory@90000000").strings("device_type", {"memory"});
  b.cells("reg", {0x90000000, 0x1000, 0xa0000000, 0x2000}).end();
  b.begin("memory@80000000").strings("device_type", {"memory"});
  b.cells("reg", {0x80000000, 0x10000000}).end();
  Bytes blob = b.end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  MachineDescription machine = describe_machine(*tree);
  REQUIRE(machine.memory.count == 3);
  CHECK(machine.memory.items[0].start == PhysAddr(0x80000000));
  CHECK(machine.memory.items[0].end() == PhysAddr(0x90000000));
  CHECK(machine.memory.items[1].start == PhysAddr(0x90000000));
  CHECK(machine.memory.items[1].size == 0x1000);
  CHECK(machine.memory.items[2].end() == PhysAddr(0xa0002000));
}

TEST_CASE("of several devices the first one is ours, wherever the PLIC stands") {
  FdtBuilder b;
  b.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
  for (std::uint32_t plic : {0x1000, 0x2000}) {
    b.begin("plic").cells("reg", {plic, 4}).strings("compatible", {"riscv,plic0"});
    b.cells("interrupts-extended", {5, 11, 5, 9}).end();
  }
  for (std::uint32_t uart : {0x10000000, 0x20000000}) {
    b.begin("serial").cells("reg", {uart, 8}).strings("compatible", {"ns16550a"}).end();
  }
  b.begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
  b.begin("cpu@7").strings("device_type", {"cpu"}).cells("reg", {7});
  b.cells("timebase-frequency", {1234});
  b.begin("interrupt-controller").strings("compatible", {"riscv,cpu-intc"}).cells("phandle", {5});
  Bytes blob = b.end().end().end().end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  MachineDescription machine = describe_machine(*tree);
  CHECK(machine.plic->start == PhysAddr(0x1000));
  CHECK(machine.uart->base == PhysAddr(0x10000000));
  CHECK(machine.uart->interrupt == 0);
  CHECK(machine.timebase_frequency == 1234);
  REQUIRE(machine.harts.count == 1);
  CHECK(machine.harts.items[0].plic_context == 1);
}

TEST_CASE("a machine of which nothing is said is described as nothing") {
  Bytes blob = FdtBuilder().begin("").end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  MachineDescription machine = describe_machine(*tree);
  CHECK(machine.memory.count == 0);
  CHECK(!machine.has_double);
  CHECK(machine.harts.count == 0);
  CHECK(!machine.uart);
  CHECK(!machine.plic);
  CHECK(!machine.initrd);
}

TEST_CASE("harts that the firmware cannot be told of are left out") {
  FdtBuilder b;
  b.begin("").begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
  for (std::uint32_t hart = 0; hart < 70; hart++) {
    b.begin("cpu").strings("device_type", {"cpu"}).cells("reg", {hart}).end();
  }
  Bytes blob = b.end().end().finish();
  auto tree = Fdt::open(blob);
  REQUIRE(tree.has_value());
  CHECK(describe_machine(*tree).harts.count == 64);
}

TEST_CASE("what is not a well-formed tree is refused") {
  auto refused = [](FdtBuilder& builder) { return !Fdt::open(builder.finish()); };
  FdtBuilder b;
  SECTION("no root") { CHECK(refused(b)); }
  SECTION("a node without end") { CHECK(refused(b.begin("").begin("a").end())); }
  SECTION("an end without node") { CHECK(refused(b.begin("").end().end())); }
  SECTION("two roots") { CHECK(refused(b.begin("").end().begin("").end())); }
  SECTION("a property of nothing") { CHECK(refused(b.empty("a").begin("").end())); }
  SECTION("a property behind a child") {
    CHECK(refused(b.begin("").begin("a").end().empty("b").end()));
  }
  SECTION("nested too deep") {
    for (int i = 0; i < 17; i++) b.begin("n");
    for (int i = 0; i < 17; i++) b.end();
    CHECK(refused(b));
  }
}

TEST_CASE("a tree cut short anywhere is refused") {
  Bytes whole = test::virt_tree();
  for (std::size_t size = 0; size < whole.size(); size++) {
    CHECK(!Fdt::open(Bytes(whole.begin(), whole.begin() + size)));
  }
}

TEST_CASE("a damaged tree is refused or read, but nothing outside of it") {
  test::Random random(20);
  Bytes original = test::virt_tree();
  int accepted = 0;
  std::size_t seen = 0;
  for (int round = 0; round < 5000; round++) {
    Bytes blob = test::mutated(original, random);
    auto tree = Fdt::open(blob);
    if (!tree) continue;
    accepted++;
    seen += look_at_everything(*tree);
  }
  CHECK(accepted > 500);
  CHECK(seen > 0);
}
