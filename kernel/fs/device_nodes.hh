// Character devices: the files in /dev. Each is a row, gathered by the linker from the core and the
// wings:
//
//   DEVICE(null, 1, 3, 0666, read_nothing, discard, no_terminal, always_has_input,
//          has_no_watchers, 0)
#pragma once

#include "lib/result.hh"
#include "vfs/node.hh"

namespace tine {

// A device's name, numbers and operations. The numbers are Linux's
// (Documentation/admin-guide/devices.txt).
struct Device {
  std::string_view name;
  unsigned major, minor;
  std::uint32_t permissions;
  Result<std::size_t> (*read)(const IoPlace& at, IoBuffer& to);
  Result<std::size_t> (*write)(IoPlace& at, IoBuffer& from);
  Result<std::size_t> (*ioctl)(std::uint64_t request, VirtAddr argument);
  bool (*has_input)(Waiter* watcher);  // as for Node::ready
  void (*stop_watching)(Waiter& watcher);
  Result<std::uint64_t> position;  // that lseek always returns
};
#define DEVICE(name, ...)                                                                   \
  [[gnu::section(".table.device"), gnu::used]] static constinit const Device device_##name{ \
      #name, __VA_ARGS__};

extern "C" const Device devices_start[], devices_end[];  // linker/kernel.ld

// For rows: a device that has no ioctl, never waits for input, or drops what is written.
Result<std::size_t> no_terminal(std::uint64_t, VirtAddr);
bool always_has_input(Waiter*);
void has_no_watchers(Waiter&);
Result<std::size_t> discard(IoPlace&, IoBuffer& from);

// Adds all devices to the directory `dev`. Errors: exist, nomem.
Result<> add_device_nodes(Node& dev);

}  // namespace tine
