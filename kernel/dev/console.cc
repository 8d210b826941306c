#include "dev/console.hh"

#include <algorithm>

#include "dev/uart.hh"
#include "sync/log.hh"

namespace tine {
namespace {

extern "C" Console *const consoles_start[], *const consoles_end[];  // bounds of the rows

constexpr std::size_t piece_size = 256;

constexpr char control(char letter) { return letter & 0x1f; }
constexpr char end_of_input = control('D');
constexpr char delete_key = 0x7f;

constinit Console plain_console;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t'; }
// Is it the second or a later byte of a UTF-8 character?
bool is_continuation(char c) { return (c & 0xc0) == 0x80; }

}  // namespace

constinit InterruptHook console_interrupt_hook = nullptr;

Console& console() {
  std::span rows(consoles_start, consoles_end);
  return rows.empty() ? plain_console : *rows.front();
}

Result<> console_init(unsigned irq) {
  return uart_start_receiving(irq, [] { console().receive(); });
}

void Console::send(std::string_view text) {
  SpinGuard guard(console_output_lock);
  uart_write(text, makes_lines());
}

// ---- Bytes come in ----

bool Console::append(char c, std::uint32_t spare) {
  if (tail_ - head_ >= ring_size - spare) {
    echo("\a");
    return false;
  }
  slot(tail_++) = c;
  return true;
}

void Console::hold_back_if_full() {
  bool full = head_ != committed_ && tail_ - head_ >= ring_size - 1;
  if (full != held_back_) uart_hold_back(full);
  held_back_ = full;
}

// Wakes one reader. If it leaves input, it wakes the next one (read_line).
void Console::commit() {
  committed_ = tail_;
  if (head_ == committed_) return;
  // [key 4] The line is complete: one reader is woken.
  readers_.wake_one();
  watchers_.wake_all();
}

void Console::drop_input() {
  head_ = committed_ = tail_;
  hold_back_if_full();
}

// Removes the last character of the line, and its echo from the screen.
void Console::erase_character() {
  if (tail_ == committed_) return;
  while (tail_ - committed_ > 1 && is_continuation(slot(tail_ - 1))) tail_--;
  tail_--;
  echo(is_control(slot(tail_)) ? "\b\b  \b\b" : "\b \b");
}

void Console::edit_line(char c) {
  if (c == '\n') {
    if (!append(c)) return;
    echo("\n");
    commit();
  } else if (c == end_of_input) {
    if (append(c)) commit();
  } else if (c == delete_key || c == control('H')) {
    erase_character();
  } else if (c == control('U')) {
    while (tail_ != committed_) erase_character();
  } else if (append(c, 1)) {  // the end of the line must always fit
    // [key 3] It is in the ring; its echo shows it on the screen.
    const char shown[] = {'^', static_cast<char>(c | 0x40)};
    is_control(c) ? echo({shown, 2}) : echo({&c, 1});
  }
}

bool Console::interrupt_key() {
  drop_input();
  echo("^C\n");
  return true;
}

bool Console::take_in(char c) {
  if (c == control('C')) return interrupt_key();
  edit_line(c == '\r' ? '\n' : c);
  return false;
}

void Console::receive() {
  while (true) {
    bool interrupt;
    {
      SpinGuard guard(lock_);
      std::optional<char> c = held_back_ ? std::nullopt : uart_read();
      if (!c) return;
      // [key 2] A byte has come from the UART.
      interrupt = take_in(*c);
      hold_back_if_full();
    }
    if (interrupt && console_interrupt_hook) console_interrupt_hook();
  }
}

// ---- Bytes go out to readers ----

Console::Piece Console::copy(std::span<std::byte> to) {
  std::size_t n = 0;
  std::uint32_t at = head_;
  while (n < to.size() && at != committed_) {
    char c = slot(at++);
    if (c == end_of_input) return {n, at, true};
    to[n++] = static_cast<std::byte>(c);
    if (c == '\n') return {n, at, true};
  }
  // A ^D right after these bytes belongs to them: if it stayed, the next read would return 0, which
  // means end of file.
  if (at != committed_ && slot(at) == end_of_input) return {n, at + 1, true};
  return {n, at, at == committed_};
}

Result<> Console::wait_for_input(bool may_block) {
  SpinGuard guard(lock_);
  if (!may_block && head_ == committed_) return Errno::again;
  return wait(readers_, lock_, WaitReason::console, [&] {
    lock_.assert_held();
    return head_ != committed_;
  });
}

// Moves one piece, or as much of it as the buffer takes in one place. Errors: fault, nomem; again,
// when there is no input.
Result<std::size_t> Console::read_piece(IoBuffer& to, Piece& piece) {
  std::array<std::byte, piece_size> bytes;
  std::span<std::byte> room(bytes.data(), std::min(to.left(), piece_size));
  std::uint32_t start;
  {
    SpinGuard guard(lock_);
    if (head_ == committed_) return Errno::again;
    start = head_;
    piece = copy(room);
  }
  // [key 5] The reader, awake again, copies the line to its program.
  std::size_t moved = TRY(to.put(room.first(piece.count)));
  SpinGuard guard(lock_);
  bool was_dropped = head_ != start;
  if (!was_dropped) {
    head_ = moved == piece.count ? piece.end : head_ + static_cast<std::uint32_t>(moved);
  }
  hold_back_if_full();
  piece.is_last = was_dropped || (piece.is_last && moved == piece.count);
  return moved;
}

Result<std::size_t> Console::read_line(IoBuffer& to) {
  if (!reading_.lock_killable()) return Errno::restart;
  MutexGuard one_reader(reading_, AlreadyHeld::yes);
  Piece piece;
  Result<std::size_t> moved = in_pieces(to, [&](std::size_t) {
    return piece.is_last ? Result<std::size_t>(0) : read_piece(to, piece);
  });
  SpinGuard guard(lock_);
  if (head_ != committed_) readers_.wake_one();
  return moved;
}

Result<std::size_t> Console::read(IoBuffer& to, bool may_block) {
  if (to.left() == 0) return 0;
  while (true) {
    TRY(wait_for_input(may_block));
    Result<std::size_t> moved = read_line(to);
    // `again`: another reader took the input, or ^C dropped it.
    if (moved || moved.error() != Errno::again) return moved;
  }
}

Result<std::size_t> Console::write(IoBuffer& from) {
  // The UART is so slow that each piece counts as long work.
  return in_pieces(from, [&](std::size_t done) -> Result<std::size_t> {
    if (done > 0 && give_way()) return 0;
    std::array<std::byte, piece_size> piece;
    std::size_t moved = TRY(from.take(piece));
    send({reinterpret_cast<const char*>(piece.data()), moved});
    return moved;
  });
}

bool Console::has_input(Waiter* watcher) {
  SpinGuard guard(lock_);
  if (watcher && head_ == committed_) watchers_.enter(*watcher);
  return head_ != committed_;
}

void Console::stop_watching(Waiter& watcher) {
  SpinGuard guard(lock_);
  watchers_.leave(watcher);
}

}  // namespace tine
