// The console: a terminal on the serial port, as plain as it can be. What is typed is shown, can be
// edited, and is handed out in lines; ^D ends a line without a byte, and ^C interrupts programs.
// The wing `tty` derives a terminal from it that has settings.
//
// What was typed lies in one ring:
//
//   head ... committed ... tail
//   `-- can be read  `-- the line being edited
//
// A ^D that ends a line stays in the ring after it, so that it ends the input of the program that
// reads this far, whichever that is.
//
// Nothing is lost of what can be read: a ring that is full of it holds back the serial port. An
// unfinished line that fills the ring must still be ended or erased, so then bytes come in, and
// those that do not fit are dropped with a bell.
//
// Locks: console_input guards the typed bytes; it may be held while taking console_output_lock. A
// reader holds `reading_` from the copy of some bytes until they have arrived, and only then moves
// `head_`: no byte is lost to a bad address, and none goes to two.
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
  // beginning returns 0. Errors: restart, fault, nomem; again, when nothing is there and
  // `may_block` is false.
  virtual Result<std::size_t> read(IoBuffer& to, bool may_block);
  // Writes; messages of the kernel do not come between the bytes of a piece of 256. Errors: fault,
  // nomem.
  Result<std::size_t> write(IoBuffer& from);
  // With `watcher`: if there is none, it enters the queue of those that are told when some comes.
  bool has_input(Waiter* watcher);
  void stop_watching(Waiter& watcher);
  // What ioctl asks for; `argument` is mostly an address of the current program. Errors: notty.
  virtual Result<std::size_t> request(std::uint64_t, VirtAddr) { return Errno::notty; }

  // The interrupt: takes in what there is, until bytes are held back.
  void receive();

 protected:
  static constexpr std::uint32_t ring_size = 4096;  // a power of two: the indices run on and wrap
  // Some of what can be read, copied.
  struct Piece {
    std::size_t count = 0;
    std::uint32_t end = 0;  // the new `head_` when all have arrived
    bool is_last = false;   // a line has ended, or there is nothing more
  };

  Spinlock lock_{Rank::console_input, "console input"};
  std::array<char, ring_size> ring_ GUARDED_BY(lock_){};
  std::uint32_t head_ GUARDED_BY(lock_) = 0;
  std::uint32_t committed_ GUARDED_BY(lock_) = 0;
  std::uint32_t tail_ GUARDED_BY(lock_) = 0;
  bool held_back_ GUARDED_BY(lock_) = false;  // the serial port
  WaitQueue readers_ GUARDED_BY(lock_);
  WaitQueue watchers_ GUARDED_BY(lock_);  // ppoll

  char& slot(std::uint32_t index) REQUIRES(lock_) { return ring_[index % ring_size]; }

  // What a wing may do otherwise. A byte comes in: was it an interrupt key?
  virtual bool take_in(char c) REQUIRES(lock_);
  virtual Piece copy(std::span<std::byte> to) REQUIRES(lock_);
  virtual void echo(std::string_view text) REQUIRES(lock_) { send(text); }
  // Does a newline go out as carriage return and newline?
  virtual bool makes_lines() { return true; }

  void send(std::string_view text);
  // The last `spare` places are kept for others. What does not fit is dropped, and the bell says
  // so.
  bool append(char c, std::uint32_t spare = 0) REQUIRES(lock_);
  void edit_line(char c) REQUIRES(lock_);
  bool interrupt_key() REQUIRES(lock_);  // drops all input; returns true
  void commit() REQUIRES(lock_);         // all that was typed can be read
  void drop_input() REQUIRES(lock_);
  // To be called when what waits in the ring has changed.
  void hold_back_if_full() REQUIRES(lock_);

 private:
  Mutex reading_{Rank::console_reader, "console reader"};

  void erase_character() REQUIRES(lock_);
  Result<> wait_for_input(bool may_block);
  Result<std::size_t> read_line(IoBuffer& to);
  Result<std::size_t> read_piece(IoBuffer& to, Piece& piece);
};

// What is on the serial port: a row of a table that the linker gathers, which only a wing has; else
// a plain console.
#define CONSOLE(object)                                                                        \
  [[gnu::section(".table.console"), gnu::used]] static constinit Console* const row_##object = \
      &object;
Console& console();

// Starts receiving. Needs uart_init and plic_init. Errors: inval (the port has no usable
// interrupt).
Result<> console_init(unsigned irq);

// What ^C does, called with no lock held. Null: nothing but the echo. What was typed before it and
// not yet read is dropped in any case.
using InterruptHook = void (*)();
extern constinit InterruptHook console_interrupt_hook;

}  // namespace tine
