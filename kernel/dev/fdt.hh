// Reads a flattened device tree: the description of the machine that the firmware hands over
// (Devicetree Specification, chapters 2 and 5). Nothing is copied or allocated: results are views
// into the blob.
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

class FdtNode;

class Fdt {
 public:
  // Errors: inval, if it is no device tree, or damaged, or nested deeper than max_depth.
  static Result<Fdt> open(std::span<const std::byte> blob);
  // How large the blob says it is, from its first eight bytes; 0 if it is no device tree.
  static std::size_t size_of(std::span<const std::byte> beginning);

  // Calls visit(const FdtNode&) for every node in the order of the blob, in which parents come
  // before their children.
  template <class Visit>
  void for_each_node(Visit visit) const {
    static_cast<void>(walk(0, nullptr, visit));
  }
  // The n-th entry of the memory reservation block. Ask in order and stop at the first that is
  // empty: what lies after the end of the list has no meaning.
  std::optional<MemoryRange> reservation(std::size_t n) const;

 private:
  friend class FdtNode;
  static constexpr unsigned max_depth = 16;

  // Section 5.4, "Structure Block". An unknown or incomplete token is read as `broken`.
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
  // Visits the node that begins at `at`, and all below it; returns where the token after it is.
  template <class Visit>
  Result<std::size_t> walk(std::size_t at, const FdtNode* parent, Visit& visit) const;
};

// A node, while it is being visited.
class FdtNode {
 public:
  const std::string_view name;  // with its unit address, if it has one: cpu@0
  const FdtNode* const parent;  // of the root: null
  const unsigned depth;         // of the root: 1

  std::optional<FdtProperty> property(std::string_view name) const;
  // A property that is one number; 0 if there is none.
  std::uint64_t number(std::string_view name) const;
  bool is_child_of(std::string_view name) const { return parent && parent->name == name; }
  bool is_a(std::string_view device_type) const;  // memory, cpu
  bool is_compatible(std::string_view with) const;
  bool is_enabled() const;  // no status, or "okay"
  // The n-th pair of `reg`; nothing if there is none, or if an address or a size takes more than
  // two. Bus addresses are not translated (`ranges` is ignored: on QEMU virt they are the CPU's
  // addresses).
  std::optional<MemoryRange> region(std::size_t n = 0) const;

 private:
  friend class Fdt;
  const Fdt& tree_;
  std::size_t body_;  // the token after the node's begin

  FdtNode(const Fdt& tree, const FdtNode* above, const Fdt::Token& begin)
      : name(begin.name),
        parent(above),
        depth(above ? above->depth + 1 : 1),
        tree_(tree),
        body_(begin.next) {}
};

template <class Visit>
Result<std::size_t> Fdt::walk(std::size_t at, const FdtNode* parent, Visit& visit) const {
  Token token = read(at);
  if (token.kind != TokenKind::begin) return Errno::inval;
  FdtNode node(*this, parent, token);
  if (node.depth > max_depth) return Errno::inval;
  do {
    token = read(at = token.next);
  } while (token.kind == TokenKind::property);
  visit(node);
  while (token.kind == TokenKind::begin) token = read(at = TRY(walk(at, &node, visit)));
  if (token.kind != TokenKind::end) return Errno::inval;
  return token.next;
}

}  // namespace tine
