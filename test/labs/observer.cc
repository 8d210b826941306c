#include "labs/observer.hh"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "catch.hh"
#include "guest/debugger.hh"
#include "guest/machine.hh"
#include "labs/console.hh"

namespace test {
namespace {

constexpr unsigned csr_scounteren = 0x106, csr_sscratch = 0x140, csr_satp = 0x180, csr_time = 0xc01;
constexpr std::uint64_t sv39 = 8, root_bits = (1ul << 44) - 1;
constexpr std::uint64_t pte_valid = 1, pte_read = 2, pte_write = 4, pte_exec = 8, pte_user = 16;
constexpr unsigned user_entries = 256;  // of a root: the lower half of addresses
constexpr int patience = 4000;          // turns that others have while one process is waited for

std::uint64_t frame_of(std::uint64_t entry) { return (entry >> 10 & root_bits) * page; }

std::size_t bytes_of(const std::string& memory) { return std::stoul(memory) << 20; }

std::string name_of_call(std::uint64_t number) {
  switch (number) {
    case call_clone: return "clone";
    case call_wait4: return "wait4";
    case call_exit: return "exit_group";
    case call_ipc_recv: return "ipc_recv";
    case call_sysinfo: return "sysinfo";
    case call_trace: return "trace";
    default: return "system call";
  }
}

}  // namespace

void lose(const std::string& reason) {
  FAIL(reason);
  std::abort();  // FAIL does not return
}

// ---- The machine ----

Machine::Machine(std::size_t memory_bytes) : memory_bytes_(memory_bytes) {}

// (If something here throws after the other constructor is done, the destructor ends QEMU.)
Machine::Machine(const Case& what) : Machine(bytes_of(what.memory)) {
  std::random_device device;
  random_.seed(std::uint64_t(device()) << 32 | device());
  read_observer();
  launch(what);
  if (what.kernel_only) {
    boot();
    return;
  }
  if (what.watches_firmware) find_firmware();
  if (what.kernel_stop) {
    stop_in_kernel(what.kernel_stop, what.visits);
    return;
  }
  first_at_ = label(what.first_at);
  stub_->add_breakpoint(first_at_);
  if (first_at_ != label("rest")) stub_->add_breakpoint(label("rest"));
  stub_->add_breakpoint(label("handler"));
  first_ = &next();
  newcomers_.clear();
}

void Machine::launch(const Case& what) {
  const std::string folder = setting("TINE_LOGS", "build/logs");
  std::filesystem::create_directories(folder);
  log_path_ = folder + "/" + what.name + ".log";
  log_ = std::fopen(log_path_.c_str(), "w");
  if (!log_) throw NotJudged("cannot write " + log_path_);

  scratch_ = scratch_for(what.name);
  options_.smp = what.smp;
  // QEMU 7.2 with -icount does not go on after a stop in a kernel that has set no timer yet.
  const bool counts = !what.kernel_stop && !what.watches_firmware && !what.slow_console;
  options_.shift = counts ? 0 : Options{}.shift;
  options_.hz = what.hz;
  options_.memory = what.memory;
  options_.kernel_args = "init=/test/observer" + what.arguments;
  options_.cpu = what.cpu;
  options_.instructions = what.million * 1'000'000;
  // The machine's memory is a file without a name, which QEMU inherits.
  const int ram = memfd_create("ram", 0);
  if (ram < 0 || ftruncate(ram, static_cast<off_t>(memory_bytes_)))
    throw NotJudged("no memory for the machine");
  const std::string ram_path = "/proc/self/fd/" + std::to_string(ram);
  options_.extra = {
      "-S", "-object",
      "memory-backend-file,id=ram,share=on,size=" + what.memory + ",mem-path=" + ram_path,
      "-machine", "memory-backend=ram"};
  if (what.kernel_only) options_.extra.push_back("-no-shutdown");
  // One thread for all harts: two that stop at the same moment are seen one after the other.
  if (what.watches_firmware) {
    options_.extra.push_back("-accel");
    options_.extra.push_back("tcg,thread=single");
  }
  int from_guest[2];
  if (pipe2(from_guest, O_CLOEXEC)) throw NotJudged("no pipe for QEMU");
  slow_console_ = what.slow_console;
  if (slow_console_) fcntl(from_guest[1], F_SETPIPE_SZ, int(page));
  std::vector<std::string> line = command_line(options_, scratch_);
  use_tree(what, line);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = start_machine(line, nothing, from_guest[1]);
  close(nothing);
  close(from_guest[1]);
  output_ = from_guest[0];
  stub_ = std::make_unique<Stub>(scratch_ + ".gdb");
  memory_ = std::make_unique<PhysicalMemory>(ram_path, memory_bytes_);
  close(ram);
  if (what.memory_before) what.memory_before(*memory_);
}

void Machine::use_tree(const Case& what, std::vector<std::string>& line) {
  if (!what.tree) return;
  const std::string path = scratch_ + ".dtb";
  write_device_tree(options_, path);
  DeviceTree tree(path);
  what.tree(tree);
  tree.write(path);
  if (std::find(line.begin(), line.end(), "-dtb") != line.end()) return;
  line.push_back("-dtb");
  line.push_back(path);
}

void Machine::boot() {
  stub_->resume();
  for (;;) {
    pollfd ready[] = {{stub_->file(), POLLIN, 0}, {output_, POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) throw NotJudged("cannot wait for QEMU");
    if (ready[1].revents && !read_console()) machine_ended();
    if (ready[0].revents) {
      if (!stub_->stopped()) machine_ended();
      return;
    }
    if (console_.find("[instruction limit]") == std::string::npos) continue;
    if (!stub_->interrupt()) machine_ended();
    return;
  }
}

Machine::~Machine() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
  if (log_) std::fclose(log_);
  for (const char* end : {".gdb", ".dtb"}) unlink((scratch_ + end).c_str());
}

// The observer's labels, and the bytes of its code.
void Machine::read_observer() {
  const std::string path = setting("TINE_OBSERVER", "build/release/lab/observer");
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  Elf64_Ehdr head = {};
  if (image.size() < sizeof head) throw NotJudged("the observer is missing: " + path);
  std::memcpy(&head, image.data(), sizeof head);
  for (unsigned i = 0; i < head.e_phnum; i++) {
    Elf64_Phdr part = {};
    std::memcpy(&part, image.data() + head.e_phoff + i * sizeof part, sizeof part);
    if (part.p_type != PT_LOAD || !(part.p_flags & PF_X)) continue;
    code_start_ = part.p_vaddr;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.data()) + part.p_offset;
    code_.assign(bytes, bytes + part.p_filesz);
  }
  std::istringstream symbols(
      output_of(setting("TINE_CROSS", "riscv64-linux-gnu-") + "nm '" + path + "'"));
  std::uint64_t address = 0;
  std::string kind, name;
  while (symbols >> std::hex >> address >> kind >> name) labels_[name] = address;
  if (code_.empty() || !labels_.contains("rest"))
    throw NotJudged("the observer has no code: " + path);
}

std::uint64_t Machine::label(const std::string& name) const {
  const auto found = labels_.find(name);
  if (found == labels_.end()) throw NotJudged("the observer has no label " + name);
  return found->second;
}

bool Machine::read_console() {
  char buffer[65536];
  const ssize_t size = read(output_, buffer, sizeof buffer);
  if (size <= 0) return false;
  std::fwrite(buffer, 1, static_cast<std::size_t>(size), log_);
  std::fflush(log_);
  console_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

void Machine::give_up(const std::string& reason) { lose(reason + last_words(console_)); }

void Machine::machine_ended() {
  for (pollfd ready = {output_, POLLIN, 0}; poll(&ready, 1, 2000) > 0 && read_console();) {
  }
  if (console_.find("OpenSBI") == std::string::npos)
    throw NotJudged("QEMU does not start: " + console_.substr(0, 500));
  if (console_.find("[all harts sleep]") != std::string::npos) {
    give_up("The kernel hangs: every hart waits for an interrupt (wfi), and none is set" +
            busy_ones() + ".");
  }
  if (console_.find("[instruction limit]") != std::string::npos)
    give_up("The kernel hangs: the machine has used all its instructions" + busy_ones() + ".");
  if (console_.find("Tine: panic") != std::string::npos)
    give_up("The kernel panicked" + busy_ones() + ".");
  give_up("The machine was switched off in the middle of the test" + busy_ones() + ".");
}

void Machine::hangs(const std::string& reason) {
  const std::vector<int> harts = hart_ids(options_);
  stub_.reset();  // QEMU's debugger talks to one client at a time
  give_up(reason + busy_ones() + ".\n" + where_harts_are(scratch_ + ".gdb", harts));
}

std::string Machine::busy_ones() const {
  std::map<std::string, int> steps;
  for (const Process& process : processes_) {
    if (process.busy) steps[process.doing]++;
  }
  std::string text;
  for (const auto& [doing, count] : steps) {
    text += (text.empty() ? "; in " : ", in ") + doing;
    if (count > 1) text += " (" + std::to_string(count) + " processes)";
  }
  return text;
}

bool Machine::wait_for_stop() {
  constexpr int slow_ms = 20;
  pollfd ready[] = {{stub_->file(), POLLIN, 0}, {output_, POLLIN, 0}};
  if (slow_console_) {
    if (poll(ready, 1, slow_ms) > 0) return true;
    ready[0].events = 0;
  }
  if (poll(ready, 2, slow_console_ ? 0 : -1) < 0) throw NotJudged("cannot wait for QEMU");
  if (ready[1].revents && !read_console()) machine_ended();
  return ready[0].revents != 0;
}

// Returns when a hart has come to a breakpoint.
void Machine::run_until_stop() {
  stub_->resume();
  for (bool limit_seen = false;;) {
    const bool stops = wait_for_stop();
    if (!limit_seen && console_.find("[instruction limit]") != std::string::npos) {
      limit_seen = true;
      if (stub_->interrupt()) {
        hangs("The kernel hangs: the machine has executed " +
              std::to_string(options_.instructions / 1'000'000) +
              " million instructions without coming back to the observer");
      }
    }
    if (!stops) continue;
    const std::optional<int> hart = stub_->stopped();
    if (!hart) machine_ended();
    hart_ = *hart;
    if (!keep_firmware_call()) return;
    stub_->resume();
  }
}

// (A hart that spins for a lock executes instructions, and one that waits for an interrupt lets the
// clock go on, so time passes in any case, however busy the host is.)
bool Machine::run_alone(int hart, std::uint64_t time) {
  constexpr int ms_between = 3;
  const std::uint64_t end = stub_->csr(hart, csr_time) + time;
  do {
    stub_->resume_alone(hart);
    pollfd ready[] = {{stub_->file(), POLLIN, 0}, {output_, POLLIN, 0}};
    if (poll(ready, 2, ms_between) < 0) throw NotJudged("cannot wait for QEMU");
    if (ready[1].revents && !read_console()) machine_ended();
    const std::uint64_t rest = label("rest");
    if (!ready[0].revents) {
      if (!stub_->interrupt()) machine_ended();
    } else if (!stub_->stopped()) {
      machine_ended();
    }
    if (stub_->pc(hart) == rest) return true;
  } while (stub_->csr(hart, csr_time) < end);
  return false;
}

void Machine::arrive(Process& process, int hart) {
  hart_ = hart;
  if (stub_->privilege(hart) != 0)
    give_up("The kernel runs the observer's code itself, not in user mode.");
  if (root() != process.root) give_up("A process comes to rest with another page table.");
  check_code(process);
  process.at_rest = stub_->registers(hart);
  process.busy = false;
  current_ = &process;
}

// ---- Who is where ----

Process& Machine::next() {
  for (;;) {
    run_until_stop();
    Registers now = stub_->registers(hart_);
    if (stub_->privilege(hart_) != 0)
      give_up("The kernel runs the observer's code itself, not in user mode.");
    const std::uint64_t root = this->root();
    auto known = std::find_if(processes_.begin(), processes_.end(),
                              [&](const Process& process) { return process.root == root; });
    if (known == processes_.end()) {
      processes_.push_back({root, {}, false, "its birth"});
      known = std::prev(processes_.end());
      newcomers_.push_back(&*known);
    }
    check_code(*known);
    if (now.pc == label("handler")) {
      handled_[root].push_back(now.x[reg_a0]);
      now.pc += 4;
      stub_->set_registers(hart_, now);
      continue;
    }
    if (now.pc != label("rest") && now.pc != first_at_)
      give_up("The debugger stopped the observer where it never does.");
    if (known->busy || known->at_rest.pc == 0) known->at_rest = now;
    known->busy = false;
    return current_ = &*known, *known;
  }
}

// The page that the process executes must hold the observer's own code.
void Machine::check_code(const Process& process) {
  for (std::size_t at = 0; at < code_.size(); at += page) {
    const std::size_t size = std::min<std::size_t>(page, code_.size() - at);
    const std::optional<Mapping> mapping = walk(process, code_start_ + at);
    if (!mapping) continue;  // not needed yet
    const auto bytes = memory_->at(mapping->frame, page);
    const std::size_t offset = (code_start_ + at) % page;
    const std::size_t shown = std::min<std::size_t>(size, page - offset);
    if (bytes.empty() || std::memcmp(bytes.data() + offset, code_.data() + at, shown) != 0)
      give_up("The observer's code was changed in memory.");
    if (mapping->writable) give_up("A program may write to its own code.");
  }
}

void Machine::pass() {
  if (current_) {
    Registers way = current_->at_rest;
    way.x[reg_a7] = call_yield;
    way.pc = label("step_call");
    stub_->set_registers(hart_, way);
    current_ = nullptr;
  }
  next();
}

void Machine::bring(Process& process) {
  for (int turns = 0; current_ != &process; turns++) {
    if (turns > patience) {
      give_up("A process that was ready to run never ran again, though others ran " +
              std::to_string(patience) + " times." + told_end(console_));
    }
    pass();
  }
}

void Machine::start(Process& process, const char* name, const Registers& with,
                    const std::string& doing) {
  bring(process);
  Registers all = with;
  all.pc = label(name);
  stub_->set_registers(hart_, all);
  process.busy = true;
  process.doing = doing;
  current_ = nullptr;
}

std::uint64_t Machine::finish(Process& process) {
  for (int turns = 0; process.busy; turns++) {
    if (turns > patience) {
      give_up("A process never came back from " + process.doing + ", though others ran " +
              std::to_string(patience) + " times." + told_end(console_));
    }
    pass();
  }
  return process.at_rest.x[reg_a0];
}

void Machine::start_call_with(Process& process, std::uint64_t number,
                              const std::vector<std::uint64_t>& arguments) {
  Registers with = process.at_rest;
  for (unsigned i = 0; i < 6; i++) with.x[reg_a0 + i] = i < arguments.size() ? arguments[i] : 0;
  with.x[reg_a7] = number;
  start(process, "step_call", with, name_of_call(number) + " (" + std::to_string(number) + ")");
}

void Machine::exit(Process& process, int code) {
  start_call(process, call_exit, code);
  forget(process);
}

Registers Machine::step(Process& process, const char* name, const Registers& with) {
  start(process, name, with, name);
  finish(process);
  return process.at_rest;
}

std::uint64_t Machine::load(Process& process, std::uint64_t address) {
  Registers with = process.at_rest;
  with.x[reg_a0] = address;
  start(process, "step_load", with, "a load");
  return finish(process);
}

void Machine::store(Process& process, std::uint64_t address, std::uint64_t value) {
  Registers with = process.at_rest;
  with.x[reg_a0] = address;
  with.x[reg_a0 + 1] = value;
  start(process, "step_store", with, "a store");
  finish(process);
}

void Machine::store_and_die(Process& process, std::uint64_t address) {
  Registers with = process.at_rest;
  with.x[reg_a0] = address;
  start(process, "step_store", with, "a store that is not allowed");
  forget(process);
}

void Machine::touch(Process& process, std::uint64_t address, std::uint64_t pages,
                    std::uint64_t value) {
  Registers with = process.at_rest;
  with.x[reg_a0] = address;
  with.x[reg_a0 + 1] = value;
  with.x[reg_a0 + 2] = pages;
  start(process, "step_touch", with, "stores to " + std::to_string(pages) + " pages");
  finish(process);
}

void Machine::let_run(int turns) {
  for (int i = 0; i < turns; i++) pass();
}

std::vector<Process*> Machine::newcomers() { return std::exchange(newcomers_, {}); }

void Machine::forget(Process& process) {
  if (current_ == &process) current_ = nullptr;
  std::erase(newcomers_, &process);
  handled_.erase(process.root);
  processes_.remove_if([&](const Process& each) { return &each == &process; });
}

const std::vector<std::uint64_t>& Machine::handled_signals(const Process& process) {
  return handled_[process.root];
}

// ---- Memory ----

std::uint64_t Machine::root() {
  const std::uint64_t satp = stub_->csr(hart_, csr_satp);
  if (satp >> 60 != sv39) give_up("The hart runs without a page table (satp).");
  return (satp & root_bits) * page;
}

std::optional<std::uint64_t> Machine::leaf(const Process& process, std::uint64_t address) const {
  std::uint64_t table = process.root;
  for (int level = 2; level >= 0; level--) {
    const unsigned shift = 12 + 9 * static_cast<unsigned>(level);
    const std::uint64_t entry = memory_->word(table + (address >> shift & 511) * 8);
    if (!(entry & pte_valid)) return std::nullopt;
    if (entry & (pte_read | pte_write | pte_exec))
      return entry + ((address & ((1ul << shift) - 1)) >> 12 << 10);
    table = frame_of(entry);
  }
  return std::nullopt;
}

std::optional<Mapping> Machine::walk(const Process& process, std::uint64_t address) const {
  const std::optional<std::uint64_t> entry = leaf(process, address);
  if (!entry || !(*entry & pte_user)) return std::nullopt;
  return Mapping{frame_of(*entry), (*entry & pte_read) != 0, (*entry & pte_write) != 0,
                 (*entry & pte_exec) != 0};
}

unsigned Machine::tables(const Process& process, std::uint64_t address) const {
  std::uint64_t table = process.root;
  for (unsigned shift = 30, count = 1; shift > 12; shift -= 9, count++) {
    const std::uint64_t entry = memory_->word(table + (address >> shift & 511) * 8);
    if (!(entry & pte_valid)) return count;
    table = frame_of(entry);
  }
  return 3;
}

void Machine::dirty_kernel_stack(Process& process) {
  bring(process);
  const std::uint64_t top = stub_->csr(hart_, csr_sscratch);
  for (std::uint64_t at = top - page; at < top; at += 8) {
    const std::optional<std::uint64_t> entry = leaf(process, at);
    const auto word =
        entry ? memory_->at(frame_of(*entry) + at % page, 8) : std::span<std::uint8_t>();
    if (word.empty()) give_up("In user mode sscratch does not point to the kernel's stack.");
    std::memset(word.data(), 0xa5, word.size());
  }
}

std::map<std::uint64_t, Mapping> Machine::pages(const Process& process) const {
  std::map<std::uint64_t, Mapping> found;
  auto is_table = [](std::uint64_t entry) {
    return (entry & pte_valid) && !(entry & (pte_read | pte_write | pte_exec));
  };
  for (std::uint64_t i = 0; i < user_entries; i++) {
    const std::uint64_t high = memory_->word(process.root + i * 8);
    if (!is_table(high)) continue;
    for (std::uint64_t j = 0; j < 512; j++) {
      const std::uint64_t middle = memory_->word(frame_of(high) + j * 8);
      if (!(middle & pte_valid)) continue;
      for (std::uint64_t k = 0; k < 512; k++) {
        const std::uint64_t address = i << 30 | j << 21 | k << 12;
        if (const auto mapping = walk(process, address)) found[address] = *mapping;
      }
    }
  }
  return found;
}

std::vector<std::uint8_t> Machine::peek(const Process& process, std::uint64_t address,
                                        std::size_t size) const {
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < size) {
    const std::uint64_t at = address + bytes.size();
    const std::size_t part = std::min<std::size_t>(size - bytes.size(), page - at % page);
    const std::optional<Mapping> mapping = walk(process, at);
    const auto found =
        mapping ? memory_->at(mapping->frame + at % page, part) : std::span<std::uint8_t>();
    if (found.empty()) lose("A page that a process has used is not in its page table.");
    bytes.insert(bytes.end(), found.begin(), found.end());
  }
  return bytes;
}

void Machine::poke(Process& process, std::uint64_t address, std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t at = address + done;
    const std::size_t part = std::min<std::size_t>(bytes.size() - done, page - at % page);
    const std::optional<Mapping> mapping = walk(process, at);
    if (!mapping || !mapping->writable)
      lose("A page that a process has just written is not writable in its page table.");
    const auto to = memory_->at(mapping->frame + at % page, part);
    if (to.empty()) lose("A page table names memory that the machine does not have.");
    std::memcpy(to.data(), bytes.data() + done, part);
    done += part;
  }
}

std::span<std::uint8_t> Machine::frame(std::uint64_t physical) const {
  return memory_->at(physical, page);
}

// ---- The kernel ----

// A hart that stands at a breakpoint would not leave it, so that is put where the function returns
// to, and back.
void Machine::stop_in_kernel(std::uint64_t address, unsigned visits) {
  for (unsigned visit = 1;; visit++) {
    stub_->add_breakpoint(address);
    run_until_stop();
    stub_->remove_breakpoint(address);
    if (visit == visits) return;
    const std::uint64_t back = kernel_registers().x[reg_ra];
    stub_->add_breakpoint(back);
    run_until_stop();
    stub_->remove_breakpoint(back);
  }
}

std::uint64_t Machine::kernel_word(std::uint64_t address) {
  std::uint64_t word = 0;
  std::memcpy(&word, stub_->memory(hart_, address, sizeof word).data(), sizeof word);
  return word;
}

void Machine::set_kernel_memory(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  stub_->set_memory(hart_, address, bytes);
}

// The kernel's first instruction, at which the firmware leaves the hart.
void Machine::find_firmware() {
  constexpr std::uint64_t kernel_start = 0x80200000;
  constexpr unsigned csr_mtvec = 0x305;
  stub_->add_breakpoint(kernel_start);
  run_until_stop();
  stub_->remove_breakpoint(kernel_start);
  firmware_at_ = stub_->csr(hart_, csr_mtvec) & ~3ul;
  stub_->add_breakpoint(firmware_at_);
}

bool Machine::keep_firmware_call() {
  constexpr unsigned csr_mcause = 0x342;
  constexpr std::uint64_t machine_mode = 3, call_from_supervisor = 9;
  if (firmware_at_ == 0 || stub_->privilege(hart_) != machine_mode) return false;
  const Registers now = stub_->registers(hart_);
  if (now.pc != firmware_at_) return false;
  if (stub_->csr(hart_, csr_mcause) == call_from_supervisor)
    firmware_calls_.push_back({hart_, now, stub_->csr(hart_, csr_satp)});
  stub_->remove_breakpoint(firmware_at_);
  stub_->step(hart_);
  stub_->add_breakpoint(firmware_at_);
  return true;
}

FirmwareCall Machine::firmware_call(const Registers& registers) {
  const std::size_t before = firmware_calls_.size();
  firmware_return(registers);
  if (firmware_calls_.size() != before + 1)
    give_up("A function of sbi.hh should call the firmware once, and does so " +
            std::to_string(firmware_calls_.size() - before) + " times.");
  return firmware_calls_.back();
}

Registers Machine::firmware_return(const Registers& registers) {
  stub_->set_registers(hart_, registers);
  stub_->add_breakpoint(registers.x[reg_ra]);
  run_until_stop();
  stub_->remove_breakpoint(registers.x[reg_ra]);
  return stub_->registers(hart_);
}

std::vector<int> Machine::harts() const { return hart_ids(options_); }

const std::string& Machine::whole_console() {
  for (pollfd ready = {output_, POLLIN, 0}; poll(&ready, 1, 500) > 0 && read_console();) {
  }
  return console_;
}

// Without -icount a machine whose harts wait for interrupts executes nothing, so no number of
// instructions ends it. Then no thread of QEMU's wants the host, however busy that is.
bool Machine::sleeps() const {
  namespace fs = std::filesystem;
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream file(thread.path() / "stat");
    const std::string about{std::istreambuf_iterator<char>(file), {}};
    if (about.find(") S") == std::string::npos) return false;
  }
  return true;
}

const std::string& Machine::run_to_end() {
  constexpr int looks_needed = 40, ms_between = 100;
  stub_->resume();
  for (int looks = 0; looks < looks_needed;) {
    pollfd ready = {output_, POLLIN, 0};
    const bool says_something = poll(&ready, 1, ms_between) != 0;
    if (says_something && !read_console()) return console_;
    if (console_.find("[instruction limit]") != std::string::npos) break;
    looks = !says_something && sleeps() ? looks + 1 : 0;
  }
  stub_->interrupt();
  hangs("The kernel hangs where it should stop the machine");
}

std::uint64_t Machine::time() { return stub_->csr(hart_, csr_time); }

bool Machine::has_clock() { return (stub_->csr(hart_, csr_scounteren) & 2) != 0; }

std::vector<std::uint8_t> Machine::draw_bytes(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
  return bytes;
}

}  // namespace test
