// What was typed lies in one ring:
//
//   head ... committed ... tail
//   `-- can be read  `-- the line being edited (canonical mode only)
//
// A ^D that ends a line stays in the ring after it. So nothing has to be converted when the mode
// changes, and a ^D that was typed ahead, while the shell was still reading in raw mode, ends the
// input of the program that comes next.
//
// Nothing is lost of what can be read: a ring that is full of it holds back the serial port. An
// unfinished line that fills the ring must still be ended or erased, so then bytes come in, and
// those that do not fit are dropped with a bell.
#include "dev/console.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <string_view>

#include "dev/uart.hh"
#include "lib/own.hh"
#include "sched/wait_queue.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr std::uint32_t ring_size = 4096;  // a power of two: the indices run on and wrap
constexpr std::size_t piece_size = 256;

constexpr char control(char letter) { return letter & 0x1f; }
constexpr char end_of_input = control('D');
constexpr char delete_key = 0x7f;

// Linux's order: VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN. For programs that ask; Tine's
// keys are fixed.
constexpr tine_termios initial_settings = {
    .c_iflag = ICRNL,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD,  // any speed will do
    .c_lflag = ICANON | ECHO | ISIG,
    .c_line = 0,
    .c_cc = {control('C'), control('\\'), delete_key, control('U'), end_of_input, 0, 1},
};

constinit Spinlock input_lock{Rank::console_input, "console input"};
constinit tine_termios settings GUARDED_BY(input_lock) = initial_settings;
constinit std::array<char, ring_size> ring GUARDED_BY(input_lock){};
constinit std::uint32_t head GUARDED_BY(input_lock) = 0;
constinit std::uint32_t committed GUARDED_BY(input_lock) = 0;
constinit std::uint32_t tail GUARDED_BY(input_lock) = 0;
// One reader at a time, which moves `head` only when its bytes have arrived: no byte is lost to a
// bad address, and none goes to two. Bytes that were dropped meanwhile are not there to be passed.
constinit bool being_read GUARDED_BY(input_lock) = false;
constinit std::uint32_t drops GUARDED_BY(input_lock) = 0;
constinit bool held_back GUARDED_BY(input_lock) = false;  // the serial port
constinit WaitQueue readers GUARDED_BY(input_lock);
constinit WaitQueue turns GUARDED_BY(input_lock);     // until the one that reads is done
constinit WaitQueue watchers GUARDED_BY(input_lock);  // ppoll
// Kept for programs that ask: one word, so that no lock is needed.
constinit std::atomic<tine_winsize> window{{24, 80, 0, 0}};

bool has_flag(std::uint32_t flag) REQUIRES(input_lock) { return settings.c_lflag & flag; }
char& slot(std::uint32_t index) REQUIRES(input_lock) { return ring[index % ring_size]; }

void send(std::string_view text, std::uint32_t output_flags) {
  SpinGuard guard(console_output_lock);
  uart_write(text, (output_flags & OPOST) && (output_flags & ONLCR));
}

void echo(std::string_view text) REQUIRES(input_lock) {
  if (has_flag(ECHO)) send(text, settings.c_oflag);
}

// ---- The line discipline: bytes come in ----

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t'; }
// Is it a later byte of a UTF-8 character?
bool is_continuation(char c) { return (c & 0xc0) == 0x80; }

// The last `spare` places are kept for others. What does not fit is dropped, and the bell says
// so.
bool append(char c, std::uint32_t spare = 0) REQUIRES(input_lock) {
  if (tail - head >= ring_size - spare) {
    echo("\a");
    return false;
  }
  slot(tail++) = c;
  return true;
}

// To be called when what waits in the ring has changed.
void hold_back_if_full() REQUIRES(input_lock) {
  bool full = head != committed && tail - head >= ring_size - 1;
  if (full != held_back) uart_hold_back(full);
  held_back = full;
}

// One reader for one piece of news. The one that acts on it tells the next when it is done, if
// something is left (end_reading): so it does not matter what becomes of the one that is told.
void tell_next_reader() REQUIRES(input_lock) {
  if (!being_read) readers.wake_one();
}

void commit() REQUIRES(input_lock) {
  committed = tail;
  if (head == committed) return;
  tell_next_reader();
  watchers.wake_all();
}

void drop_input() REQUIRES(input_lock) {
  head = committed = tail;
  drops++;
  hold_back_if_full();
}

// Takes back the last character of the line, with what its echo took on the screen.
void erase_character() REQUIRES(input_lock) {
  if (tail == committed) return;
  while (tail - committed > 1 && is_continuation(slot(tail - 1))) tail--;
  tail--;
  echo(is_control(slot(tail)) ? "\b\b  \b\b" : "\b \b");
}

void edit_line(char c) REQUIRES(input_lock) {
  if (c == '\n') {
    if (!append(c)) return;
    echo("\n");
    commit();
  } else if (c == end_of_input) {
    if (append(c)) commit();
  } else if (c == delete_key || c == control('H')) {
    erase_character();
  } else if (c == control('U')) {
    while (tail != committed) erase_character();
  } else if (append(c, 1)) {  // the end of the line must always fit
    const char shown[] = {'^', static_cast<char>(c | 0x40)};
    is_control(c) ? echo({shown, 2}) : echo({&c, 1});
  }
}

// Returns whether it was an interrupt key.
bool take_in(char c) REQUIRES(input_lock) {
  if (c == '\r' && (settings.c_iflag & ICRNL)) c = '\n';
  if (c == control('C') && has_flag(ISIG)) {
    drop_input();
    echo("^C\n");
    return true;
  }
  if (has_flag(ICANON)) {
    edit_line(c);
  } else if (append(c)) {
    echo({&c, 1});
    commit();
  }
  return false;
}

// The interrupt: takes in what there is, until bytes are held back.
void receive() {
  while (true) {
    bool interrupt;
    {
      SpinGuard guard(input_lock);
      std::optional<char> c = held_back ? std::nullopt : uart_read();
      if (!c) return;
      interrupt = take_in(*c);
      hold_back_if_full();
    }
    if (interrupt && console_interrupt_hook) console_interrupt_hook();
  }
}

// ---- Bytes go out to readers ----

struct Piece {
  std::size_t count = 0;
  std::uint32_t behind = 0;  // the new `head` when all have arrived
  bool is_last = false;      // a line has ended, or there is nothing more
  std::uint32_t drops = 0;   // at the time of the copy
};

Piece copy_of_line(std::span<std::byte> to) REQUIRES(input_lock) {
  std::size_t n = 0;
  std::uint32_t at = head;
  while (n < to.size() && at != committed) {
    char c = slot(at++);
    if (c == end_of_input) return {n, at, true};
    to[n++] = static_cast<std::byte>(c);
    if (c == '\n') return {n, at, true};
  }
  // A ^D right behind belongs to these bytes: left there, it would look like the end to the next
  // read.
  if (at != committed && slot(at) == end_of_input) return {n, at + 1, true};
  return {n, at, at == committed};
}

Piece copy_of_bytes(std::span<std::byte> to) REQUIRES(input_lock) {
  std::size_t n = 0;
  std::uint32_t at = head;
  while (n < to.size() && at != committed) to[n++] = static_cast<std::byte>(slot(at++));
  return {n, at, at == committed};
}

tine_termios settings_now() {
  SpinGuard guard(input_lock);
  return settings;
}

// Bytes without lines: is a reader content with none, when VTIME tenths of a second have passed?
bool may_be_none() REQUIRES(input_lock) { return !has_flag(ICANON) && settings.c_cc[VMIN] == 0; }

// Sleeps until something is there and no other thread reads; one that must not block waits for the
// other reader only, which is in the middle of it. Returns false when there is nothing, and that
// will do (VMIN 0). Not `wait`, because the queue depends on what is waited for. Errors: restart,
// again.
Result<bool> begin_reading(bool may_block) {
  SpinGuard guard(input_lock);
  std::uint64_t deadline = never;
  if (may_be_none()) deadline = clock_now() + settings.c_cc[VTIME] * clock_config.timebase / 10;
  while (being_read || head == committed) {
    if (!being_read && !may_block) return may_be_none() ? Result<bool>(false) : Errno::again;
    if (clock_now() >= deadline) return false;
    WaitQueue& queue = being_read ? turns : readers;
    TRY(queue.sleep(input_lock, WaitReason::console, deadline));
  }
  being_read = true;
  return true;
}

void end_reading() {
  SpinGuard guard(input_lock);
  being_read = false;
  turns.wake_all();
  if (head != committed) tell_next_reader();
}

// Moves one piece, or the start of it: what the buffer has room for in one place.
Result<std::size_t> read_piece(IoBuffer& to, Piece& piece) {
  std::array<std::byte, piece_size> bytes;
  std::span<std::byte> room(bytes.data(), std::min(to.left(), piece_size));
  {
    SpinGuard guard(input_lock);
    piece = has_flag(ICANON) ? copy_of_line(room) : copy_of_bytes(room);
    piece.drops = drops;
  }
  std::size_t moved = TRY(to.put(room.first(piece.count)));
  SpinGuard guard(input_lock);
  bool is_stale = piece.drops != drops;
  if (!is_stale) {
    head = moved == piece.count ? piece.behind : head + static_cast<std::uint32_t>(moved);
  }
  hold_back_if_full();
  piece.is_last = is_stale || (piece.is_last && moved == piece.count);
  return moved;
}

// ---- Requests ----

template <class T>
Result<std::size_t> stored(UserPtr<T> to, const T& value) {
  TRY(to.store(value));
  return 0;
}

Result<std::size_t> set_settings(UserPtr<tine_termios> from, bool drop) {
  tine_termios wanted = TRY(from.load());
  SpinGuard guard(input_lock);
  if (drop) drop_input();
  settings = wanted;
  commit();  // what was typed is there for readers as it is, whatever the mode
  hold_back_if_full();
  return 0;
}

int readable_bytes() {
  SpinGuard guard(input_lock);
  return int(committed - head);
}

}  // namespace

constinit InterruptHook console_interrupt_hook = nullptr;

Result<> console_init(unsigned irq) { return uart_start_receiving(irq, receive); }

Result<std::size_t> console_read(IoBuffer& to, bool may_block) {
  if (to.left() == 0) return 0;
  if (!TRY(begin_reading(may_block))) return 0;
  ScopeExit done(end_reading);
  Piece piece;
  return in_pieces(to, [&](std::size_t) {
    return piece.is_last ? Result<std::size_t>(0) : read_piece(to, piece);
  });
}

Result<std::size_t> console_write(IoBuffer& from) {
  std::uint32_t output_flags = settings_now().c_oflag;
  // The UART is so slow that each piece counts as long work.
  return in_pieces(from, [&](std::size_t done) -> Result<std::size_t> {
    if (done > 0 && give_way()) return 0;
    std::array<std::byte, piece_size> piece;
    std::size_t moved = TRY(from.take(piece));
    send({reinterpret_cast<const char*>(piece.data()), moved}, output_flags);
    return moved;
  });
}

bool console_has_input(Waiter* watcher) {
  SpinGuard guard(input_lock);
  if (watcher && head == committed) watchers.enter(*watcher);
  return head != committed;
}

void console_stop_watching(Waiter& watcher) {
  SpinGuard guard(input_lock);
  watchers.leave(watcher);
}

Result<std::size_t> console_ioctl(std::uint64_t request, VirtAddr argument) {
  switch (request) {
    case TCGETS: return stored(UserPtr<tine_termios>(argument), settings_now());
    case TCSETS:
    case TCSETSW:  // output never waits: there is nothing to drain
    case TCSETSF: return set_settings(UserPtr<tine_termios>(argument), request == TCSETSF);
    case TCSBRK: return 0;
    case TCFLSH: {
      if (argument.value() > TCIOFLUSH) return Errno::inval;
      SpinGuard guard(input_lock);
      if (argument.value() != TCOFLUSH) drop_input();
      return 0;
    }
    case FIONREAD: return stored(UserPtr<int>(argument), readable_bytes());
    case TIOCGWINSZ: return stored(UserPtr<tine_winsize>(argument), window.load());
    case TIOCSWINSZ: window = TRY(UserPtr<tine_winsize>(argument).load()); return 0;
    default: return Errno::notty;
  }
}

}  // namespace tine
