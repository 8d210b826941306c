// The firmware's services (RISC-V Supervisor Binary Interface, 1.0). Hart masks start at hart id 0,
// so only ids 0 to 63 can be named.
#pragma once

#include <cstdint>

namespace tine::sbi {

constexpr unsigned hart_ids = 64;

// This hart's next timer interrupt comes at `time` (TIME extension); all ones: never.
void set_timer(std::uint64_t time);
// Makes the supervisor software interrupt pending on these harts (IPI extension).
void send_ipi(std::uint64_t hart_id_mask);
// sfence.vma / fence.i on these harts; returns when all have done it (RFENCE extension).
void remote_sfence_vma(std::uint64_t hart_id_mask, std::uint64_t start, std::uint64_t size);
void remote_fence_i(std::uint64_t hart_id_mask);
// Starts a stopped hart at a physical address, with a0 = hart id (HSM). 0 or an SBI error.
long hart_start(std::uint64_t hart_id, std::uint64_t start);

enum class Reset : std::uint32_t { shutdown = 0, cold_reboot = 1 };
// Returns only when the firmware cannot (SRST).
void system_reset(Reset type);

// One character on the firmware's console (legacy extension): for messages before the UART is
// known.
void console_putchar(char c);

}  // namespace tine::sbi
