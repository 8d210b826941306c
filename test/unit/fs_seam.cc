// The file system's sources, on a machine with one thread: time stands still, a mutex only checks
// that it is not taken twice, and bytes move to and from the kernel's own memory.
#define clock_now hardware_clock_now
#include "sched/clock.hh"
#undef clock_now

namespace tine {
inline std::uint64_t clock_now() { return 0; }
}  // namespace tine

#include <algorithm>

#include "../../kernel/fs/file_pages.cc"
#include "../../kernel/fs/initrd.cc"
#include "../../kernel/fs/node.cc"
#include "../../kernel/fs/open_file.cc"
#include "../../kernel/fs/path.cc"
#include "../../kernel/fs/tmpfs.cc"
#include "sync/panic.hh"

namespace tine {

constinit ClockConfig clock_config;
std::uint64_t clock_to_ns(std::uint64_t time) { return time * 100; }
std::uint64_t wall_clock_ns() { return 0; }

// One thread, which is never to wait: who comes here would wait for itself.
void Mutex::note_taken() const { this_hart().current = reinterpret_cast<Thread*>(16); }
void Mutex::note_released() const {}
void Mutex::wait_for_it() { panic("mutex {} taken twice", name); }
void Mutex::hand_on() { panic("mutex {} released twice", name); }

Result<std::size_t> IoBuffer::put(std::span<const std::byte> bytes) {
  std::size_t size = std::min(bytes.size(), left_);
  memcpy(reinterpret_cast<void*>(at_), bytes.data(), size);
  at_ += size;
  left_ -= size;
  return size;
}
Result<std::size_t> IoBuffer::take(std::span<std::byte> bytes) {
  std::size_t size = std::min(bytes.size(), left_);
  memcpy(bytes.data(), reinterpret_cast<void*>(at_), size);
  at_ += size;
  left_ -= size;
  return size;
}
Result<std::size_t> IoBuffer::put_zeros(std::size_t size) {
  size = std::min(size, left_);
  memset(reinterpret_cast<void*>(at_), 0, size);
  at_ += size;
  left_ -= size;
  return size;
}

}  // namespace tine
