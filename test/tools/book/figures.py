"""The figures of the book: what a booted guest says, and drawings of it.

For each figure docs/figures/NAME.txt holds what the guest said (its console, or the debugger stub at the moment when
the guest comes to a function), and NAME.svg is drawn from that text alone. So there are two questions: does the guest
still say it (numbers that depend on the compiler may differ: `masked`), and is the drawing the text's?
"""

import os
import re

from book import layouts
from book.guest import PROMPT, transcript
from book.pictures import PICTURES
from book.sources import Differs, Problem, read, source_waypoints
from book.stub import PAGE, Machine
from book.svg import CHILD, GREY, KERNEL, PALE, PARENT, SHARED, Drawing

FOLDER = "docs/figures"
WRITE = 64  # SYS_write
PAGE_INFO = "tine::syscall_internal::Thunk<&tine::sys_page_info>::call"  # a0 is the trap frame


def constant(path, name):
    """The value that a header or source gives to a constant."""
    found = re.search(rf"\b{name}\b\s*[({{=]?\s*\(?(0x[0-9a-f]+|\d+)(?:\s*<<\s*(\d+))?", read(path))
    if not found:
        raise Problem(f"{path} gives {name} no value any more: name what is there now")
    return int(found[1], 0) << int(found[2] or 0)


# ---- What the machine says ----


def index(address, level):
    return address >> (12 + 9 * level) & 511


def rights(entry):
    text = "".join(letter if entry & bit else "-" for letter, bit in (("r", 2), ("w", 4), ("x", 8)))
    return text + (" cow" if entry & 0x100 else "")


def leaves(machine, frame, level=2, base=0):
    """(address, size, entry) of all that a page table maps."""
    for i, entry in enumerate(machine.table(frame << 12)):
        size = PAGE << (9 * level)
        address = base + i * size
        if level == 2 and i >= 256:
            address |= 0xFFFFFF8000000000
        if entry & 0xE:
            yield address, size, entry
        elif entry & 1:
            yield from leaves(machine, entry >> 10, level - 1, address)


def way(machine, root, address):
    """The lines of one walk: the frame of each table, then the page's."""
    frame, path = root, []
    for level in (2, 1, 0):
        path.append(index(address, level))
        entry = machine.table(frame << 12)[path[-1]]
        name = ".".join(map(str, path))
        frame = entry >> 10 & (1 << 44) - 1
        kind = f"page {rights(entry)}" if level == 0 else "table"
        yield f"{name} {kind} frame {frame}"


def root_of(machine):
    return machine.register("satp") & (1 << 44) - 1


def tables_of(machine, who, root, pages):
    lines = [f"{who} root frame {root}"]
    for address in pages:
        lines += [f"{who} {line}" for line in way(machine, root, address) if f"{who} {line}" not in lines]
    return lines


def fork_lines():
    """cow_test asks the kernel about one page (page_info) at five moments: there its tables are read. At the end they
    are compared with what cow_test printed."""
    with Machine("-- cow_test") as machine:
        lines, roots, pages, seen = [], {}, [], []
        for moment, who in (("before fork", "parent"), ("after fork", "child"),
                            ("after the child's write", "child"), (None, "parent"),
                            ("after the parent's write", "parent")):
            machine.run_to(PAGE_INFO)
            roots.setdefault(who, root_of(machine))
            if not pages:
                stack = max(a for a, _, e in leaves(machine, roots[who]) if a < 1 << 38)
                asked = machine.words(machine.register("a0") + 80, 1)[0]
                pages = [constant("include/tine/limits.h", "USER_BASE"), asked, stack]
            seen.append((who, list(way(machine, roots[who], pages[1]))[-1].rpartition(" ")[2]))
            if moment:
                lines.append(f"{moment}:")
                for name, root in roots.items():
                    lines += tables_of(machine, name, root, pages)
        machine.run_to("tine::process_exit")
        printed = re.findall(r"^(parent|child) .* frame +(\d+) ", machine.console(), re.M)
        if printed != seen:
            raise Problem(f"cow_test printed the frames {printed}, but its page tables have {seen}")
        return lines


def zone_name(machine, address, entry):
    """What lies there: by the symbols of the kernel, or by the rights of a program's page."""
    at = machine.symbols
    if address < 1 << 38:
        if address >= 0x3F00000000:
            return "stack"
        return "text and constants" if rights(entry)[:2] == "r-" and "cow" not in rights(entry) else "data and heap"
    if address >= constant("kernel/arch/layout.hh", "signal_trampoline"):
        return "signal trampoline"
    if address >= constant("kernel/arch/layout.hh", "stack_window"):
        return "kernel stacks"
    for limit, name in ((at["kernel_start"] & ~0x7FFFFFFF, "devices"), (at["kernel_start"], "memory below the kernel"),
                        (at["text_end"], "kernel text"), (at["rodata_end"], "kernel constants"),
                        (at["kernel_end"], "kernel data")):
        if address < limit:
            return name
    return "all other memory"


def map_lines():
    """What the page table of cow_test maps, its own half and the kernel's: neighbours of one kind in one line."""
    with Machine("-- cow_test") as machine:
        machine.run_to(PAGE_INFO)
        zones = {}
        for address, size, entry in leaves(machine, root_of(machine)):
            zone = zones.setdefault(zone_name(machine, address, entry), [address, 0, set()])
            zone[1] = address + size - 1
            zone[2].add(rights(entry)[:3])
    return [f"{first:#018x} {last:#018x} {' '.join(sorted(kinds))} {name}"
            for name, (first, last, kinds) in sorted(zones.items(), key=lambda zone: zone[1][0])]


def trap_lines():
    """The first write that cow_test makes, stopped at each stage of the route `ecall`."""
    with Machine("-- cow_test") as machine:
        while True:
            machine.run_to("trap_entry")
            if machine.register("scause") == 8 and machine.register("a7") == WRITE:
                break

        def stage(points, place, *registers):
            values = " ".join(f"{name}={machine.register(name):#x}" for name in registers)
            return f"{points} {place}: {values}"

        def frame_words():
            return (f"frame.a0={machine.words(frame + 80, 1)[0]:#x} "
                    f"frame.sepc={machine.words(frame + constant('kernel/arch/offsets.h', 'TF_SEPC'), 1)[0]:#x}")

        frame = machine.register("sscratch")
        pc = machine.register("sepc")
        lines = [f"[ecall 1] enter_kernel: pc={pc:#x} a7={WRITE} a0={machine.register('a0'):#x} "
                 f"a1={machine.register('a1'):#x} a2={machine.register('a2'):#x} sp={machine.register('sp'):#x}",
                 stage("[ecall 2]", "trap_entry", "scause", "sepc", "sscratch", "sp")]
        machine.run_to("trap_handler")
        lines.append(stage("[ecall 3]", "trap_handler", "a0", "sscratch", "sp"))
        machine.run_to("tine::syscall_internal::Thunk<&tine::sys_write>::call")
        lines.append(f"[ecall 4..6] sys_write: {frame_words()}")
        machine.run_to("return_to_user")
        lines.append(f"[ecall 7] finish: {frame_words()}")
        machine.run_to("trap_return")
        lines.append(stage("[ecall 8]", "trap_return", "sp", "sscratch"))
        code = machine.memory(machine.symbols["trap_return"], 512)
        machine.run_to(machine.symbols["trap_return"] + code.index(bytes.fromhex("73002010")))
        lines.append(stage("[ecall 9]", "sret", "sepc", "a0", "sp", "sscratch"))
        machine.step()
        lines.append(stage("[behind]", "enter_kernel", "pc", "a0", "sp"))
    return lines


def life_lines():
    """The shell (process 2) starts hello. Its own page faults are left out: they may come in the middle of a line."""
    lines = transcript('append="log=fork,exec,wait,fault"', ["hello"])
    return re.sub(r"fault: 2 at .*\n", "", "\n".join(lines) + "\n").splitlines()


def stack_lines():
    """The program `stack` looks at the stack that it was started with."""
    return transcript("", ["stack one two"])[1:]


# ---- The drawings ----


def draw_map(lines):
    rows = [re.match(r"0x(\w+) 0x(\w+) ((?:[rwx-]{3} )+)(.*)", line).groups() for line in lines]
    drawing = Drawing(400, "The address space of a program: its own half and the kernel's", 1.4)
    low = [row for row in rows if int(row[0], 16) < 1 << 38]
    high = [row for row in rows if int(row[0], 16) >= 1 << 38]
    y = 14
    for title, part, fill, notes in (
            ("the kernel's half (the same in every page table)", high, KERNEL,
             {"devices": "here and above: the direct map"}),
            ("the program's half (cow_test)", low, PARENT,
             {"stack": "grows down, 8 MiB at most", "data and heap": "grows up (brk); then room for mmap"})):
        drawing.text(10, y, title, bold=True)
        y, above = y + 10, None
        for first, last, kinds, name in reversed(part):
            if above is not None and int(last, 16) + 1 != above:
                drawing.box(130, y, 230, 20, PALE, dashed=True)
                drawing.text(245, y + 14, "nothing", size=11, anchor="middle", fill=GREY)
                y += 20
            drawing.box(130, y, 230, 40, fill)
            drawing.text(245, y + 16, name, size=12, anchor="middle", bold=True)
            drawing.text(245, y + 31, kinds.strip().replace(" ", ", "), mono=True, size=11, anchor="middle")
            drawing.text(124, y + 12, last, mono=True, size=11, anchor="end", fill=GREY)
            drawing.text(124, y + 37, first, mono=True, size=11, anchor="end")
            y += 40
            if note := notes.get(name):
                drawing.text(130, y + 13, note, size=11, fill=GREY)
                y += 18
            above = int(first, 16)
        y += 24
    drawing.box(130, y - 24, 230, 24, PALE, dashed=True)
    drawing.text(245, y - 8, "never mapped", size=11, anchor="middle", fill=GREY)
    drawing.text(124, y - 3, "0" * 16, mono=True, size=11, anchor="end")
    return drawing.finish()


def draw_half(drawing, y, entries, who, mirrored):
    """One side: root, tables and the entries for pages. Answers {path: (x, y of the entry's outer end)}."""
    fill = CHILD if who == "child" else PARENT
    place = (lambda x, width: 520 - x - width) if mirrored else (lambda x, width: x)
    drawing.text(place(6, 0), y + 14, who, bold=True, anchor="end" if mirrored else "start")
    ends, rows, heights = {}, {}, {}
    pages = [path for path in entries if path.count(".") == 2]
    for number, path in enumerate(pages):
        rows[path] = y + 26 + 44 * number
    for level, x in ((0, 6), (1, 64), (2, 122)):
        for path in [path for path in entries if path.count(".") == level and path != "root"]:
            below = [rows[page] for page in pages if page == path or page.startswith(path + ".")]
            heights[path] = sum(below) / len(below)
            drawing.box(place(x, 46), heights[path], 46, 24, fill)
            drawing.text(place(x + 23, 0), heights[path] + 16, f"[{path.split('.')[-1]}]", mono=True, size=12,
                         anchor="middle")
            if level:
                parent = heights[path.rsplit(".", 1)[0]] + 12
                drawing.line([(place(x - 12, 0), parent), (place(x, 0), heights[path] + 12)])
            ends[path] = (place(168, 0), heights[path] + 12)
    return {page: ends[page] for page in pages}


def draw_fork(lines):
    drawing = Drawing(520, "Page tables of parent and child before and after fork, and after writes", 1.4)
    names = ("text", "page", "stack")
    moments, y = [], 8
    for line in lines:
        if line.endswith(":"):
            moments.append((line[:-1], {}))
        else:
            who, path, rest = re.match(r"(\w+) ([\w.]+) (.*)", line).groups()
            moments[-1][1].setdefault(who, {})[path] = rest
    for title, sides in moments:
        drawing.text(260, y + 14, title, bold=True, anchor="middle", size=14)
        ends = {who: draw_half(drawing, y, entries, who, who == "child") for who, entries in sides.items()}
        frames = {}
        for who, pages in ends.items():
            for number, (path, end) in enumerate(pages.items()):
                kind, frame = re.match(r"page (.*) frame (\d+)", sides[who][path]).groups()
                frames.setdefault(frame, []).append((who, number, kind, end))
        for frame, users in frames.items():
            alone = len(users) == 1 and len(ends) == 2
            who, number = users[0][:2]
            width = 42 if alone else 84
            x = 218 if not alone or who == "parent" else 260
            top = y + 22 + 44 * number
            fill = SHARED if len(users) == 2 else CHILD if who == "child" else PARENT
            drawing.box(x, top, width, 32, fill)
            drawing.text(x + width / 2, top + 13, names[number], size=10, anchor="middle")
            drawing.text(x + width / 2, top + 26, frame, mono=True, size=10, anchor="middle")
            for who, _, kind, end in users:
                left = who == "parent"
                drawing.line([end, (x if left else x + width, top + 16)], arrow=True)
                drawing.text(end[0] + (4 if left else -4), end[1] - 5, kind, mono=True, size=9,
                             anchor="start" if left else "end")
        y = drawing.height + 26
    for words in ("[n]: entry n of a root, of a middle and of a last table; the boxes in the middle",
                  "are page frames, green where two processes have the same one"):
        drawing.text(260, y - 4, words, size=11, anchor="middle", fill=GREY)
        y += 15
    return drawing.finish()


def draw_trap(lines):
    lanes = {"enter_kernel": 0, "trap_entry": 1, "trap_return": 1, "sret": 1}
    names = ("user mode", "kernel, assembly", "kernel, C++")
    files = {f"[{route} {step}]": os.path.basename(places[0].rpartition(":")[0])
             for (route, step), places in source_waypoints().items()}
    steps = []
    for line in lines:
        points, place, values = re.match(r"(\[.*?\]) (\S+): (.*)", line).groups()
        file = files.get(re.sub(r"\.\.\d+", "", points), "")
        where = f"{place}  {points} {file}" if file else f"{place}, the instruction after ecall"
        steps.append((names[lanes.get(place, 2)], where, values.split()))
    return layouts.lanes("The way of one system call, with the registers of a real trap", names, steps)


def draw_life(lines):
    """What is said stands in the lane of the process that says it; what has become of the other one, below."""
    rows = merged_faults(lines)
    parent, child = next(re.match(r"fork: (\d+) .* made (\d+)", row) for row in rows if row.startswith("fork")).groups()
    names, steps = {parent: "sh", child: "hello"}, []
    becomes = {"fork": f"{child} is ready, {parent} goes to sleep in wait4",
               "exit": f"{child} is a zombie, {parent} is ready again", "wait": f"{child} is gone"}
    for row in rows:
        named = re.match(r"(\w+): (\d+)", row)
        who = named[2] if named else parent if row.startswith(PROMPT) else child
        what, _, note = row.partition(": ") if named else ("prints" if who == child else "reads", "", row)
        note = re.sub(", (entry|which).*", "", note.replace(PROMPT, ""))
        steps.append((f"process {who} ({names[who]})", what,
                      [note, *([becomes[what]] if what in becomes else [])]))
    return layouts.lanes("The life of a process, as the kernel's log tells it",
                         [f"process {who} ({name})" for who, name in names.items()], steps)


def stack_part(meaning, before):
    """(the part of the initial stack to which a line belongs, its colour)"""
    for start, part, fill in (("argc", "argc", PARENT), ("argv", "argv", PARENT), ("envp", "envp", CHILD),
                              ("AT_", "auxv", KERNEL), ("random", "random bytes", SHARED),
                              ("nothing", "nothing", "white")):
        if meaning.strip().startswith(start):
            return part, fill
    if before[0] in ("random bytes", "strings"):
        return "strings", PALE
    return before


def draw_stack(lines):
    """A box for each 8 bytes, the lowest address first; from each pointer an arrow to what it points to."""
    drawing = Drawing(480, "The stack that a program starts with, byte by byte", 1.5)
    rows = [re.match(r"0x(\w+)  ((?:\w\w ){8}) ?(.*)", line).groups() for line in lines]
    top, height, part, lane = 26, 15, ("", "white"), 378
    start = int(rows[0][0], 16)
    drawing.text(118, 16, "address", size=10, anchor="end", fill=GREY)
    drawing.text(192, 16, "8 bytes, the lowest first", size=10, anchor="middle", fill=GREY)
    for number, (address, content, meaning) in enumerate(rows):
        y, before = top + height * number, part[0]
        part = stack_part(meaning, part)
        drawing.box(122, y, 140, height, part[1])
        drawing.text(118, y + 11, address, mono=True, size=9, anchor="end")
        for i, byte in enumerate(content.split()):
            drawing.text(131 + 17.4 * i, y + 11, byte, mono=True, size=9, anchor="middle")
        drawing.text(266, y + 11, meaning.replace("->", "\u2192"), mono=True, size=9)
        if part[0] != before:
            drawing.text(2, y + 11, part[0].removesuffix(" bytes"), size=9, bold=True)
        at = int.from_bytes(bytes.fromhex(content), "little") - start  # if it points to here
        if 0 < at < 8 * len(rows):
            lane += 12
            end = top + height * (at // 8) + 3 + at % 8 * 3 // 2
            drawing.line([(268 + 5.5 * len(meaning), y + 8), (lane, y + 8), (lane, end), (338, end)], arrow=True,
                         stroke=GREY)
    return drawing.finish()


def merged_faults(lines):
    """Page faults of one process in a row become one line."""
    result, count = [], 0
    for line in lines:
        who = re.match(r"fault: (\d+) at", line)
        if who and result and result[-1].startswith(f"fault: {who[1]} at"):
            count += 1
            result[-1] = f"fault: {who[1]} at {count} pages: resolved"
        else:
            count = 1
            result.append(line)
    return result


# ---- Name, what it says, how it is drawn ----

FIGURES = {
    "address-map": (map_lines, draw_map),
    "fork": (fork_lines, draw_fork),
    "life": (life_lines, draw_life),
    "stack": (stack_lines, draw_stack),
    "trap": (trap_lines, draw_trap),
    **PICTURES,
}
COUNTS = ("atomics", "allocations")  # figures of numbers that each change of the kernel moves a little


def masked(lines):
    """Without what depends on the compiler: addresses, how often a page was missing, and the numbers of frames.
    Which frames are the same one stays to be seen."""
    frames = {}
    result = []
    for line in lines:
        line = re.sub(r"the word \d+", "the word #", line)
        line = re.sub(r"^fault: (\d+) .*", r"fault: \1", line)
        line = re.sub(r"^(0x\w+ ) (?:[0-9a-f]{2} ){8}", r"\1", line)  # stack: what they mean is said behind them
        line = re.sub(r"0x[0-9a-f]{3,}", "0x#", line)
        line = re.sub(r"frame (\d+)", lambda m: f"frame {frames.setdefault(m[1], len(frames))}", line)
        if not (line.startswith("fault") and result and result[-1] == line):
            result.append(line)
    return result


def differs(name, have, now):
    """The first line of `now` that `have` does not say; None when they say the same."""
    def numbers(line):
        return [int(number) for number in re.findall(r"\b\d+\b", line)]

    pairs = zip(masked(have) + [""] * 999, masked(now) + ["its end"])
    for have_line, now_line in pairs:
        if name in COUNTS and re.sub(r"\b\d+\b", "#", have_line) == re.sub(r"\b\d+\b", "#", now_line) and all(
                abs(a - b) <= max(2, b / 10) for a, b in zip(numbers(have_line), numbers(now_line))):
            continue
        if have_line != now_line and (have_line or now_line != "its end"):
            return now_line
    return None


def check(name, update):
    """Raises a Problem when the figure is not what the machine says, or not drawn from that."""
    collect, draw = FIGURES[name]
    text, picture = f"{FOLDER}/{name}.txt", f"{FOLDER}/{name}.svg"
    have = read_or_none(text)
    now = collect()
    if have is None or (line := differs(name, have.splitlines(), now)) is not None:
        if not update:
            what = f"is not what the machine says now, from `{line}` on" if have is not None else "is not there"
            kind = Differs if have is not None else Problem
            raise kind(f"{text} {what}: test/tools/check-docs --update")
        have = "\n".join(now) + "\n"
        os.makedirs(FOLDER, exist_ok=True)
        with open(text, "w", encoding="utf-8") as file:
            file.write(have)
    drawn = draw(have.splitlines())
    if read_or_none(picture) != drawn:
        if not update:
            raise Problem(f"{picture} is not drawn from {text}: test/tools/check-docs --update")
        with open(picture, "w", encoding="utf-8") as file:
            file.write(drawn)


def read_or_none(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()
