// Shadow of kernel/arch/csr.hh: what the tested files execute is recorded instead. (The other
// functions hold assembly that the host has not; they are never called, so they are never
// assembled.)
#pragma once

#define write_satp hardware_write_satp
#define sfence_all hardware_sfence_all
#define sfence_page hardware_sfence_page
#define fence_i hardware_fence_i
#define pause hardware_pause
#include_next "arch/csr.hh"
#undef write_satp
#undef sfence_all
#undef sfence_page
#undef fence_i
#undef pause

namespace tine::csr {

// What this hart did since the test set it to zero.
struct Recorded {
  std::uint64_t satp = 0;
  unsigned sfence_all = 0, sfence_page = 0, fence_i = 0;
};
inline thread_local Recorded recorded;

inline void write_satp(std::uint64_t value) { recorded.satp = value; }
inline void sfence_all() { recorded.sfence_all++; }
inline void sfence_page(std::uint64_t) { recorded.sfence_page++; }
inline void fence_i() { recorded.fence_i++; }
inline void pause() {}

}  // namespace tine::csr
