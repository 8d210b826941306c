// The wing `backtrace`: after its message, a panic also prints the registers of a trap, and by name
// the functions that had called each other.
//
// It runs without any lock, in a kernel that may be broken anywhere. So it only reads, and follows
// frame pointers only while they lead upwards in a kernel stack.
#include "arch/csr.hh"
#include "arch/layout.hh"
#include "arch/trap_frame.hh"
#include "sync/panic.hh"

// The table that the build makes of the kernel's own functions, sorted by address
// (linker/kernel.ld).
struct KernelSymbol {
  std::uint32_t text_offset;
  std::uint32_t name_offset;
};
extern "C" const KernelSymbol kernel_symbols[];
extern "C" const std::uint64_t kernel_symbols_count;
extern "C" const char kernel_symbol_names[];
extern "C" const char kernel_start[], text_end[];

namespace tine {
namespace {

bool is_code(std::uint64_t at) {
  return at >= reinterpret_cast<std::uint64_t>(kernel_start) &&
         at < reinterpret_cast<std::uint64_t>(text_end);
}

// The function that `pc` is in. A return address is the one after the call, which may have been the
// last instruction of its function: so the address before it is looked up.
void print_location(Sink& to, std::uint64_t pc, bool is_return_address) {
  print(to, "  {:016x}", pc);
  // lab traps 2 {
  std::uint64_t base = reinterpret_cast<std::uint64_t>(kernel_start);
  const KernelSymbol* found = nullptr;
  for (std::uint64_t i = 0; i < kernel_symbols_count; i++) {
    if (base + kernel_symbols[i].text_offset <= pc - is_return_address) found = &kernel_symbols[i];
  }
  if (found && is_code(pc)) {
    print(to, " {} + {}", kernel_symbol_names + found->name_offset, pc - base - found->text_offset);
  }
  // } lab
  print(to, "\n");
}

bool is_kernel_stack(std::uint64_t at) {
  // lab traps 2 {
  return at % 8 == 0 && (at >= stack_window.value() ||
                         (at >= direct_map.value() && at < direct_map.value() + (1ul << 37)));
  // } lab
}

// A function saves its caller's frame pointer at s0 - 16 and its return address at s0 - 8. A
// function that calls no other saves only the frame pointer, at s0 - 8; after a trap in it, its
// return address is in ra.
void print_backtrace(Sink& to, std::uint64_t pc, std::uint64_t frame_pointer,
                     const TrapFrame* trap) {
  print(to, "backtrace:\n");
  // lab traps 2 {
  print_location(to, pc, !trap);
  for (unsigned depth = 0; depth < 32 && is_kernel_stack(frame_pointer); depth++) {
    auto* saved = reinterpret_cast<const std::uint64_t*>(frame_pointer);
    bool calls_none = depth == 0 && trap && !is_code(saved[-1]) && is_code(trap->x[1]);
    std::uint64_t return_address = calls_none ? trap->x[1] : saved[-1];
    std::uint64_t next = calls_none ? saved[-1] : saved[-2];
    if (!is_code(return_address)) break;
    print_location(to, return_address, true);
    if (next <= frame_pointer) break;
    frame_pointer = next;
  }
  // } lab
}

void print_registers(Sink& to, const TrapFrame& frame) {
  static constexpr const char* names[] = {"  ", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
  for (unsigned i = 1; i < 32; i++) {
    print(to, "  {:-4}{:016x}{}", names[i], frame.x[i], i % 4 == 3 ? "\n" : "");
  }
  print(to, "\n  sepc {:016x}  sstatus {:x}  scause {:x}  stval {:016x}\n", frame.sepc,
        frame.sstatus, csr::read_scause(), csr::read_stval());
}

// `own_frame`: the frame pointer of the panic itself.
void report(Sink& to, const TrapFrame* frame, const std::uint64_t* own_frame) {
  if (frame) {
    print_registers(to, *frame);
    print_backtrace(to, frame->sepc, frame->x[8], frame);
  } else {
    print_backtrace(to, own_frame[-1], own_frame[-2], nullptr);  // return address, caller's frame
  }
}

}  // namespace

PANIC_REPORT(report)

}  // namespace tine
