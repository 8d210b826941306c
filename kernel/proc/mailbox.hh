// Mailbox: one message at a time, from any process to this one (ipc_send, ipc_recv).
//
// Lock: `mailbox`, inside. A sender never sleeps: it gets an error when there is no room. A
// receiver sleeps.
#pragma once

#include <tine/abi.h>

#include <optional>
#include <utility>

#include "lib/result.hh"
#include "sched/wait_queue.hh"

namespace tine {

class Mailbox {
 public:
  // Errors: again, while an earlier message has not been taken.
  Result<> send(int sender, std::uint64_t word) {
    SpinGuard guard(lock_);
    if (message_) return Errno::again;
    message_ = tine_message{.sender = sender, .zero = 0, .word = word};
    receivers_.wake_one();
    return {};
  }

  // Sleeps until there is a message. Errors: restart.
  Result<tine_message> receive() {
    SpinGuard guard(lock_);
    TRY(wait(receivers_, lock_, WaitReason::ipc, [&] {
      lock_.assert_held();
      return message_.has_value();
    }));
    return *std::exchange(message_, std::nullopt);
  }

 private:
  Spinlock lock_{Rank::mailbox, "mailbox"};
  std::optional<tine_message> message_ GUARDED_BY(lock_);
  WaitQueue receivers_ GUARDED_BY(lock_);
};

}  // namespace tine
