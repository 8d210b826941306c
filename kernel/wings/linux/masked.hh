// For a call that sleeps with another signal mask. The program's own mask is restored when the call
// ends, or when the handler that ended it has returned.
#pragma once

#include "proc/signal.hh"

namespace tine {

// `mask` null: the mask stays. Errors: inval (size), fault, nomem, and those of `body`.
template <class Body>
auto with_signal_mask(UserPtr<std::uint64_t> mask, std::size_t size, Body body)
    -> decltype(body()) {
  if (mask.is_null()) return body();
  if (size != sizeof(std::uint64_t)) return Errno::inval;
  std::uint64_t own = current_thread()->blocked_signals;
  TRY(block_signals(TRY(mask.load())));
  auto result = body();
  if (!result && result.error() == Errno::intr) {
    SpinGuard guard(process_table_lock);
    current_thread()->blocked_before = own;  // handle_signals restores it
  } else {
    TRY(block_signals(own));
  }
  return result;
}

}  // namespace tine
