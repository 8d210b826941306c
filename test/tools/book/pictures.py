"""The figures that need a few lines only: what a booted guest says, and which of book/layouts.py draws it.

Each is a pair: a function that returns lines (they become docs/figures/NAME.txt), and one that draws such lines.
"""

import re
import subprocess

from book import layouts
from book.guest import built
from book.measure import measure
from book.stub import NAMES, Machine
from book.svg import CHILD, KERNEL, PALE, PARENT, SHARED

DIRECT_MAP = 0xFFFFFFC000000000
REGISTERS = ["hart", *NAMES[1:], "sepc"]  # a TrapFrame
A0 = 80  # its offset


def thunk(call):
    return f"tine::syscall_internal::Thunk<&tine::sys_{call}>::call"


def root(machine):
    return machine.register("satp") & (1 << 44) - 1


def to_user_mode(machine):
    """From trap_return to the first instruction of the program."""
    code = machine.memory(machine.symbols["trap_return"], 512)
    machine.run_to(machine.symbols["trap_return"] + code.index(bytes.fromhex("73002010")))
    machine.step()


def draw_lanes(title):
    """Draws lines `lane|what|note  note ...`."""
    def draw(lines):
        steps = [line.split("|") for line in lines]
        return layouts.lanes(title, list(dict.fromkeys(lane for lane, _, _ in steps)),
                             [(lane, what, notes.split("  ")) for lane, what, notes in steps])
    return draw


# ---- 1: boot ----

BOOT = [("1", "_start", True), ("5", "kernel_main", False), ("6", "tine::frames_init", False),
        ("7", "tine::plic_init", False), ("8", "tine::mount_root", False), ("10", "tine::start_init", False)]


def boot_lines():
    with Machine("-- true") as machine:
        def line(point, name):
            satp = machine.register("satp")
            table = f"frame {satp & (1 << 44) - 1}" if satp else "none"
            pc, sp = machine.register("pc"), machine.register("sp")
            return f"{point}|{name.removeprefix('tine::')}|{pc:#x}|{sp:#x}|{table}"

        lines = []
        for point, name, physical in BOOT:
            machine.run_to(machine.symbols[name] - (DIRECT_MAP if physical else 0))
            lines.append(line(f"[boot {point}]", name))
        machine.run_to("trap_return")
        to_user_mode(machine)
        return [*lines, line("", "init (user)")]


def draw_boot(lines):
    rows = [line.split("|") for line in lines]
    fill = [PARENT if pc < "0xf" and point else CHILD if not point else KERNEL for point, _, pc, _, _ in rows]
    return layouts.grid("Where the boot hart is: program counter, stack and page table", ("", "pc", "sp", "page table"),
                        (88, 116, 116, 76), [((f"{point[6:-1]:>2} {name}", pc, sp, table), colour)
                                             for (point, name, pc, sp, table), colour in zip(rows, fill)])


# ---- 3: the table of calls ----


def rows_of_calls(machine):
    """(address, number, name, handler) of each row that the linker gathered."""
    names = {at: name for name, at in machine.symbols.items()}
    start, end = machine.symbols["syscall_rows_start"], machine.symbols["syscall_rows_end"]
    for at in range(start, end, 24):
        number, name, handler = machine.words(at, 3)
        yield at, number & 0xFFFFFFFF, machine.memory(name, 32).split(b"\0")[0].decode(), names[handler]


def calls_lines():
    shown = ("openat", "write", "clone", "exit_group", "page_info", "getpid")
    with Machine("-- true") as machine:
        machine.run_to("kernel_main")
        return [f"{at:#x} {number} {name} {re.search('sys_[a-z_]+', handler)[0]}"
                for at, number, name, handler in rows_of_calls(machine) if name in shown]


def draw_calls(lines):
    rows = [line.split() for line in lines]
    by_number = sorted(rows, key=lambda row: int(row[1]))
    return layouts.links("Rows as the linker gathered them, and the table by number",
                         ("rows, by address", "calls[number]"),
                         [[(row[2], f"{{{row[1]}, {row[2]}}}", PARENT) for row in rows],
                          [(row[3], f"[{row[1]}] {row[3]}", KERNEL) for row in by_number]],
                         [(row[2], row[3]) for row in rows])


# ---- 7: fork returns twice ----


def twice_lines():
    """The TrapFrames of parent and child, each at its own return to user mode."""
    with Machine("-- fork_test") as machine:
        machine.run_to(thunk("clone"))  # init's, for fork_test
        machine.step()
        machine.run_to(thunk("clone"))
        parent, frames = root(machine), {}
        while len(frames) < 2:
            machine.run_to("trap_return")
            who = "parent" if root(machine) == parent else "child"
            if who == "child" or machine.words(machine.register("sp") + A0, 1)[0] > 1:
                frames.setdefault(who, machine.words(machine.register("sp"), len(REGISTERS)))
        return [f"{name} {a:#x} {b:#x}" for name, a, b in zip(REGISTERS, frames["parent"], frames["child"])
                if name not in ("hart", "gp", "tp")]


def draw_twice(lines):
    rows = [line.split() for line in lines]
    shown = [row for row in rows[-1:] + rows[:-1] if row[0] in "sepc ra sp a0 a1 a7 s0 s1 s2 t0".split()]
    equal = sum(a == b for _, a, b in rows)
    return layouts.grid(f"The registers with which fork returns: {equal} of {len(rows)} are the same",
                        ("register", "in the parent", "in the child"), (76, 160, 160),
                        [(row, PALE if row[1] == row[2] else CHILD) for row in shown])


# ---- 8: exit and wait; 10: a message; 12: a pipe. Which process goes on, step by step ----


SWITCH = "switch_context, to here"  # the page table is the new one's by then


def followed(command, names, places, notes, first, count, image="initrd"):
    """The lines of a figure of lanes: from the first time at `first`, `count` stops at the places, each in the lane of
    the page table that is in use there (named in the order in which they appear)."""
    lines, roots = [], {}
    with Machine(f"hz=1 -- {command}", image) as machine:  # no clock tick comes in between
        for place in machine.follow(places):
            if not lines and place != first:
                continue
            lane = roots.setdefault(root(machine), names[min(len(roots), len(names) - 1)])
            lines.append(f"{lane}|{places[place]}|{notes(machine, place)}")
            if len(lines) == count:
                return lines
    return lines


def end_lines():
    places = {"tine::process_exit": "[exit 2] process_exit", "tine::FdTable::close_all": "[exit 3] close all files",
              "tine::PageTable::activate": "activate a page table", "tine::exit_thread": "[exit 5] exit_thread",
              "switch_context": SWITCH, "tine::unpublish_process": "process_wait finds the child"}
    return followed("true", ["child", "kernel", "parent"], places,
                    lambda machine, _: f"sp {machine.register('sp'):#x}  table frame {root(machine)}",
                    "tine::process_exit", 8)


def message_lines():
    places = {thunk("ipc_recv"): "ipc_recv", thunk("ipc_send"): "ipc_send", "switch_context": SWITCH}

    def notes(machine, place):
        if "ipc_send" not in place:
            return ""
        pid, word = machine.words(machine.register("a0") + A0, 2)
        return f"to process {pid}  the word {word}"

    return followed("cow_test", ["parent", "child"], places, notes, thunk("ipc_recv"), 7)


def pipe_lines():
    places = {thunk("read"): "read", thunk("write"): "write", "switch_context": SWITCH}
    turns = []  # [lane, what, reads, writes]
    for line in followed("sh -c cat</test/glibc|wc", ["cat", "wc"], places, lambda *_: "", thunk("read"), 160, "test"):
        lane, what, _ = line.split("|")
        if what == SWITCH or not turns or turns[-1][1] == SWITCH:
            turns.append([lane, what, 0, 0])
        turns[-1][2] += what == "read"
        turns[-1][3] += what == "write"
    return [f"{lane}|{what if what == SWITCH else f'{reads} x read' + (f', {writes} x write' if writes else '')}|"
            for lane, what, reads, writes in turns[:9]]


# ---- 9: atomic instructions; 14: allocations that fail; 13: where calls come from ----


def atomics_lines():
    _, count = measure("sh -c true")
    rows = sorted(count.causes.items(), key=lambda row: row[1][2] / row[1][0])
    return [f"{name} {atomics // times} of {instructions // times}" for name, (times, instructions, atomics) in rows]


def draw_atomics(lines):
    rows = [re.match(r"(.*) (\d+) of", line).groups() for line in lines]
    return layouts.bars("Atomic instructions of one call, fault or interrupt",
                        [(name, int(value), None) for name, value in rows])


def allocations_lines():
    said, _ = measure("/test/oom_calls")
    return [f"{call} {count}" for count, call in
            re.findall(r"^# (\d+) allocations\nok \d+ - ([\w ]+):", "\n".join(said), re.M)]


def draw_allocations(lines):
    rows = sorted(((name, int(value), None) for name, _, value in (line.rpartition(" ") for line in lines)),
                  key=lambda row: -row[1])[:14]
    return layouts.bars("How many allocations of a call were made to fail, one after the other",
                        [(name.replace(" into a fresh page", ""), value, group) for name, value, group in rows])


def wings_lines():
    with Machine("-- true") as machine:
        machine.run_to("kernel_main")
        rows = {f"{at:x}" for at, _, _, _ in rows_of_calls(machine)}
        files = subprocess.run(["riscv64-linux-gnu-nm", "-l", built("kernel.elf")], capture_output=True, text=True,
                               check=True).stdout
    homes = [found.groups() for line in files.splitlines() if line[:16].lstrip("0") in rows
             if (found := re.search(r"kernel/(wings/)?(\w+)/", line))]
    return [f"{'wing' if wing else 'core'} {name} {homes.count((wing, name))}" for wing, name in
            sorted(set(homes), key=lambda home: (home[0] or "", -homes.count(home), home[1]))]


def draw_wings(lines):
    return layouts.bars("Where the rows of the table of calls come from",
                        [(name, int(value), group) for group, name, value in map(str.split, lines)], ["core", "wing"])


# ---- 11: the frame of a signal ----


def handler_lines():
    with Machine("-- sigtest") as machine:
        machine.run_to("tine::handle_signals")
        machine.run_to("trap_return")
        to_user_mode(machine)
        sp, handler, back = (machine.register(name) for name in ("sp", "pc", "ra"))
        info, context = machine.register("a1"), machine.register("a2")
        lines = [f"pc {handler:#x} the handler", f"ra {back:#x} the trampoline",
                 f"a0 {machine.register('a0')} the signal's number", f"a1 {info:#x} info", f"a2 {context:#x} context"]
        saved = context + 176  # the registers: pc, ra, sp, ...
        for at, name in ((info, "info: the signal's number"), (saved, "context: pc"), (saved + 8, "context: ra"),
                         (saved + 16, "context: sp"), (saved + A0, "context: a0")):
            value = machine.words(at, 1)[0] & (0xFFFFFFFF if at == info else (1 << 64) - 1)
            lines.append(f"sp+{at - sp} {value:#x} {name}")
        code = machine.memory(back, 8).hex(" ", 4)
        return [*lines, f"trampoline {code.replace(' ', '_')} li_a7,_139;_ecall"]


def draw_handler(lines):
    rows = [(where, value.replace("_", " "), meaning.replace("_", " "))
            for where, value, meaning in (line.split(" ", 2) for line in lines)]
    colours = {"sp": SHARED, "tr": KERNEL}
    return layouts.grid("A handler begins: registers, its frame on the stack, the way back", ("", "value", "is"),
                        (76, 146, 174), [(row, colours.get(row[0][:2], PARENT)) for row in rows])


# ---- 15: one page in two processes ----


def pages_lines():
    from book.figures import PAGE_INFO, leaves, rights
    found = {}
    with Machine("-- sh -c cow_test|cow_test") as machine:
        while len(found) < 2:
            machine.run_to(PAGE_INFO)
            found.setdefault(root(machine), [(at, rights(entry), entry >> 10 & (1 << 44) - 1)
                                             for at, _, entry in leaves(machine, root(machine)) if at < 1 << 38])
    return [f"{who} {at:#x} {right.replace(' ', ',')} frame {frame}"
            for who, pages in zip(("first", "second"), found.values()) for at, right, frame in pages]


def draw_pages(lines):
    rows = [line.split() for line in lines]  # which of the two, address, rights, "frame", its number
    users, colours = {}, {"first": PARENT, "second": CHILD}
    for who, at, _, _, frame in rows:
        users.setdefault((at, frame), []).append(who)
    left, right = ([((who, at), f"{at} {rights}", colours[who]) for who, at, rights, _, _ in rows if who == side]
                   for side in colours)
    middle = [(key, key[1], SHARED if len(users[key]) == 2 else colours[users[key][0]])
              for key in sorted(users, key=lambda key: int(key[0], 16))]
    edges = [((who, at), (at, frame)) if who == "first" else ((at, frame), (who, at)) for who, at, _, _, frame in rows]
    return layouts.links("Two processes run one program: the same frames for what neither has written",
                         ("one cow_test", "frames", "another"), [left, middle, right], edges)


PICTURES = {
    "boot": (boot_lines, draw_boot),
    "calls": (calls_lines, draw_calls),
    "twice": (twice_lines, draw_twice),
    "end": (end_lines, draw_lanes("The end of a process: whose page table is in use, and which stack")),
    "atomics": (atomics_lines, draw_atomics),
    "message": (message_lines, draw_lanes("Messages between cow_test and its child")),
    "handler": (handler_lines, draw_handler),
    "pipe": (pipe_lines, draw_lanes("cat and wc share a hart and a pipe")),
    "wings": (wings_lines, draw_wings),
    "allocations": (allocations_lines, draw_allocations),
    "pages": (pages_lines, draw_pages),
}
