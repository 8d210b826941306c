// Writes a flattened device tree (Devicetree Specification, chapter 5).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "random.hh"

namespace test {

class FdtBuilder {
 public:
  FdtBuilder& begin(std::string_view name) {
    word(structure_, 1);
    text(structure_, name);
    pad(structure_);
    return *this;
  }
  FdtBuilder& end() {
    word(structure_, 2);
    return *this;
  }
  FdtBuilder& nop() {
    word(structure_, 4);
    return *this;
  }
  FdtBuilder& bytes(std::string_view name, const Bytes& value) {
    word(structure_, 3);
    word(structure_, value.size());
    word(structure_, strings_.size());
    text(strings_, name);
    structure_.insert(structure_.end(), value.begin(), value.end());
    pad(structure_);
    return *this;
  }
  FdtBuilder& cells(std::string_view name, std::initializer_list<std::uint32_t> values) {
    Bytes value;
    for (std::uint32_t each : values) word(value, each);
    return bytes(name, value);
  }
  FdtBuilder& strings(std::string_view name, std::initializer_list<std::string_view> values) {
    Bytes value;
    for (std::string_view each : values) text(value, each);
    return bytes(name, value);
  }
  FdtBuilder& empty(std::string_view name) { return bytes(name, {}); }
  FdtBuilder& reserve(std::uint64_t address, std::uint64_t size) {
    for (std::uint64_t each : {address, size}) {
      word(reservations_, each >> 32);
      word(reservations_, each);
    }
    return *this;
  }

  // The blob: header, reservations, structure, strings.
  Bytes finish() {
    word(structure_, 9);
    reserve(0, 0);
    std::size_t reservations = 40, structure = reservations + reservations_.size();
    std::size_t strings = structure + structure_.size();
    Bytes blob;
    for (std::size_t each :
         {std::size_t{0xd00dfeed}, strings + strings_.size(), structure, strings, reservations,
          std::size_t{17}, std::size_t{16}, std::size_t{0}, strings_.size(), structure_.size()}) {
      word(blob, each);
    }
    for (const Bytes* part : {&reservations_, &structure_, &strings_}) {
      blob.insert(blob.end(), part->begin(), part->end());
    }
    return blob;
  }

 private:
  Bytes structure_, strings_, reservations_;

  static void word(Bytes& to, std::uint64_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(std::byte(value >> shift));
  }
  static void text(Bytes& to, std::string_view value) {
    for (char each : value) to.push_back(std::byte(each));
    to.push_back(std::byte{0});
  }
  static void pad(Bytes& to) {
    while (to.size() % 4) to.push_back(std::byte{0});
  }
};

// A tree like the one that QEMU makes for its machine `virt` with two harts.
inline Bytes virt_tree() {
  FdtBuilder b;
  b.reserve(0xbfe00000, 0x2000);
  b.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
  b.strings("compatible", {"riscv-virtio"});
  b.begin("chosen").strings("bootargs", {"log=fork hz=1000"});
  b.bytes("rng-seed", Bytes(32, std::byte{0xab}));
  b.cells("linux,initrd-start", {0x84200000}).cells("linux,initrd-end", {0, 0x84234567}).end();
  b.begin("reserved-memory").cells("#address-cells", {2}).cells("#size-cells", {2}).empty("ranges");
  b.begin("mmode_resv0@80000000").cells("reg", {0, 0x80000000, 0, 0x80000}).empty("no-map").end();
  b.end();
  b.begin("memory@80000000").strings("device_type", {"memory"});
  b.cells("reg", {0, 0x80000000, 0, 0x10000000}).end();
  b.begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
  b.cells("timebase-frequency", {10000000});
  for (std::uint32_t hart : {0, 1, 2}) {
    b.begin("cpu@" + std::to_string(hart)).strings("device_type", {"cpu"}).cells("reg", {hart});
    b.strings("status", {hart == 1 ? "disabled" : "okay"});
    b.strings("compatible", {"riscv"}).strings("riscv,isa", {"rv64imafdch_zicsr_sstc"});
    b.begin("interrupt-controller").cells("#interrupt-cells", {1}).empty("interrupt-controller");
    b.strings("compatible", {"riscv,cpu-intc"}).cells("phandle", {hart + 1}).end();
    b.end();
  }
  b.begin("cpu-map").begin("cluster0").end().end();
  b.end();
  b.begin("soc").cells("#address-cells", {2}).cells("#size-cells", {2}).empty("ranges");
  b.strings("compatible", {"simple-bus"});
  b.begin("rtc@101000").cells("interrupts", {11}).cells("reg", {0, 0x101000, 0, 0x1000});
  b.strings("compatible", {"google,goldfish-rtc"}).end();
  b.begin("serial@10000000").cells("interrupts", {10}).cells("clock-frequency", {3686400});
  b.cells("reg", {0, 0x10000000, 0, 0x100}).strings("compatible", {"ns16550a"}).end();
  b.nop();
  b.begin("test@100000").cells("reg", {0, 0x100000, 0, 0x1000});
  b.strings("compatible", {"sifive,test1", "sifive,test0", "syscon"}).end();
  b.begin("plic@c000000").cells("reg", {0, 0xc000000, 0, 0x600000});
  b.cells("interrupts-extended", {1, 11, 1, 9, 2, 11, 2, 9, 3, 9, 3, 11});
  b.strings("compatible", {"sifive,plic-1.0.0", "riscv,plic0"}).end();
  b.end();
  b.end();
  return b.finish();
}

}  // namespace test
