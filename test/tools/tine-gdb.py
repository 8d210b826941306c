"""Commands for gdb-multiarch, loaded by `make gdb`. `help tine` lists them.

tine attach [PORT]       attach to the machine that `make qemu-gdb` started
tine user NAME           symbols of the program NAME (every program starts at USER_BASE, so one at a time)
tine ps                  the processes, read from the kernel's own list
tine pagetable [PID|SATP] [all]
                         what a page table maps: of the current hart, of a process, or of a value of satp;
                         with `all` the kernel's half too
"""

import os
import struct

import gdb

PAGE = 4096
FLAGS = "VRWXUGAD"
COW = 1 << 8  # the first of the two bits that the hardware leaves to software
LOWER_HALF = 256  # entries of the root that are the user's


def build_folder():
    """Where the programs are of the kernel that gdb has loaded: its folder, or that of a kernel with all wings."""
    folder = os.path.dirname(gdb.current_progspace().filename or "build/release/kernel.elf")
    return folder if os.path.exists(f"{folder}/bin") else folder.partition("-without-")[0]


class Physical:
    """While it lives, gdb's memory commands read physical addresses (a mode of QEMU's gdb stub)."""

    def __enter__(self):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
        gdb.execute("maintenance flush dcache", to_string=True)
        return self

    def __exit__(self, *_):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)
        gdb.execute("maintenance flush dcache", to_string=True)

    def table(self, address):
        return struct.unpack("<512Q", gdb.selected_inferior().read_memory(address, PAGE).tobytes())


def walk(memory, table, level, base, kernel):
    """Yields (virtual, physical, size, flags) for every leaf below a table of that level (2 is the root)."""
    size = PAGE << (9 * level)
    for index, pte in enumerate(memory.table(table)):
        if not pte & 1 or (level == 2 and index >= LOWER_HALF and not kernel):
            continue
        virtual = base + index * size
        if level == 2 and index >= LOWER_HALF:
            virtual |= 0xFFFFFF8000000000
        target = (pte >> 10 & (1 << 44) - 1) << 12
        if pte & 0xE:
            yield virtual, target, size, pte & 0x3FF
        else:
            yield from walk(memory, target, level - 1, virtual, kernel)


def merged(leaves):
    """Neighbours with the same flags become one range."""
    last = None
    for virtual, physical, size, flags in leaves:
        if last and last[3] == flags and last[0] + last[2] == virtual and last[1] + last[2] == physical:
            last[2] += size
            continue
        if last:
            yield last
        last = [virtual, physical, size, flags]
    if last:
        yield last


def flag_text(flags):
    text = "".join(name if flags & 1 << bit else "-" for bit, name in enumerate(FLAGS))
    return text[::-1] + (" COW" if flags & COW else "")


def show_page_table(satp, kernel):
    if satp >> 60 != 8:
        raise gdb.GdbError(f"satp is {satp:#x}: paging is off (mode {satp >> 60}, Sv39 is 8)")
    root = (satp & (1 << 44) - 1) << 12
    print(f"root table at {root:#x}")
    print(f"{'virtual':>18} {'physical':>12} {'bytes':>12} flags")
    with Physical() as memory:
        for virtual, physical, size, flags in merged(walk(memory, root, 2, 0, kernel)):
            print(f"{virtual:18x} {physical:12x} {size:12x} {flag_text(flags)}")


class Tine(gdb.Command):
    """Looking into Tine: processes, page tables, user symbols."""

    def __init__(self):
        super().__init__("tine", gdb.COMMAND_USER, prefix=True)


class Attach(gdb.Command):
    """tine attach [PORT]: attach to the machine that `make qemu-gdb` started."""

    def __init__(self):
        super().__init__("tine attach", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        try:
            gdb.execute(f"target remote localhost:{argument or 26000}")
        except gdb.error as error:
            raise gdb.GdbError(f"{error} Is `make qemu-gdb` running in another terminal?") from error


class User(gdb.Command):
    """tine user NAME: load the symbols of a user program (in place of those loaded before)."""

    loaded = None

    def __init__(self):
        super().__init__("tine user", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        for folder in ("bin", "test"):
            path = f"{build_folder()}/{folder}/{argument}"
            if argument and os.path.exists(path):
                break
        else:
            raise gdb.GdbError(f"no program {argument!r} in {build_folder()}/bin (or /test)")
        if User.loaded:
            gdb.execute(f"remove-symbol-file {User.loaded}")
        gdb.execute(f"add-symbol-file {path}")
        User.loaded = path


class PageTable(gdb.Command):
    """tine pagetable [PID|SATP] [all]: the user's half of the page table in use (`all`: the kernel's too)."""

    def __init__(self):
        super().__init__("tine pagetable", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = argument.split()
        kernel = "all" in words
        words = [word for word in words if word != "all"]
        satp = int(gdb.parse_and_eval(words[0] if words else "$satp")) & (1 << 64) - 1
        if 0 < satp < 1 << 20:
            satp = satp_of_process(satp)
        show_page_table(satp, kernel)


def in_kernel():
    """Selects a hart that is in S-mode: from user mode, QEMU does not show the kernel's memory."""
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if int(gdb.parse_and_eval("$priv")) & 3 == 1 and int(gdb.parse_and_eval("$satp")):
            return
    raise gdb.GdbError("no hart is in the kernel now: `break trap_handler`, `continue`, and again")


class OtherHart:
    """Runs a block with a hart that sees the kernel's memory, and comes back to the hart of before."""

    def __enter__(self):
        self.before = gdb.selected_thread()
        self.frame = gdb.selected_frame()
        in_kernel()

    def __exit__(self, *_):
        self.before.switch()
        self.frame.select()


def elements(head, element, link):
    """The elements of a kernel List (lib/list.hh): from its ring of links back to the structures."""
    kind = gdb.lookup_type(element)
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == link)
    at = head["head_"]["next"]
    while at and at != head["head_"].address:
        yield gdb.Value(int(at) - offset).cast(kind.pointer()).dereference()
        at = at["next"]


def processes():
    """Yields the kernel's processes, by pid (proc/table.cc)."""
    table = gdb.parse_and_eval("'tine::(anonymous namespace)::pids'")
    chunks = table["chunks_"]["_M_elems"]
    for i in range(chunks.type.strip_typedefs().range()[1] + 1):
        if not chunks[i]:
            continue
        entries = chunks[i]["processes"]["_M_elems"]
        for j in range(entries.type.strip_typedefs().range()[1] + 1):
            if entries[j]:
                yield entries[j].dereference()


def satp_of_process(pid):
    with OtherHart():
        for process in processes():
            if int(process["pid"]) == pid:
                space = process["space"]["object_"]
                if not space:
                    raise gdb.GdbError(f"process {pid} is a zombie: its memory is gone")
                return 8 << 60 | int(space["table_"]["root_"]["value_"]) >> 12
    raise gdb.GdbError(f"no process {pid} (tine ps)")


def describe(process):
    parent = process["parent"]
    threads = list(elements(process["threads"], "tine::Thread", "process_link"))
    state = "zombie" if process["zombie"] else "-"
    wait = hart = ticks = ""
    if threads:
        state = str(threads[0]["state"]).rpartition(":")[2]
        wait = str(threads[0]["wait_reason"]).rpartition(":")[2] if state == "sleeping" else ""
        hart, ticks = int(threads[0]["hart"]), int(threads[0]["run_ticks"])
    return (f"{int(process['pid']):5} {int(parent['pid']) if parent else 0:5} {state:9} {wait:8} {hart:4} "
            f"{ticks:6}  {process['name'].string()}")


class Ps(gdb.Command):
    """tine ps: the processes, read from the kernel's own list."""

    def __init__(self):
        super().__init__("tine ps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print("  PID  PPID STATE     WAIT     HART  TICKS  NAME")
        with OtherHart():
            for process in processes():
                print(describe(process))


Tine()
Attach()
User()
PageTable()
Ps()
