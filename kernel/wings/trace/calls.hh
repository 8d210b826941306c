// The names of system calls, and the meaning of their arguments.
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
//   B   bytes, as many as it returns       I   an int
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
// The name of a call that has no format, for example of a new wing; empty when no such call exists.
std::string_view name_of_call(std::uint64_t number);

// A value and its name. For flags, the value has the bits that the name stands for.
struct NamedValue {
  std::uint64_t value;
  std::string_view name;
};
extern const std::span<const NamedValue> errno_names, signal_names, open_flag_names, prot_names,
    map_flag_names, command_names, whence_names;

// Empty when no row has the value.
std::string_view name_of(std::uint64_t value, std::span<const NamedValue> names);

}  // namespace tine
