#include "arch/sbi.hh"

#include "arch/csr.hh"

namespace tine::sbi {
namespace {

constexpr std::uint64_t extension_time = 0x54494D45;
constexpr std::uint64_t extension_ipi = 0x735049;
constexpr std::uint64_t extension_rfence = 0x52464E43;
constexpr std::uint64_t extension_hsm = 0x48534D;
constexpr std::uint64_t extension_srst = 0x53525354;
constexpr std::uint64_t extension_legacy_putchar = 1;

// "Binary Encoding": extension in a7, function in a6; the firmware returns an error in a0 and a
// value in a1.
long call(std::uint64_t extension, std::uint64_t function, std::uint64_t arg0,
          std::uint64_t arg1 = 0, std::uint64_t arg2 = 0, std::uint64_t arg3 = 0) {
  // lab boot 2 {
  register std::uint64_t a0 asm("a0") = arg0;
  register std::uint64_t a1 asm("a1") = arg1;
  register std::uint64_t a2 asm("a2") = arg2;
  register std::uint64_t a3 asm("a3") = arg3;
  register std::uint64_t a6 asm("a6") = function;
  register std::uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
  return static_cast<long>(a0);
  // } lab
}

}  // namespace

// lab boot 2 {
void set_timer(std::uint64_t time) { call(extension_time, 0, time); }

// The SBI promises no order. The fence makes earlier writes, which hold the reason for the
// interrupt, visible to the others before it comes.
void send_ipi(std::uint64_t hart_id_mask) {
  csr::fence_io();
  call(extension_ipi, 0, hart_id_mask, 0);
}

void remote_fence_i(std::uint64_t hart_id_mask) { call(extension_rfence, 0, hart_id_mask, 0); }

void remote_sfence_vma(std::uint64_t hart_id_mask, std::uint64_t start, std::uint64_t size) {
  call(extension_rfence, 1, hart_id_mask, 0, start, size);
}

long hart_start(std::uint64_t hart_id, std::uint64_t start) {
  return call(extension_hsm, 0, hart_id, start);
}

void system_reset(Reset type) { call(extension_srst, 0, static_cast<std::uint32_t>(type), 0); }
// } lab

void console_putchar(char c) { call(extension_legacy_putchar, 0, static_cast<unsigned char>(c)); }

}  // namespace tine::sbi
