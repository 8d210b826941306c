// Reads a cpio archive in the "newc" format: the initial files, which the boot loader puts into
// memory as initrd. Per file: a header of 110 characters (numbers in hexadecimal), the name with a
// final 0, the contents; name and contents are each filled up to a multiple of four bytes. A file
// with several names has an entry for each; only the last entry has its contents. A file named
// TRAILER!!! ends the archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/result.hh"

namespace tine {

// Both views point into the archive.
struct CpioEntry {
  std::string_view name;   // without leading `/` and `./`; empty: the root itself. May hold ".."
  std::uint32_t mode = 0;  // type and permissions, as in stat
  std::uint32_t user = 0, group = 0;
  std::uint32_t links = 1;              // names that the file has; each has an entry
  std::uint32_t inode = 0;              // with several names: the same number in each entry
  std::span<const std::byte> contents;  // of a symbolic link: its target
};

class CpioReader {
 public:
  explicit CpioReader(std::span<const std::byte> archive) : archive_(archive) {}

  // The next file; nothing after the last one. Errors: inval, the archive is damaged or cut short
  // (each later call then returns the same).
  Result<std::optional<CpioEntry>> next();

 private:
  std::span<const std::byte> archive_;
  std::size_t at_ = 0;

  Result<std::span<const std::byte>> take(std::size_t at, std::size_t size) const;
};

}  // namespace tine
