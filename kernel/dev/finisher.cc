#include "dev/finisher.hh"

#include "arch/csr.hh"
#include "arch/mmio.hh"
#include "arch/sbi.hh"
#include "dev/uart.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

// The device's commands (QEMU, "sifive_test"). The status goes into the bits above FAIL.
constexpr std::uint32_t command_fail = 0x3333;
constexpr std::uint32_t command_pass = 0x5555;
constexpr std::uint32_t command_reset = 0x7777;

constinit std::optional<PhysAddr> test_device;

// Through the device, or the firmware when there is no device. Not through both: QEMU ends a moment
// after the write to the device, so a call of the firmware could still replace the status with 0.
[[noreturn]] void end_machine(std::uint32_t command, sbi::Reset otherwise) {
  uart_drain();
  if (test_device) {
    mmio_write(*test_device, command);
  } else {
    sbi::system_reset(otherwise);
  }
  while (true) csr::wait_for_interrupt();
}

}  // namespace

void finisher_init(std::optional<PhysAddr> base) {
  test_device = base;
  stop_machine = power_off;
}

void power_off(int status) {
  std::uint32_t code = static_cast<std::uint32_t>(status) & 0xff;
  end_machine(code == 0 ? command_pass : code << 16 | command_fail, sbi::Reset::shutdown);
}

void reboot() { end_machine(command_reset, sbi::Reset::cold_reboot); }

}  // namespace tine
