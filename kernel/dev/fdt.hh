// Reads a flattened device tree: the description of the machine that the firmware hands over
// (Devicetree Specification, chapters 2 and 5). Nothing is copied and nothing is allocated: answers
// are views into the blob.
//
// `open` goes through the whole blob once; a blob that it accepts is walked without further errors.
// Still, every token is read with its bounds checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

struct FdtProperty {
  std::span<const std::byte> value;

  // The n-th big-endian cell; nothing if the value is shorter.
  std::optional<std::uint32_t> cell(std::size_t n = 0) const;
  // A value that is one number, of four or eight bytes.
  std::optional<std::uint64_t> number() const;
  // The first string, without its 0.
  std::string_view text() const;
  // Is `wanted` one of the strings?
  bool contains(std::string_view wanted) const;
};

struct MemoryRange {
  PhysAddr start;
  std::uint64_t size = 0;

  PhysAddr end() const { return start + size; }
};

// How many cells make an address and a size in `reg` of a node's children (section 2.3.5).
struct FdtCells {
  std::uint32_t address = 2;
  std::uint32_t size = 1;
};

class FdtNode;

class Fdt {
 public:
  // Errors: inval, if it is no device tree, or damaged, or nested deeper than max_depth.
  static Result<Fdt> open(std::span<const std::byte> blob);
  // How large the blob says it is, from its first eight bytes; 0 if it is no device tree.
  static std::size_t size_of(std::span<const std::byte> beginning);

  FdtNode root() const;
  // By path: /cpus, /memory, /soc/serial@10000000. A component without @ finds a node whose name
  // has one, too.
  std::optional<FdtNode> find(std::string_view path) const;
  // The first node, in the order of the blob, that is compatible with `name`.
  std::optional<FdtNode> find_compatible(std::string_view name) const;
  // The n-th entry of the memory reservation block. Ask in order: nothing ends the list, and what
  // lies behind its end means nothing.
  std::optional<MemoryRange> reservation(std::size_t n) const;

 private:
  friend class FdtNode;
  static constexpr unsigned max_depth = 16;

  // Section 5.4, "Structure Block". What is not one of them, or not whole, is read as `broken`.
  enum class TokenKind { broken = 0, begin = 1, end = 2, property = 3, nop = 4, finish = 9 };
  struct Token {
    TokenKind kind = TokenKind::broken;
    std::string_view name;
    std::span<const std::byte> value;
    std::size_t next = 0;  // where the following token is
  };

  std::span<const std::byte> reservations_;
  std::span<const std::byte> structure_;
  std::span<const std::byte> strings_;

  Token read(std::size_t at) const;
  bool is_well_formed() const;
};

// A node of an Fdt, which must stay where it is meanwhile.
class FdtNode {
 public:
  std::string_view name() const { return name_; }  // with its unit address, if it has one: cpu@0

  std::optional<FdtProperty> property(std::string_view name) const;
  bool is_enabled() const;  // no status, or "okay"
  // The n-th pair of `reg`; nothing if there is none, or if an address takes more than two cells.
  // Bus addresses are taken as they are (`ranges` is not followed: on the machines that we know
  // they are the CPU's).
  std::optional<MemoryRange> region(std::size_t n = 0) const;

  // for (auto child = node.first_child(); child; child = child->next_sibling())
  std::optional<FdtNode> first_child() const;
  std::optional<FdtNode> next_sibling() const;

  // Calls visit(FdtNode) for this node and everything below, parents first; `true` stops it, and is
  // the answer.
  template <class Visit>
  bool walk(Visit visit) const;

 private:
  friend class Fdt;
  const Fdt* tree_;
  std::size_t body_;  // the token behind our begin
  std::string_view name_;
  FdtCells cells_;  // for our own reg: what the parent says

  FdtNode(const Fdt* tree, const Fdt::Token& begin, FdtCells cells)
      : tree_(tree), body_(begin.next), name_(begin.name), cells_(cells) {}
  std::optional<FdtNode> node_at(std::size_t at, FdtCells cells) const;
  FdtCells cells_of_children() const;
  std::size_t end() const;
};

template <class Visit>
bool FdtNode::walk(Visit visit) const {
  // No deeper than max_depth: `open` has seen to that.
  if (visit(*this)) return true;
  for (auto child = first_child(); child; child = child->next_sibling()) {
    if (child->walk<Visit&>(visit)) return true;
  }
  return false;
}

}  // namespace tine
