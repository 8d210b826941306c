// The wing `tty`: makes the console a terminal with settings, as programs know it from Linux
// (POSIX, "General Terminal Interface"; the structures are Linux's). With ICANON a read returns
// lines, as with the core's console; without it, every byte can be read when it comes. Typed
// characters are stored in the same way in both modes.
#include <atomic>

#include "dev/console.hh"

namespace tine {
namespace {

constexpr char control(char letter) { return letter & 0x1f; }
constexpr char delete_key = 0x7f;

// Linux's order: VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN. For programs that ask; Tine's
// keys are fixed.
constexpr tine_termios initial_settings = {
    .c_iflag = ICRNL,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD,  // the speed has no effect
    .c_lflag = ICANON | ECHO | ISIG,
    .c_line = 0,
    .c_cc = {control('C'), control('\\'), delete_key, control('U'), control('D'), 0, 1},
};

template <class T>
Result<std::size_t> stored(UserPtr<T> to, const T& value) {
  TRY(to.store(value));
  return 0;
}

class Tty final : public Console {
 public:
  Result<std::size_t> read(IoBuffer& to, bool may_block) override;
  Result<std::size_t> request(std::uint64_t request, VirtAddr argument) override;

 private:
  tine_termios settings_ GUARDED_BY(lock_) = initial_settings;
  // Copied from the settings, because output is sent without their lock.
  std::atomic<bool> makes_lines_{true};
  // Only stored for programs that read it. One word, so it needs no lock.
  std::atomic<tine_winsize> window_{{24, 80, 0, 0}};

  bool take_in(char c) override REQUIRES(lock_);
  Piece copy(std::span<std::byte> to) override REQUIRES(lock_);
  void echo(std::string_view text) override REQUIRES(lock_) {
    if (has_flag(ECHO)) send(text);
  }
  bool makes_lines() override { return makes_lines_.load(std::memory_order_relaxed); }

  bool has_flag(std::uint32_t flag) REQUIRES(lock_) { return settings_.c_lflag & flag; }
  Result<bool> wait_as_set(bool may_block);
  tine_termios settings();
  Result<std::size_t> set_settings(UserPtr<tine_termios> from, bool drop);
  Result<std::size_t> flush(std::uint64_t queue);
  int readable_bytes();
};

bool Tty::take_in(char c) {
  if (c == '\r' && (settings_.c_iflag & ICRNL)) c = '\n';
  if (c == control('C') && has_flag(ISIG)) return interrupt_key();
  if (has_flag(ICANON)) {
    edit_line(c);
  } else if (append(c)) {
    echo({&c, 1});
    commit();
  }
  return false;
}

Console::Piece Tty::copy(std::span<std::byte> to) {
  if (has_flag(ICANON)) return Console::copy(to);
  std::size_t n = 0;
  std::uint32_t at = head_;
  while (n < to.size() && at != committed_) to[n++] = static_cast<std::byte>(slot(at++));
  return {n, at, at == committed_};
}

// Without ICANON, VMIN 0 allows a read to return 0 bytes, after VTIME tenths of a second or when it
// must not block. Waits that long, and returns whether 0 is allowed. Errors: restart.
Result<bool> Tty::wait_as_set(bool may_block) {
  SpinGuard guard(lock_);
  if (has_flag(ICANON) || settings_.c_cc[VMIN] != 0) return false;
  std::uint64_t patience = may_block ? settings_.c_cc[VTIME] * clock_config.timebase / 10 : 0;
  std::uint64_t deadline = clock_now() + patience;
  while (head_ == committed_ && clock_now() < deadline) {
    TRY(readers_.sleep(lock_, WaitReason::console, deadline));
  }
  return true;
}

Result<std::size_t> Tty::read(IoBuffer& to, bool may_block) {
  bool may_be_none = TRY(wait_as_set(may_block));
  Result<std::size_t> moved = Console::read(to, may_block && !may_be_none);
  if (may_be_none && !moved && moved.error() == Errno::again) return 0;
  return moved;
}

// ---- Requests ----

tine_termios Tty::settings() {
  SpinGuard guard(lock_);
  return settings_;
}

Result<std::size_t> Tty::set_settings(UserPtr<tine_termios> from, bool drop) {
  tine_termios wanted = TRY(from.load());
  SpinGuard guard(lock_);
  if (drop) drop_input();
  settings_ = wanted;
  makes_lines_.store((wanted.c_oflag & OPOST) && (wanted.c_oflag & ONLCR),
                     std::memory_order_relaxed);
  commit();  // what was typed so far can be read, in either mode
  hold_back_if_full();
  return 0;
}

Result<std::size_t> Tty::flush(std::uint64_t queue) {
  if (queue > TCIOFLUSH) return Errno::inval;
  SpinGuard guard(lock_);
  if (queue != TCOFLUSH) drop_input();
  return 0;
}

int Tty::readable_bytes() {
  SpinGuard guard(lock_);
  return int(committed_ - head_);
}

// Errors: notty, fault, nomem, inval.
Result<std::size_t> Tty::request(std::uint64_t request, VirtAddr argument) {
  switch (request) {
    case TCGETS: return stored(UserPtr<tine_termios>(argument), settings());
    case TCSETS:
    case TCSETSW:  // output is never buffered, so there is nothing to drain
    case TCSETSF: return set_settings(UserPtr<tine_termios>(argument), request == TCSETSF);
    case TCSBRK: return 0;
    case TCFLSH: return flush(argument.value());
    case FIONREAD: return stored(UserPtr<int>(argument), readable_bytes());
    case TIOCGWINSZ: return stored(UserPtr<tine_winsize>(argument), window_.load());
    case TIOCSWINSZ: window_ = TRY(UserPtr<tine_winsize>(argument).load()); return 0;
    default: return Console::request(request, argument);
  }
}

constinit Tty tty;

}  // namespace

CONSOLE(tty)

}  // namespace tine
