// A machine for the memory tests: 4 MiB of simulated memory, eight harts that are only names, and a
// panic that can be caught.
#pragma once

#include <stdexcept>
#include <string>

#include "mm/frames.hh"
#include "mm/heap.hh"
#include "mm/page_table.hh"

namespace test {

struct Panic : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The platform numbers its harts otherwise than the kernel does.
constexpr unsigned first_hart_id = 3;

// Remote fences that were asked of the firmware. The mask is turned back into the kernel's numbers.
struct Firmware {
  unsigned sfences = 0, fence_is = 0;
  std::uint64_t last_mask = 0;
};
extern Firmware firmware;

// Made anew, the machine is booted (on first use) and every spare table is given back; at the end
// of its life, memory must be as it was. Declare one first in each test that touches memory.
class Machine {
 public:
  Machine();
  ~Machine();

  std::uint64_t free_frames() const;
  // All frames that are left, then gives them back.
  void with_memory_exhausted(void (*action)());

 private:
  tine::FrameCounts before_;
  std::uint64_t heap_before_;
};

}  // namespace test
