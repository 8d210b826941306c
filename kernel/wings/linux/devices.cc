// Devices that programs know from Linux: one that is always full, and random numbers.
#include <algorithm>

#include "fs/device_nodes.hh"
#include "proc/random.hh"
#include "sched/give_way.hh"

namespace tine {
namespace {

Result<std::size_t> read_zeros(const IoPlace&, IoBuffer& to) {
  return in_pieces(to,
                   [&](std::size_t) { return to.put_zeros(std::min(to.left(), give_way_bytes)); });
}
Result<std::size_t> refuse(IoPlace&, IoBuffer& from) {
  return from.left() ? Result<std::size_t>(Errno::nospc) : 0;
}

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

DEVICE(full, 1, 7, for_all, read_zeros, refuse, no_terminal, always_has_input, has_no_watchers, 0)
// Both never wait: the generator has its seed before the first program runs. What is written to
// them is not needed.
DEVICE(random, 1, 8, for_all, read_random, discard, no_terminal, always_has_input, has_no_watchers,
       0)
DEVICE(urandom, 1, 9, for_all, read_random, discard, no_terminal, always_has_input, has_no_watchers,
       0)

}  // namespace tine
