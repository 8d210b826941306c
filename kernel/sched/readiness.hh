// Waiting for any of several things at once (ppoll): a pipe has bytes, a line was typed. Whoever
// sleeps so looks at each thing anew when one of them has changed; which one, nobody records.
//
// Lock: one spinlock of its own. What has changed may be guarded by any lock of a lower rank, which
// the caller of readiness_changed may hold.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/result.hh"

namespace tine {

// Exists while its owner looks at things and sleeps: from then on no change is missed.
class ReadinessWatch {
 public:
  ReadinessWatch() { watches.fetch_add(1); }
  ~ReadinessWatch() { watches.fetch_sub(1); }
  ReadinessWatch(const ReadinessWatch&) = delete;
  ReadinessWatch& operator=(const ReadinessWatch&) = delete;

  // How many changes there were. Read it before the things are looked at.
  std::uint64_t changes() const;
  // Sleeps until there are other than `seen` changes, or `deadline` (a clock value). False: the
  // deadline. Errors: restart.
  Result<bool> wait(std::uint64_t seen, std::uint64_t deadline);

 private:
  static constinit std::atomic<unsigned> watches;

  friend void readiness_changed();
  static void wake();
};

// Something may now be read or written that could not be before. The fence stands between that
// change and the look for watchers, as their counting stands before their look at the things: so
// one of the two looks finds what the other side did.
inline void readiness_changed() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (ReadinessWatch::watches.load(std::memory_order_relaxed)) ReadinessWatch::wake();
}

}  // namespace tine
