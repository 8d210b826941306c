// A machine with the student's kernel, in which the grader on the host plays the programs.
//
// The first process is the observer (bin/observer.S). It and its children are stopped by hardware
// breakpoints whenever they have done a step; the grader then decides the next one and sets all
// registers. So a system call is made by a process in user mode, with arguments that were drawn on
// the host a moment before. What it did is read from the hardware: which root of a page table the
// hart uses (satp), whether it is in user mode, its registers, and the frames that the *host* finds
// by walking that table. Nothing that the kernel says or keeps is believed.
// docs/labs/threat-model.md says what that is worth.
//
// Three outcomes: the test passes; it fails with a reason (`lose`); or NotJudged, when the trouble
// was the host's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "guest/guest.hh"
#include "labs/firmware.hh"
#include "labs/stub.hh"

namespace test {

constexpr std::uint64_t page = 4096;

// Numbers of calls, as in Linux for riscv64; the last ones are Tine's own.
enum Call : std::uint64_t {
  call_getcwd = 17,
  call_dup3 = 24,
  call_unlinkat = 35,
  call_ftruncate = 46,
  call_chdir = 49,
  call_fchmodat = 53,
  call_fchownat = 54,
  call_openat = 56,
  call_close = 57,
  call_pipe2 = 59,
  call_lseek = 62,
  call_read = 63,
  call_write = 64,
  call_readlinkat = 78,
  call_exit = 94,
  call_nanosleep = 101,
  call_clock_gettime = 113,
  call_clock_nanosleep = 115,
  call_yield = 124,
  call_kill = 129,
  call_sigaltstack = 132,
  call_sigsuspend = 133,
  call_sigaction = 134,
  call_sigprocmask = 135,
  call_sigpending = 136,
  call_sigreturn = 139,
  call_setuid = 146,
  call_setresuid = 147,
  call_setresgid = 149,
  call_umask = 166,
  call_getpid = 172,
  call_getppid = 173,
  call_getuid = 174,
  call_gettid = 178,
  call_sysinfo = 179,
  call_brk = 214,
  call_munmap = 215,
  call_clone = 220,
  call_execve = 221,
  call_mmap = 222,
  call_mprotect = 226,
  call_madvise = 233,
  call_wait4 = 260,
  call_prlimit = 261,
  call_exec = 4096,
  call_execv = 4097,
  call_ipc_send = 4099,
  call_ipc_recv = 4100,
  call_memory_info = 4102,
  call_power = 4104,
  call_fail_alloc = 4105,
  call_trace = 4106,
};

// The points of the running test are lost, for that reason (an English sentence).
[[noreturn]] void lose(const std::string& reason);

// One process of the observer, known by the root of its page table.
struct Process {
  std::uint64_t root = 0;  // physical address
  Registers at_rest;       // as they were when its last step had been done
  bool busy = false;       // it was told to do a step, and has not come back
  std::string doing;       // which step that is or was
};

// What the host finds for one page.
struct Mapping {
  std::uint64_t frame = 0;  // physical address
  bool readable = false, writable = false, executable = false;
  bool operator==(const Mapping&) const = default;
};

struct Case {
  std::string name;
  std::uint64_t million = 100;  // instructions that it may take, boot and all
  int smp = 1;
  std::string memory = "64M";
  int hz = 100;
  const char* first_at = "rest";  // the observer's label at which the first process stops first
  // Not 0: no program is waited for. The machine stops when the boot hart comes to that address in
  // the kernel for the `visits`-th time (kernel.hh).
  std::uint64_t kernel_stop = 0;
  unsigned visits = 1;
  // Looks at the kernel alone, after that many instructions or when it has switched the machine
  // off: no process is known.
  bool kernel_only = false;
  std::string cpu = "rv64";
  std::string arguments = {};  // more of the kernel's
  // Changes the device tree that the firmware gets.
  std::function<void(DeviceTree&)> tree = {};
  // Writes to the machine's memory before it starts.
  std::function<void(const PhysicalMemory&)> memory_before = {};
  bool watches_firmware = false;  // keeps all calls of the firmware
  bool slow_console = false;      // the other end of the serial port is slow to read
};

class Machine {
 public:
  explicit Machine(const Case& what);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Process& first() { return *first_; }

  // ---- Steps. Whoever is not meant makes way (sched_yield) meanwhile. ----

  // A system call; a0 after it.
  template <class... Arguments>
  std::uint64_t call(Process& process, std::uint64_t number, Arguments... arguments) {
    start_call(process, number, arguments...);
    return finish(process);
  }
  // The same in two halves: others may do steps in between.
  template <class... Arguments>
  void start_call(Process& process, std::uint64_t number, Arguments... arguments) {
    const std::vector<std::uint64_t> values = {static_cast<std::uint64_t>(arguments)...};
    start_call_with(process, number, values);
  }
  // Waits until the process is at rest; a0.
  std::uint64_t finish(Process& process);
  // A call that never returns.
  void exit(Process& process, int code);
  // Starts the step at one of the observer's labels, with these registers.
  void start(Process& process, const char* label, const Registers& with, const std::string& doing);
  Registers step(Process& process, const char* label, const Registers& with);

  std::uint64_t load(Process& process, std::uint64_t address);
  void store(Process& process, std::uint64_t address, std::uint64_t value);
  // The process does that store, and the kernel should end it. It is not known any more then.
  void store_and_die(Process& process, std::uint64_t address);
  void touch(Process& process, std::uint64_t address, std::uint64_t pages, std::uint64_t value);
  // Lets all processes make way, that many times in all.
  void let_run(int turns);
  // The machine runs until a process is at rest, which is current then. (The one that was current
  // was given a step, or has been forgotten.)
  Process& next();

  // ---- What is new ----

  // Processes that came to rest and that nobody knew. Each is told once.
  std::vector<Process*> newcomers();
  void forget(Process& process);  // it has ended
  // The signals whose handler was seen at work in that process, in order.
  const std::vector<std::uint64_t>& handled_signals(const Process& process);

  // ---- Memory, by the host's own walk ----

  std::optional<Mapping> walk(const Process& process, std::uint64_t address) const;
  std::map<std::uint64_t, Mapping> pages(const Process& process) const;  // of user mode, by address
  // The root of the page table that the hart which stopped last uses.
  std::uint64_t root();
  std::uint64_t word(std::uint64_t physical) const { return memory_->word(physical); }
  // The entry that maps the page at the address, as it would be if that page had one of its own.
  std::optional<std::uint64_t> leaf(const Process& process, std::uint64_t address) const;
  // How many tables there are on the way to that address: 1, if there is the root alone, to 3.
  unsigned tables(const Process& process, std::uint64_t address) const;
  // Is there a table of the last level for that address?
  bool has_table(const Process& process, std::uint64_t address) const {
    return tables(process, address) == 3;
  }
  // Bytes of one page or several; the points are lost if one is not mapped.
  std::vector<std::uint8_t> peek(const Process& process, std::uint64_t address,
                                 std::size_t size) const;
  // Only into pages that the process itself may write.
  void poke(Process& process, std::uint64_t address, std::span<const std::uint8_t> bytes);
  std::span<std::uint8_t> frame(std::uint64_t physical) const;
  // Writes over what earlier calls have left on the process's kernel stack: the page below the trap
  // frame, which sscratch points to in user mode (kernel/arch/trap.S, which no student hands in).
  void dirty_kernel_stack(Process& process);

  // ---- The rest of the hardware ----

  std::uint64_t time();  // of the machine's clock, 10 MHz
  // May programs read the clock themselves (scounteren)? Else what they read is the kernel's word.
  bool has_clock();
  std::uint64_t machine_memory() const { return memory_bytes_; }
  const std::string& console() const { return console_; }
  std::uint64_t label(const std::string& name) const;  // an address in the observer
  // The observer's code, and where it is linked.
  const std::vector<std::uint8_t>& code() const { return code_; }
  std::uint64_t code_start() const { return code_start_; }

  // ---- The kernel itself, where it has stopped (Case::kernel_stop) ----

  Registers kernel_registers() { return stub_->registers(hart_); }
  std::uint64_t kernel_csr(unsigned number) { return stub_->csr(hart_, number); }
  void set_kernel_registers(const Registers& to) { stub_->set_registers(hart_, to); }
  std::uint64_t kernel_word(std::uint64_t address);
  void set_kernel_memory(std::uint64_t address, std::span<const std::uint8_t> bytes);
  // Lets the machine run until it is gone; all that its console has said.
  const std::string& run_to_end();

  // ---- Harts and the firmware ----

  int hart() const { return hart_; }  // that stopped last, or is to stop
  std::vector<int> harts() const;     // those that are to run
  std::uint64_t privilege(int hart) { return stub_->privilege(hart); }
  std::uint64_t csr(int hart, unsigned number) { return stub_->csr(hart, number); }
  // With Case::watches_firmware: the calls so far.
  const std::vector<FirmwareCall>& firmware_calls() const { return firmware_calls_; }
  // The kernel goes on with these registers, until it calls the firmware: that call. It then
  // returns to `registers.x[reg_ra]`.
  FirmwareCall firmware_call(const Registers& registers);
  // And goes on until it is there; its registers.
  Registers firmware_return(const Registers& registers);
  // Reads what is still on the way through the serial port.
  const std::string& whole_console();

  // ---- Harts one by one (harts.hh) ----

  Stub& hardware() { return *stub_; }
  // The process that is at rest, on the hart `hart()`.
  Process& current() { return *current_; }
  // That hart alone goes on until it comes to a breakpoint (true), or until so much time of the
  // machine's clock has passed and it has not.
  bool run_alone(int hart, std::uint64_t time);
  // The process that stands at a breakpoint on that hart is current then, and at rest.
  void arrive(Process& process, int hart);

  // ---- Drawn on the host ----

  std::uint64_t draw() { return random_(); }
  std::vector<std::uint8_t> draw_bytes(std::size_t size);

  // Loses the points for that reason, and shows the end of the console.
  [[noreturn]] void give_up(const std::string& reason);

 private:
  Options options_;
  std::string scratch_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::FILE* log_ = nullptr;
  std::string log_path_;
  std::string console_;
  std::size_t memory_bytes_;
  std::unique_ptr<Stub> stub_;
  std::unique_ptr<PhysicalMemory> memory_;
  std::mt19937_64 random_;

  std::map<std::string, std::uint64_t> labels_;
  std::uint64_t first_at_ = 0;
  std::uint64_t code_start_ = 0;
  std::vector<std::uint8_t> code_;  // the observer's, as the instructor's tree has it

  std::list<Process> processes_;
  std::vector<Process*> newcomers_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> handled_;
  Process* first_ = nullptr;
  Process* current_ = nullptr;  // stopped, at rest
  int hart_ = 0;                // of the last stop

  std::uint64_t firmware_at_ = 0;  // its first instruction at a trap, if calls are watched
  std::vector<FirmwareCall> firmware_calls_;
  bool slow_console_ = false;

  explicit Machine(std::size_t memory_bytes);
  void launch(const Case& what);
  void boot();  // and stops somewhere
  void use_tree(const Case& what, std::vector<std::string>& line);
  void find_firmware();
  bool keep_firmware_call();  // did the machine stop for one?
  bool wait_for_stop();       // or for something on the console
  void read_observer();
  void stop_in_kernel(std::uint64_t address, unsigned visits);
  void start_call_with(Process& process, std::uint64_t number,
                       const std::vector<std::uint64_t>& arguments);
  void bring(Process& process);  // makes it the current one
  void pass();                   // the current process makes way; the next one is current then
  void run_until_stop();
  void check_code(const Process& process);
  bool sleeps() const;
  bool read_console();  // false when QEMU has closed it
  [[noreturn]] void machine_ended();
  [[noreturn]] void hangs(const std::string& reason);
  std::string busy_ones() const;
};

}  // namespace test
