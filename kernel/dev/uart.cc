#include "dev/uart.hh"

#include "arch/csr.hh"
#include "arch/mmio.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

// Registers, one byte each (PC16550D data sheet, "Registers").
constexpr unsigned receive_buffer = 0;    // read
constexpr unsigned transmit_holding = 0;  // write
constexpr unsigned interrupt_enable = 1;
constexpr unsigned fifo_control = 2;
constexpr unsigned line_control = 3;
constexpr unsigned line_status = 5;

constexpr std::uint8_t interrupt_received = 1 << 0;
// Without clearing the FIFOs: keys may have been pressed already.
constexpr std::uint8_t fifo_enable = 1 << 0;
constexpr std::uint8_t line_8n1 = 3;
constexpr std::uint8_t status_data_ready = 1 << 0;
constexpr std::uint8_t status_fifo_empty = 1 << 5;
constexpr std::uint8_t status_all_sent = 1 << 6;
constexpr unsigned fifo_size = 16;

constinit PhysAddr uart_base;  // 0: no port

std::uint8_t read(unsigned which) { return mmio_read<std::uint8_t>(uart_base + which); }
void write(unsigned which, std::uint8_t value) { mmio_write(uart_base + which, value); }

class UartSink final : public Sink {
 public:
  void write(std::string_view text) override { uart_write(text, true); }
};
constinit UartSink sink;

}  // namespace

void uart_init(PhysAddr base) {
  uart_base = base;
  write(interrupt_enable, 0);
  write(line_control, line_8n1);
  write(fifo_control, fifo_enable);
  kernel_console = &sink;
}

Result<> uart_start_receiving(unsigned irq, InterruptHandler received) {
  TRY(plic_enable(irq, received));
  uart_hold_back(false);
  return {};
}

std::optional<char> uart_read() {
  if (!(read(line_status) & status_data_ready)) return {};
  return static_cast<char>(read(receive_buffer));
}

void uart_hold_back(bool hold) { write(interrupt_enable, hold ? 0 : interrupt_received); }

// Reads the status only once for each filling of the FIFO. No state is kept between calls, so a
// panic in the middle of another hart's text can still print.
void uart_write(std::string_view text, bool lines) {
  // lab boot 1 {
  unsigned room = 0;
  auto send = [&](char c) {
    if (room == 0) {
      while (!(read(line_status) & status_fifo_empty)) csr::pause();
      room = fifo_size;
    }
    write(transmit_holding, static_cast<std::uint8_t>(c));
    room--;
  };
  for (char c : text) {
    if (lines && c == '\n') send('\r');
    send(c);
  }
  // } lab
}

void uart_drain() {
  if (uart_base == PhysAddr()) return;
  for (unsigned tries = 0; tries < 1'000'000; tries++) {
    if (read(line_status) & status_all_sent) return;
    csr::pause();
  }
}

}  // namespace tine
