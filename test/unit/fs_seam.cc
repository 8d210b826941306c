// The file system's sources, where time stands still; and the mutex for them and for `vm`, on a
// machine whose harts are threads of the host: who waits spins.
#define clock_now hardware_clock_now
#include "sched/clock.hh"
#undef clock_now

namespace tine {
inline std::uint64_t clock_now() { return 0; }
}  // namespace tine

#include <algorithm>
#include <new>

#include "../../kernel/fs/initrd.cc"
#include "../../kernel/fs/tmpfs.cc"
#include "../../kernel/vfs/directory_records.cc"
#include "../../kernel/vfs/file_pages.cc"
#include "../../kernel/vfs/node.cc"
#include "../../kernel/vfs/open_file.cc"
#include "../../kernel/vfs/path.cc"
#include "../../kernel/vfs/storage.cc"
#include "sync/panic.hh"

extern "C" int sched_yield() noexcept;  // <sched.h> has names that <tine/abi.h> has, too

// No wing here watches files being closed: the table that the linker gathers is empty.
asm(".pushsection .rodata\n"
    ".globl close_watchers_start, close_watchers_end\n"
    "close_watchers_start: close_watchers_end:\n"
    ".popsection");

namespace tine {

constinit ClockConfig clock_config;
bool give_way() { return false; }  // each thread has a hart of its own
std::uint64_t clock_to_ns(std::uint64_t time) { return time * 100; }
std::uint64_t wall_clock_ns() { return 0; }

namespace {

// Threads that never run and never end: the destructor is the scheduler's.
struct Threads {
  struct alignas(16) Room {
    std::byte bytes[sizeof(Thread)];
  };
  Room rooms[max_harts];

  Threads() {
    for (Room& room : rooms) new (&room) Thread;
  }
};

}  // namespace

// Each hart runs one thread, which is the mutex's owner and has the default limits.
void Mutex::note_taken() const {
  static Threads threads;
  this_hart().current = reinterpret_cast<Thread*>(&threads.rooms[this_hart().index]);
}
void Mutex::check_held() const { ASSERT(held()); }
void Mutex::note_released() const {}
bool Mutex::wait_for_it(std::uint32_t) {
  if (held()) panic("mutex {} taken twice", name);
  std::uint64_t expected = 0;
  for (unsigned tries = 1; !word_.compare_exchange_weak(expected, self()); tries++) {
    expected = 0;
    if (tries % 1000 == 0) sched_yield();
  }
  return true;
}
void Mutex::hand_on() { panic("mutex {} released twice", name); }

}  // namespace tine
