// What a kernel is told at boot, and what it asks for: the device tree that the firmware hands
// over, and the calls of the firmware. The host writes the first, and sees the second in the
// registers of the hart when it has come to machine mode.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "labs/stub.hh"

namespace test {

// A call as the firmware finds it, at its first instruction.
struct FirmwareCall {
  int hart;
  Registers registers;
  std::uint64_t satp;
  std::uint64_t extension() const { return registers.x[reg_a7]; }
  std::uint64_t function() const { return registers.x[reg_a7 - 1]; }
};

// A flattened device tree (Devicetree Specification, chapter 5), read from a file and changed.
class DeviceTree {
 public:
  struct Node {
    std::string name;
    std::vector<std::pair<std::string, std::string>> properties;
    std::vector<Node> children;
    Node& child(const std::string& name);  // which is made if there is none
    void set(const std::string& property, const std::string& value);
  };
  explicit DeviceTree(const std::string& path);
  void write(const std::string& path) const;

  Node root;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> reservations;  // address, size

  // Values of properties: numbers of 32 and of 64 bits.
  static std::string cell(std::uint64_t value);
  static std::string number(std::uint64_t value);
  static std::string text(const std::string& value) { return value + '\0'; }
};

}  // namespace test
