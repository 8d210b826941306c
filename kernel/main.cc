// From the firmware to the first program. entry.S jumps here on the boot hart; only paging is set
// up. Each step below needs the ones before it. The other harts join at the end (secondary_main).
#include <algorithm>

#include "arch/csr.hh"
#include "arch/layout.hh"
#include "arch/sbi.hh"
#include "command_line.hh"
#include "dev/console.hh"
#include "dev/finisher.hh"
#include "dev/machine.hh"
#include "dev/plic.hh"
#include "dev/rtc.hh"
#include "dev/uart.hh"
#include "fs/root.hh"
#include "mm/account.hh"
#include "mm/heap.hh"
#include "mm/kernel_stack.hh"
#include "mm/page_table.hh"
#include "proc/exec.hh"
#include "proc/random.hh"
#include "proc/signal.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sync/hart.hh"
#include "sync/log.hh"
#include "sync/panic.hh"
#include "syscall/dispatch.hh"
#include "trap/interrupt.hh"
#include "vfs/storage.hh"

namespace tine {
namespace {

extern "C" void _start();  // entry.S

alignas(16) constinit std::byte emergency_stacks[max_harts][emergency_stack_size] = {};

void prepare_hart(unsigned index, std::uint64_t id) {
  harts[index].index = index;
  harts[index].id = id;
  harts[index].emergency_stack_top =
      reinterpret_cast<std::uint64_t>(emergency_stacks[index] + emergency_stack_size);
}

// Enables the interrupts that programs and idle harts get, and lets programs read the clock and the
// counters.
void enable_interrupts() {
  csr::write_sie(csr::interrupt_software | csr::interrupt_timer | csr::interrupt_external);
  csr::write_scounteren(7);
}

// The thread that a hart runs when no other is ready. It is never freed.
Thread& make_idle_thread() {
  auto thread = make<Thread>();
  if (!thread) panic("no memory for an idle thread");
  return *thread->release();
}

// Gives memory to the frame allocator, except the holes in it.
void add_free_memory(PhysAddr start, PhysAddr end, std::span<const MemoryRange> holes) {
  // lab boot 1 {
  while (start < end) {
    PhysAddr stop = end, next = end;
    for (const MemoryRange& hole : holes) {
      if (hole.size == 0 || hole.end() <= start || hole.start >= stop) continue;
      stop = std::max(start, hole.start.page_down());
      next = hole.end().page_up();
    }
    if (start < stop) frames_add(start, stop);
    start = next;
  }
  // } lab
}

// The kernel's bank of memory, and those that follow it without a gap: the frame records span it.
MemoryRange usable_memory(const MachineDescription& machine) {
  // lab boot 1 {
  MemoryRange all;
  for (const MemoryRange& bank : machine.memory) {
    if (all.size == 0 && bank.end() > physical(kernel_start)) {
      all = bank;
    } else if (all.size && bank.start == all.end()) {
      all.size += bank.size;
    } else {
      log("{} MiB of memory at {} lie apart and are not used\n", bank.size >> 20, bank.start);
    }
  }
  return all;
  // } lab
}

// [boot 6] Memory: where it is, which parts are in use already, and the kernel's own page table for
// it.
void start_memory(const MachineDescription& machine, MemoryRange device_tree) {
  MemoryRange memory = usable_memory(machine);
  if (memory.size == 0) panic("the device tree names no memory");
  InplaceVector<MemoryRange, 16> holes;
  for (const MemoryRange& range : machine.reserved) holes.add(range);
  if (machine.initrd) holes.add(*machine.initrd);
  holes.add(device_tree);

  PhysAddr records = physical(kernel_end);
  PhysAddr free = frames_init(memory.start, memory.end(), records);
  for (const MemoryRange& hole : holes) {
    if (hole.size && hole.end() > records && hole.start < free)
      panic("the frame records do not fit below {}", hole.start);
  }
  // The firmware is at the beginning of memory; the memory between it and the kernel's image can be
  // used.
  PhysAddr ours = memory.start;
  for (const MemoryRange& hole : machine.reserved) {
    if (hole.start <= ours && ours < hole.end()) ours = hole.end().page_up();
  }
  add_free_memory(ours, physical(kernel_start), {holes.begin(), holes.count});
  add_free_memory(free, memory.end(), {holes.begin(), holes.count});
  kernel_map_init(memory.start, ours, memory.end());
}

// [boot 7] Devices and time.
void start_devices(const MachineDescription& machine, const CommandLine& line) {
  if (machine.timebase_frequency) clock_config.timebase = machine.timebase_frequency;
  clock_config.sstc = machine.has_sstc;
  fp_available = machine.has_double;
  clock_config.hz = line.hz;
  clock_config.tick = clock_config.timebase / line.hz;
  if (machine.rtc) clock_config.wall_offset_ns = rtc_read(*machine.rtc) - clock_to_ns(clock_now());
  if (!machine.plic || !machine.uart)
    panic("there is no PLIC or no UART (QEMU has both with -machine virt, without aia=)");
  plic_init(machine.plic->start);
  if (!console_init(machine.uart->interrupt)) panic("the UART has no interrupt");
}

std::uint64_t free_frames() { return frame_counts().of_kind[unsigned(FrameKind::free)]; }

// [boot 8] The initial files. The memory of their archive is freed afterwards, and some of it is
// kept for root. Limits for files and users are parts of what is free then.
void start_files(const MachineDescription& machine) {
  if (!machine.initrd) panic("there is no initrd: start QEMU with -initrd (make qemu does)");
  MemoryRange initrd = *machine.initrd;
  Result<> mounted = mount_root({direct(initrd.start), initrd.size});
  if (!mounted) panic("the initrd cannot be unpacked (errno {})", int(mounted.error()));
  frames_reserve(std::min<std::uint64_t>(free_frames() / 32, 1024));
  frames_add(initrd.start, initrd.end().page_up());
  limit_storage(free_frames() / 2);
  accounts_init(free_frames() * page_size);
}

// Enters every hart that the PLIC can interrupt into harts[]. The boot hart is harts[0] already,
// and is used even without a PLIC context (of several PLICs, the kernel uses the first).
void find_harts(const MachineDescription& machine) {
  for (const HartDescription& hart : machine.harts) {
    unsigned index = hart.id == harts[0].id ? 0 : hart_count;
    if ((!hart.plic_context && index != 0) || index == max_harts) continue;
    if (index != 0) prepare_hart(hart_count++, hart.id);
    harts[index].plic_context = hart.plic_context.value_or(no_context);
  }
  if (machine.harts.count > max_harts)
    log("there are {} harts: only {} can be used\n", machine.harts.count, max_harts);
}

// [boot 9]
void start_other_harts() {
  // lab boot 2 {
  for (unsigned i = 1; i < hart_count; i++) {
    auto stack = kernel_stack_allocate();
    if (!stack) panic("no memory for the stack of hart {}", harts[i].id);
    harts[i].idle = &make_idle_thread();
    harts[i].start_sp = stack->value();
    harts[i].start_satp = csr::read_satp();
    long error =
        sbi::hart_start(harts[i].id, physical(reinterpret_cast<const void*>(_start)).value());
    if (error) log("hart {} does not start (SBI error {})\n", harts[i].id, error);
  }
  // } lab
}

}  // namespace

// [boot 5] The boot hart's first C++ code.
extern "C" [[noreturn]] void kernel_main(std::uint64_t hart_id, PhysAddr device_tree_at) {
  prepare_hart(0, hart_id);
  harts[0].online.store(true, std::memory_order_relaxed);
  const std::byte* blob = direct(device_tree_at);
  std::size_t blob_size = Fdt::size_of({blob, 8});
  Result<Fdt> tree = Fdt::open({blob, blob_size});
  if (!tree) panic("there is no device tree at {}", device_tree_at);
  MachineDescription machine = describe_machine(*tree);
  if (machine.uart) uart_init(machine.uart->base);
  finisher_init(machine.test_device);
  CommandLine line = parse_command_line(machine.bootargs);
  choose_log_channels(line.log);
  find_harts(machine);

  start_memory(machine, {device_tree_at, blob_size});
  become_idle_thread(make_idle_thread());
  start_devices(machine, line);
  seed_random(machine.rng_seed);
  random_addresses = line.random_addresses;
  syscall_init();
  signal_init();
  console_interrupt_hook = interrupt_programs;  // ^C
  start_files(machine);
  enable_interrupts();
  start_other_harts();
  log("Tine: {} MiB, {} hart{}, {} ticks a second\n", frame_counts().total >> 8, hart_count,
      hart_count == 1 ? "" : "s", line.hz);

  // [boot 10] The first program, to which the terminal belongs from now on. The boot hart becomes
  // an idle hart like the others.
  log_is_shown = is_logged(Channel::all);
  Result<> started = start_init(line.init, line.arguments);
  if (!started) panic("{} cannot be started (errno {})", line.init, int(started.error()));
  if (line.fail_allocation) fail_allocation(nullptr, long(line.fail_allocation));
  idle();
}

extern "C" [[noreturn]] void secondary_main() {
  // lab boot 2 {
  this_hart().online.store(true);
  become_idle_thread(*this_hart().idle);
  enable_interrupts();
  idle();
  // } lab
}

}  // namespace tine
