// Control and status registers that S-mode uses (RISC-V Privileged Architecture, "Supervisor-Level
// ISA").
#pragma once

#include <cstdint>

namespace tine::csr {

// sstatus
constexpr std::uint64_t sstatus_sie = 1ul << 1;
constexpr std::uint64_t sstatus_spie = 1ul << 5;
constexpr std::uint64_t sstatus_spp = 1ul << 8;
constexpr std::uint64_t sstatus_fs = 3ul << 13;
constexpr std::uint64_t sstatus_fs_off = 0;
constexpr std::uint64_t sstatus_fs_clean = 2ul << 13;
constexpr std::uint64_t sstatus_fs_dirty = 3ul << 13;

// sie and sip
constexpr std::uint64_t interrupt_software = 1ul << 1;
constexpr std::uint64_t interrupt_timer = 1ul << 5;
constexpr std::uint64_t interrupt_external = 1ul << 9;

constexpr std::uint64_t satp_sv39 = 8ul << 60;

// scause: the top bit is set for interrupts and clear for exceptions.
constexpr std::uint64_t cause_interrupt = 1ul << 63;
enum Cause : std::uint64_t {
  cause_fetch_misaligned = 0,
  cause_fetch_access = 1,
  cause_illegal_instruction = 2,
  cause_breakpoint = 3,
  cause_load_misaligned = 4,
  cause_load_access = 5,
  cause_store_misaligned = 6,
  cause_store_access = 7,
  cause_user_ecall = 8,
  cause_fetch_page_fault = 12,
  cause_load_page_fault = 13,
  cause_store_page_fault = 15,
};

#define TINE_CSR(name, csr_name)                                     \
  inline std::uint64_t read_##name() {                               \
    std::uint64_t value;                                             \
    asm volatile("csrr %0, " csr_name : "=r"(value));                \
    return value;                                                    \
  }                                                                  \
  inline void write_##name(std::uint64_t value) {                    \
    asm volatile("csrw " csr_name ", %0" : : "r"(value) : "memory"); \
  }                                                                  \
  inline void set_##name(std::uint64_t bits) {                       \
    asm volatile("csrs " csr_name ", %0" : : "r"(bits) : "memory");  \
  }                                                                  \
  inline void clear_##name(std::uint64_t bits) {                     \
    asm volatile("csrc " csr_name ", %0" : : "r"(bits) : "memory");  \
  }

TINE_CSR(sstatus, "sstatus")
TINE_CSR(sie, "sie")
TINE_CSR(sip, "sip")
TINE_CSR(scause, "scause")
TINE_CSR(stval, "stval")
TINE_CSR(satp, "satp")
TINE_CSR(scounteren, "scounteren")
TINE_CSR(stimecmp, "0x14d")  // Sstc; illegal where the CPU has none
#undef TINE_CSR

// The machine's clock, in units of the device tree's timebase-frequency.
inline std::uint64_t read_time() {
  std::uint64_t value;
  asm volatile("rdtime %0" : "=r"(value));
  return value;
}

// Waits until an interrupt is pending, whether or not it would be taken.
inline void wait_for_interrupt() { asm volatile("wfi" : : : "memory"); }

// "This hart is in a spin loop" (Zihintpause; a CPU without it takes this for a fence that does
// nothing).
inline void pause() { asm volatile(".insn i 0x0f, 0, x0, x0, 0x010" : : : "memory"); }

// Orders this hart's page table writes before its own later walks, for every address or one page.
inline void sfence_all() { asm volatile("sfence.vma" : : : "memory"); }
inline void sfence_page(std::uint64_t address) {
  asm volatile("sfence.vma %0" : : "r"(address) : "memory");
}
// Orders all earlier accesses to memory and devices before all later ones.
inline void fence_io() { asm volatile("fence iorw, iorw" : : : "memory"); }
// Makes this hart's instruction fetches see earlier stores.
inline void fence_i() { asm volatile("fence.i" : : : "memory"); }

}  // namespace tine::csr
