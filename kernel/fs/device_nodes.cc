#include "fs/device_nodes.hh"

#include <algorithm>

#include "dev/console.hh"
#include "mm/heap.hh"
#include "sched/wait_queue.hh"

namespace tine {
namespace {

Result<std::size_t> read_console(const IoPlace& at, IoBuffer& to) {
  return console().read(to, at.may_block());
}
Result<std::size_t> write_console(IoPlace&, IoBuffer& from) { return console().write(from); }
Result<std::size_t> ask_console(std::uint64_t request, VirtAddr argument) {
  return console().request(request, argument);
}
bool console_has_input(Waiter* watcher) { return console().has_input(watcher); }
void console_stop_watching(Waiter& watcher) { console().stop_watching(watcher); }

Result<std::size_t> read_nothing(const IoPlace&, IoBuffer&) { return 0; }
Result<std::size_t> read_zeros(const IoPlace&, IoBuffer& to) {
  return in_pieces(to,
                   [&](std::size_t) { return to.put_zeros(std::min(to.left(), give_way_bytes)); });
}
constexpr std::uint32_t for_all = 0666, for_owner = 0600;

}  // namespace

Result<std::size_t> no_terminal(std::uint64_t, VirtAddr) { return Errno::notty; }
bool always_has_input(Waiter*) { return true; }
void has_no_watchers(Waiter&) {}
Result<std::size_t> discard(IoPlace&, IoBuffer& from) { return from.left(); }

// A program that may open the terminal may read what is typed and change how it is read, so only
// its owner may. `tty` is the caller's terminal; there is only one terminal.
DEVICE(console, 5, 1, for_owner, read_console, write_console, ask_console, console_has_input,
       console_stop_watching, Errno::spipe)
DEVICE(tty, 5, 0, for_owner, read_console, write_console, ask_console, console_has_input,
       console_stop_watching, Errno::spipe)
DEVICE(null, 1, 3, for_all, read_nothing, discard, no_terminal, always_has_input, has_no_watchers,
       0)
DEVICE(zero, 1, 5, for_all, read_zeros, discard, no_terminal, always_has_input, has_no_watchers, 0)

namespace {

class DeviceNode final : public Node {
 public:
  DeviceNode(const Device& device, std::uint64_t file_system)
      : Node(NodeKind::character_device, device.permissions, file_system), device_(device) {}

  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override {
    return device_.read(at, to);
  }
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override {
    return device_.write(at, from);
  }
  Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument) override {
    return device_.ioctl(request, argument);
  }
  Result<std::uint64_t> only_position() override { return device_.position; }
  // It can always be written to, so a watcher that waits for POLLOUT too never has to wait.
  unsigned ready(unsigned, Waiter* watcher) override {
    bool waits_for_input = watcher && !(watcher->key & POLLOUT);
    return POLLOUT | (device_.has_input(waits_for_input ? watcher : nullptr) ? POLLIN : 0);
  }
  void stop_watching(Waiter& watcher) override { device_.stop_watching(watcher); }

 private:
  const Device& device_;

  std::uint64_t device_number() const override { return device_.major << 8 | device_.minor; }
};

}  // namespace

Result<> add_device_nodes(Node& dev) {
  for (const Device& device : std::span(devices_start, devices_end)) {
    RefPtr<Node> node = TRY(make_ref<DeviceNode>(device, dev.file_system()));
    TRY(dev.add(device.name, std::move(node)));
  }
  return {};
}

}  // namespace tine
