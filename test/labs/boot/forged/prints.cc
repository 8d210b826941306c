// All calls of the firmware are made up but those for the console.
#include "arch/sbi.hh"

namespace tine::sbi {

void set_timer(std::uint64_t) {}
void send_ipi(std::uint64_t) {}
void remote_fence_i(std::uint64_t) {}
void remote_sfence_vma(std::uint64_t, std::uint64_t, std::uint64_t) {}
// As if the hart had started.
long hart_start(std::uint64_t hart_id, std::uint64_t) { return hart_id > 1 ? -3 : 0; }
void system_reset(Reset) {}

void console_putchar(char c) {
  register std::uint64_t a0 asm("a0") = static_cast<unsigned char>(c);
  register std::uint64_t a7 asm("a7") = 1;
  asm volatile("ecall" : "+r"(a0) : "r"(a7) : "a1", "memory");
}

}  // namespace tine::sbi
