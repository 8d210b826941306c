// One system call as a line of text, in the form of strace(1): inputs are written before the call
// is made, outputs after it.
#pragma once

#include <array>
#include <cstdint>

#include "arch/trap_frame.hh"
#include "lib/format.hh"
#include "wings/trace/calls.hh"

namespace tine {

class TraceLine {
 public:
  // Takes number and arguments from the frame, which the call will change. `pid`: printed in front,
  // unless it is 0.
  TraceLine(const TrapFrame& frame, int pid);

  bool never_returns() const { return result_ == '-'; }

  // Adds the arguments up to the first that the call fills in. May access the program's memory.
  void add_inputs();
  // Adds the other arguments, the result, and the end of the line.
  void add_outcome(const TrapFrame& frame, bool interrupted);
  // Ends the line without a result.
  void add_no_outcome();

  std::string_view text() const { return {bytes_, sink_.text().size() + end_}; }

 private:
  // The object lies on the kernel stack. Longer arguments are cut, but the result always fits.
  static constexpr std::size_t max_arguments = 480, max_end = 32;

  char bytes_[max_arguments + max_end];
  BufferSink sink_;
  std::size_t end_ = 0;  // bytes after those in the sink
  const std::uint64_t number_;
  const std::uint64_t sepc_;
  std::array<std::uint64_t, 6> arguments_;
  std::string_view letters_ = "xxxxxx";
  char result_ = 'd';
  unsigned next_ = 0;  // the next argument to write

  void add_arguments(bool outputs, std::int64_t result);
  void add_argument(unsigned n, std::int64_t result);
  void add_result(std::int64_t result);
  template <class... Args>
  void end(FormatString<std::type_identity_t<Args>...> format, Args... args);
};

}  // namespace tine
