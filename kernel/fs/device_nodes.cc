#include "fs/device_nodes.hh"

#include <algorithm>

#include "dev/console.hh"
#include "mm/heap.hh"
#include "sched/wait_queue.hh"

namespace tine {
namespace {

// What a device does. Numbers are Linux's (Documentation/admin-guide/devices.txt).
struct Device {
  std::string_view name;
  unsigned major, minor;
  Result<std::size_t> (*read)(const IoPlace& at, IoBuffer& to);
  Result<std::size_t> (*write)(IoPlace& at, IoBuffer& from);
  Result<std::size_t> (*ioctl)(std::uint64_t request, VirtAddr argument);
  bool (*has_input)(Waiter* watcher);  // as Node::ready has it
  void (*stop_watching)(Waiter& watcher);
  Result<std::uint64_t> position;  // that lseek answers, always
};

Result<std::size_t> read_console(const IoPlace& at, IoBuffer& to) {
  return console_read(to, at.may_block());
}
Result<std::size_t> write_console(IoPlace&, IoBuffer& from) { return console_write(from); }

Result<std::size_t> read_nothing(const IoPlace&, IoBuffer&) { return 0; }
Result<std::size_t> read_zeros(const IoPlace&, IoBuffer& to) {
  return in_pieces(to,
                   [&](std::size_t) { return to.put_zeros(std::min(to.left(), give_way_bytes)); });
}
Result<std::size_t> discard(IoPlace&, IoBuffer& from) { return from.left(); }

Result<std::size_t> no_terminal(std::uint64_t, VirtAddr) { return Errno::notty; }

bool always(Waiter*) { return true; }
void has_no_watchers(Waiter&) {}

constexpr Device devices[] = {
    {"console", 5, 1, read_console, write_console, console_ioctl, console_has_input,
     console_stop_watching, Errno::spipe},
    {"null", 1, 3, read_nothing, discard, no_terminal, always, has_no_watchers, 0},
    {"zero", 1, 5, read_zeros, discard, no_terminal, always, has_no_watchers, 0},
};

class DeviceNode final : public Node {
 public:
  DeviceNode(const Device& device, std::uint64_t file_system)
      : Node(NodeKind::character_device, 0666, file_system), device_(device) {}

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
  // It may always be written to, so that who waits for that, too, waits for nothing.
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
  for (const Device& device : devices) {
    RefPtr<Node> node = TRY(make_ref<DeviceNode>(device, dev.file_system()));
    TRY(dev.add(device.name, std::move(node)));
  }
  return {};
}

}  // namespace tine
