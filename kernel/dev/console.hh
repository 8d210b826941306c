// The console: a simple terminal on the serial port. It echoes typed characters, lets the user edit
// the line, and gives programs whole lines; ^D ends a line without adding a byte, and ^C interrupts
// programs. The wing `tty` derives a terminal with settings from it.
//
// Typed characters lie in one ring:
//
//   head ... committed ... tail
//   `-- can be read  `-- the line being edited
//
// A ^D stays in the ring, so that it ends the read that reaches it, whichever program calls it.
//
// Complete lines are never lost: when they fill the ring, no more bytes are taken from the serial
// port. When an unfinished line fills the ring, bytes must still come in, to end or erase it; those
// that do not fit are dropped with a bell.
//
// Locks: console_input guards the typed bytes; it may be held while taking console_output_lock. A
// reader copies bytes out of the ring, stores them into the program's memory, and only then moves
// `head_`, all with `reading_` held: so a bad address loses no byte, and no byte goes to two
// readers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/result.hh"
#include "sched/mutex.hh"
#include "sched/wait_queue.hh"
#include "vm/user_memory.hh"

namespace tine {

class Console {
 public:
  // Moves typed bytes into `to`: at most one line, sleeping until it is complete; ^D at its
  // beginning returns 0. Errors: restart, fault, nomem; again, when there is no input and
  // `may_block` is false.
  virtual Result<std::size_t> read(IoBuffer& to, bool may_block);
  // Writes in pieces of 256 bytes; messages of the kernel come between pieces, not inside one.
  // Errors: fault, nomem.
  Result<std::size_t> write(IoBuffer& from);
  // Is there a line to read? If not, `watcher` (or nullptr) enters the queue that is woken when
  // there is.
  bool has_input(Waiter* watcher);
  void stop_watching(Waiter& watcher);
  // ioctl; `argument` is usually an address of the current program. Errors: notty.
  virtual Result<std::size_t> request(std::uint64_t, VirtAddr) { return Errno::notty; }

  // The interrupt: takes in the bytes that have come, until the ring is full.
  void receive();

 protected:
  static constexpr std::uint32_t ring_size = 4096;  // a power of two: indices wrap
  // A copy of some bytes that can be read.
  struct Piece {
    std::size_t count = 0;
    std::uint32_t end = 0;  // the new `head_` when all were stored
    bool is_last = false;   // a line has ended, or no more can be read
  };

  Spinlock lock_{Rank::console_input, "console input"};
  std::array<char, ring_size> ring_ GUARDED_BY(lock_){};
  std::uint32_t head_ GUARDED_BY(lock_) = 0;
  std::uint32_t committed_ GUARDED_BY(lock_) = 0;
  std::uint32_t tail_ GUARDED_BY(lock_) = 0;
  bool held_back_ GUARDED_BY(lock_) = false;  // input waits in the serial port
  WaitQueue readers_ GUARDED_BY(lock_);
  WaitQueue watchers_ GUARDED_BY(lock_);  // ppoll

  char& slot(std::uint32_t index) REQUIRES(lock_) { return ring_[index % ring_size]; }

  // A wing may override these. Takes in a byte; returns whether it was an interrupt key.
  virtual bool take_in(char c) REQUIRES(lock_);
  virtual Piece copy(std::span<std::byte> to) REQUIRES(lock_);
  virtual void echo(std::string_view text) REQUIRES(lock_) { send(text); }
  // Does a newline go out as carriage return and newline?
  virtual bool makes_lines() { return true; }

  void send(std::string_view text);
  // Adds a character; leaves the last `spare` places free. If it does not fit, rings the bell and
  // returns false.
  bool append(char c, std::uint32_t spare = 0) REQUIRES(lock_);
  void edit_line(char c) REQUIRES(lock_);
  bool interrupt_key() REQUIRES(lock_);  // drops all input; returns true
  void commit() REQUIRES(lock_);         // all that was typed can be read now
  void drop_input() REQUIRES(lock_);
  // Call it when the number of characters in the ring has changed.
  void hold_back_if_full() REQUIRES(lock_);

 private:
  Mutex reading_{Rank::console_reader, "console reader"};

  void erase_character() REQUIRES(lock_);
  Result<> wait_for_input(bool may_block);
  Result<std::size_t> read_line(IoBuffer& to);
  Result<std::size_t> read_piece(IoBuffer& to, Piece& piece);
};

// The terminal on the serial port: a row of a table that the linker gathers, which only a wing has.
// Without one, a plain Console.
#define CONSOLE(object)                                                                        \
  [[gnu::section(".table.console"), gnu::used]] static constinit Console* const row_##object = \
      &object;
Console& console();

// Starts receiving. Needs uart_init and plic_init. Errors: inval (the port has no usable
// interrupt).
Result<> console_init(unsigned irq);

// Called for ^C, with no lock held. Null: ^C is only echoed. Input that was not read yet is dropped
// in any case.
using InterruptHook = void (*)();
extern constinit InterruptHook console_interrupt_hook;

}  // namespace tine
