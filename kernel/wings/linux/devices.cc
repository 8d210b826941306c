// Devices that programs know from Linux: /dev/full, to which every write fails with ENOSPC.
#include <algorithm>

#include "fs/device_nodes.hh"
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

constexpr std::uint32_t for_all = 0666;

}  // namespace

DEVICE(full, 1, 7, for_all, read_zeros, refuse, no_terminal, always_has_input, has_no_watchers, 0)
}  // namespace tine
