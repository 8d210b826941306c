// How programs get random numbers: the call getrandom, and two devices.
#include <tine/syscall.h>

#include <algorithm>

#include "fs/device_nodes.hh"
#include "sched/give_way.hh"
#include "syscall/dispatch.hh"
#include "vm/user_memory.hh"
#include "wings/random/random.hh"

namespace tine {

// Errors: inval (flags), fault.
SYSCALL(SYS_getrandom, getrandom, std::size_t, (VirtAddr at, std::size_t size, unsigned flags)) {
  constexpr unsigned known = 1 | 2 | 4;  // GRND_NONBLOCK, RANDOM, INSECURE: no effect here
  if (flags & ~known) return Errno::inval;
  IoBuffer to(current_space(), at, std::min<std::size_t>(size, 0x7ffff000));
  constexpr std::size_t between_pauses = 4 << 10;  // a quarter of a millisecond
  RandomStream stream;
  std::size_t total = 0;
  while (to.left() > 0) {
    ChaChaBlock block = stream.next();
    std::span<const std::byte> bytes = std::as_bytes(std::span(block));
    Result<std::size_t> moved = to.put(bytes.first(std::min(bytes.size(), to.left())));
    if (!moved && total == 0) return moved;
    if (!moved) break;
    total += *moved;
    if (total % between_pauses == 0 && give_way()) break;
  }
  return total;
}

namespace {

Result<std::size_t> read_random(const IoPlace&, IoBuffer& to) {
  RandomStream stream;
  return in_pieces(to, [&](std::size_t) {
    ChaChaBlock blocks[8];
    for (ChaChaBlock& block : blocks) block = stream.next();
    std::span<const std::byte> bytes = std::as_bytes(std::span(blocks));
    return to.put(bytes.first(std::min(bytes.size(), to.left())));
  });
}

constexpr std::uint32_t for_all = 0666;

}  // namespace

// Reads never wait, because the generator has its seed before the first program runs. Writes are
// dropped.
DEVICE(random, 1, 8, for_all, read_random, discard, no_terminal, always_has_input, has_no_watchers,
       0)
DEVICE(urandom, 1, 9, for_all, read_random, discard, no_terminal, always_has_input, has_no_watchers,
       0)

}  // namespace tine
