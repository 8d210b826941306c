// Dynamic programs: an ELF file can name another one, the interpreter, which is mapped too. It
// starts first, loads the libraries, and then starts the program. Also programs that need an
// executable stack (PT_GNU_STACK): compilers ask for one when a program has nested functions.
#include "mm/heap.hh"
#include "proc/exec.hh"

namespace tine {
namespace {

// An address at which a movable image fits, with room to align it. Errors: nomem.
Result<VirtAddr> find_place(AddressSpace& space, const ElfImage& image) {
  std::uint64_t more = image.alignment - page_size;
  MutexGuard guard(space.mutex());
  return TRY(space.find_room((image.end - image.start) + more)) + more;
}

// Errors: those of opening the interpreter, noexec (its path has no end), libbad (it is no ELF
// file), exist, nomem.
Result<> map_interpreter(Program& program, const PathContext& paths, const ExecFile& file,
                         const ElfImage& image, const ArgumentStack& stack) {
  OwnPtr<PathBuffer> path = TRY(make<PathBuffer>());
  std::span<char> text = std::span(path->bytes).first(image.interpreter_size);
  TRY(file.copy(image.interpreter_at, std::as_writable_bytes(text)));
  if (text.back() != 0) return Errno::noexec;
  ExecFile other = TRY(ExecFile::open(paths, text.data()));
  Result<ElfImage> found = read_elf(other, machine_riscv);
  if (!found) return found.error() == Errno::noexec ? Errno::libbad : found.error();
  ElfImage interpreter = *found;
  if (interpreter.is_movable) interpreter.move_to(TRY(find_place(*program.space, interpreter)));
  TRY(map_image(stack, other, interpreter));
  program.entry = interpreter.entry;
  program.interpreter_moved = interpreter.moved;
  return {};
}

// Makes the stack executable; pages by which it grows later belong to the same region.
Result<> let_stack_run(AddressSpace& space, VirtAddr top) {
  VirtAddr lowest;
  {
    MutexGuard guard(space.mutex());
    lowest = space.region_at(top - 1)->start;
  }
  return space.protect(lowest, top - lowest, Prot::read | Prot::write | Prot::exec);
}

Result<> complete_dynamic(Program& program, const PathContext& paths, const ExecFile& file,
                          const ElfImage& image, const ArgumentStack& stack) {
  if (image.interpreter_size) TRY(map_interpreter(program, paths, file, image, stack));
  return image.wants_executable_stack ? let_stack_run(*program.space, stack.top()) : Result<>();
}

}  // namespace

EXEC_ADDITION(interpreter, nullptr, complete_dynamic)

}  // namespace tine
