// What the calls are called, and what their arguments mean.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tine {

// One row a call. `arguments` has a letter for each:
//   d u x m   a number: signed, unsigned, hexadecimal, octal       p   an address
//   s   a string               b     bytes, as many as the next argument says
//   v   a vector of strings    t     a struct timespec
//   n   a signal               i     an id of a user or group, -1: none
//   @   a directory's fd       f g   flags of open           c   a mode, if they create
//   r   protection             a     flags of mmap           k   a command of fcntl
//   w   from where lseek counts
// and in capitals what the call fills in:
//   B   bytes, as many as it answers       I   an int
//   F   two descriptors                    T   a timespec
// `result`: d or x; '-' for a call that never returns.
struct CallFormat {
  unsigned number;
  std::string_view name;
  std::string_view arguments;
  char result = 'd';
};

// nullptr: a call without a row.
const CallFormat* find_call_format(std::uint64_t number);
// How a call is named that has no row, such as that of a new wing; empty when there is none.
std::string_view name_of_call(std::uint64_t number);

// A value and its name. In a set of flags each row is the bits that it names.
struct NamedValue {
  std::uint64_t value;
  std::string_view name;
};
extern const std::span<const NamedValue> errno_names, signal_names, open_flag_names, prot_names,
    map_flag_names, command_names, whence_names;

// Empty when no row has it.
std::string_view name_of(std::uint64_t value, std::span<const NamedValue> names);

}  // namespace tine
