"""The part of a lab that each student has alone: drawn from the id, and from the instructor's secret if there is one.

A task is a few numbers, {name: number}. The grader (LAB_TASK) tests a kernel against them, TASK in a student's tree
holds them, and what a student has to write follows from them (test/labs/NAME/own.py, on the instructor's side).
"""

import hashlib
import hmac
import sys


def plain(student):
    """An id as it is drawn from: ids that differ in case or space are one."""
    return student.strip().lower()


def same(one, other):
    return plain(one or "") == plain(other or "")


class Draw:
    """Numbers that belong to a lab, an id and a secret, one after the other."""

    def __init__(self, lab, student, secret=b""):
        self.text, self.key, self.count = f"{lab}/{plain(student)}", secret, 0

    def below(self, limit):
        self.count += 1
        text = f"{self.text}/{self.count}".encode()
        digest = hmac.new(self.key, text, hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def one_of(self, choices):
        return choices[self.below(len(choices))]


def fork_task(draw):
    return {"signal": 34 + draw.below(30), "descriptor": 5 + draw.below(25),
            "blocked": draw.one_of([n for n in range(1, 32) if n not in (9, 17, 19)]),
            "pages": 200 + 50 * draw.below(40)}


def syscall_task(draw):
    places = list(range(8))
    task = {"number": 4107 + draw.below(53)}
    for field in ("pid", "parent", "memory", "uptime"):
        task[field] = places.pop(draw.below(len(places)))
    return {**task, "calls": 100 + 25 * draw.below(60)}


def mmap_task(draw):
    return {"number": 200 + draw.below(100), "byte": 1 + draw.below(255), "group": draw.one_of([2, 4, 8, 16]),
            "error": draw.one_of([1, 6, 11, 16, 17, 18, 34]), "pages": 400 + 50 * draw.below(30)}


def signals_task(draw):
    return {"number": 34 + draw.below(30), "register": 13 + draw.below(5), "word": 1 + draw.below(1 << 31),
            "blocked": draw.one_of([n for n in range(1, 32) if n not in (9, 19)]), "room": 128 + 16 * draw.below(120),
            "times": 100 + 25 * draw.below(60)}


def traps_task(draw):
    numbers = list(range(4107, 4160))
    return {"number": numbers.pop(draw.below(len(numbers))), "back": draw.one_of(numbers), "unit": 2 + draw.below(4),
            "times": 2 + draw.below(4), "register": 13 + draw.below(5), "error": draw.one_of([1, 6, 11, 16, 17, 18, 34]),
            "calls": 100 + 25 * draw.below(60)}


def sched_task(draw):
    return {"user": 2000 + draw.below(60000), "times": 2 + draw.below(4), "yields": 200 + 20 * draw.below(60)}


def exec_task(draw):
    slots, size = 3 + draw.below(5), draw.one_of([16, 24, 40, 48])
    return {"type": 0x65000000 + draw.below(1 << 20), "tag": 1000 + draw.below(9000), "slots": slots, "size": size,
            "longest": size - 1, "byte": 1 + draw.below(255), "first": 1 + draw.below(slots - 1),
            "error": draw.one_of([1, 6, 11, 16, 17, 18, 34]), "arguments": 100 + 10 * draw.below(25)}


def pagetable_task(draw):
    group = draw.one_of([3, 5, 6, 7, 9, 10, 11, 12, 13])
    return {"number": 200 + draw.below(100), "group": group, "by": 1 + draw.below(group - 1),
            "error": draw.one_of([1, 6, 11, 16, 17, 18, 34]), "pages": 400 + 50 * draw.below(30)}


def boot_task(draw):
    places = list(range(4))
    task = {name: places.pop(draw.below(len(places))) for name in ("id_at", "memory_at", "harts_at", "word_at")}
    return {"extension": 0x09000000 + draw.below(1 << 20), "function": 1 + draw.below(1000), **task,
            "unit": draw.one_of([1 << 10, 1 << 12, 1 << 16, 1 << 20]), "property": 1000 + draw.below(9000),
            "default": 1 + draw.below(1 << 30), "bytes": 1000 + 100 * draw.below(30)}


def locks_task(draw):
    return {"size": 16 + draw.below(60), "take": 3 + draw.below(10), "give": 3 + draw.below(10),
            "pages": 100 + 10 * draw.below(25)}


FORK_TEXT = """
Part 3 of the lab fork for {id}: a fenced child.

A child is fenced when its exit signal, the lowest byte of clone's flags, is {signal}. A fenced child differs from
others in three things, from its first instruction on:

- it does not have the descriptor {descriptor}, though its parent may have it open; all other descriptors it has;
- it begins with the signal {blocked} blocked, and no other, whatever its parent blocks;
- its current directory is "/".

Nothing of this happens to the parent, nor to a child with another exit signal.

Your number: fork_cost is how many instructions more your fork takes when the parent has {pages} touched pages more.
"""

SYSCALL_TEXT = """
Part 3 of the lab syscall for {id}: a call of your own.

The call {number} takes one argument, the address of a structure of eight words of 64 bits, and returns 0, or EFAULT
for a bad address as sysinfo does. All words are 0, except

- word {pid} (counted from 0): the caller's pid;
- word {parent}: the pid of the caller's parent, 0 if there is none;
- word {memory}: the machine's memory in KiB, as sysinfo counts it;
- word {uptime}: the whole seconds since the machine started.

Your number: trace_cost is how many instructions more {calls} traced calls of getpid take than {calls} untraced ones.
"""

MMAP_TEXT = """
Part 3 of the lab mmap for {id}: painted memory.

madvise(start, size, {number}) paints memory. What the pages of the range held is gone, and a page that is touched next
begins full of the byte {byte}, where other new pages begin full of zeros.

- A range is painted in whole groups of {group} pages, which begin at multiples of {group} * 4096: a group is painted if a byte
  of it is in the range. `start` must be at a page's border, as for other advice, or the call fails with EINVAL. `size`
  is not 0.
- Only private memory that belongs to no file can be painted. If any page of the groups is another's (a file's, shared,
  or not mapped at all), the call fails with errno {error}, and nothing has changed.
- Painting takes no frame. A page gets its frame when it is touched, by the program or by the kernel.
- Paint stays until the memory is unmapped, or painted again. MADV_DONTNEED drops the pages, and the next touch finds
  paint. A child of fork has its parent's paint. mprotect does not change it. Memory that is mapped later, by mmap or
  by brk, begins with zeros, whatever it lies next to. (The stack and mremap are not tried.)

Your number: mmap_cost is how many instructions more the first store to each of {pages} pages takes than the second store
to each of them, if the pages are new memory of MAP_SHARED | MAP_ANONYMOUS.
"""

SIGNALS_TEXT = """
Part 3 of the lab signals for {id}: a signal of your own.

The signal {number} is delivered to its handler in another way than all others. Three things differ:

- the handler starts with the word {word} in register x{register} (a0 is x10), where other handlers find what
  the program had there;
- while the handler runs, the signal {blocked} is blocked, too: besides {number} itself, those of sa_mask, and what the
  program blocks;
- {room} bytes below the program's stack pointer stay as they are. The signal frame lies directly below them, at the
  next address that is a multiple of 16.

Nothing of this happens for another signal.

Your number: handler_cost is how many instructions {times} signals take that a program sends itself with kill, handlers
and returns included.
"""

TRAPS_TEXT = """
Part 3 of the lab traps for {id}: an alarm of your own.

The call {number} takes two arguments, a number n and the address of a handler, and returns 0. It sets the alarm of the
process that calls it: after {unit} * n ticks of the clock that found this process running, it runs its handler in user
mode, and after as many ticks more again, {times} times in all. Then the alarm is off. With n = 0 it is off immediately.

- A handler starts with a0 = how often a handler has been called since the alarm was set, itself included (1, 2, ...),
  and with the interrupted pc in x{register} (a0 is x10). In all other registers, sp among them, is what the program
  had there.
- A handler ends with the call {back}. The program then goes on where it was interrupted, with all its registers, those of
  floating point too, whatever the handler did with them.
- While a handler runs the alarm does not ring, and no ticks are counted.
- While no handler runs the call {back} fails with errno {error}, and changes nothing else.
- A child has no alarm. (exec, threads, signals, and an alarm that is set in a handler are not tried.)

Your number: trap_cost is how many instructions {calls} calls of getpid take, from before the ecall until after it.
"""

SCHED_TEXT = """
Part 3 of the lab sched for {id}: a user of your own.

Processes whose real user ID is {user} are favoured: among processes that are always ready to run, each of them has
{times} times the share of the hart that each other process has. In particular:

- it is the real user ID that counts, not the effective one; it may change while the process runs;
- a child has its parent's real user ID from its first instruction on;
- a favoured process that sleeps, and wants less than its share, has all that it wants;
- when a thread that wakes runs does not depend on its user.

Your number: sched_cost is how many instructions more {yields} calls of sched_yield take when there is one other process,
which does nothing but call sched_yield, too, than when there is no other process that is ready.
"""

EXEC_TEXT = """
Part 3 of the lab exec for {id}: a table of arguments.

A program can ask for a table of its arguments: one of the program headers of its file has the type {type:#x}. Nothing else
in that header matters, and nothing is loaded for it. On the stack of a program that asks there is a table besides all
that others find:

- the auxiliary vector has an entry of the type {tag}, whose value is the address of the table;
- the table has {slots} slots of {size} bytes each. The first argument is in slot {first} (counted from 0), each other argument in
  the slot after that of the argument before it; after the last slot comes slot 0;
- after an argument comes a 0, and then bytes {byte} up to the end of its slot. A slot without an argument is full of the
  byte {byte};
- the table begins at a multiple of 16, above sp. The program may write to it, and nothing else lies there.

A program that asks is not started with more than {slots} arguments, or with one of more than {longest} characters: exec fails with
errno {error}, and the old program goes on.

It is the file that is loaded which asks: for a script that is its interpreter, whose arguments are in the table. A
program that exec(app_id) has started has argc = 0 on its stack, and no argument in the table. For a program whose file
has no such header nothing changes.

Your number: exec_cost is how many instructions more a failing execve takes with {arguments} arguments than with one. Each
argument has 31 characters, and there is no environment. The file can be executed and has 64 bytes, all of them 0, so
that the error is ENOEXEC.
"""

PAGETABLE_TEXT = """
Part 3 of the lab pagetable for {id}: turned memory.

madvise(start, size, {number}) turns memory. Pages change their places, and no byte is copied: only entries of the page
table move.

- Memory is turned in whole groups of {group} pages, which begin at multiples of {group} * 4096. A group is turned if a
  byte of it is in the range. Places in a group are counted from 0: what was in place i is then in place
  (i + {by}) % {group}, with its frame and its rights. A page that was not touched yet moves, too: its new place has no
  frame until it is touched.
- `start` must be at a page's border, as for other advice, or the call fails with EINVAL. `size` is not 0.
- All groups must lie in one mapping, of private memory that belongs to no file. If any page of them is another's (a
  file's, shared, or not mapped at all), the call fails with errno {error}, and nothing has changed.
- Turning takes no frame but for page tables. If there is no memory for these the call fails with ENOMEM, and nothing
  has changed. After it there is no table without an entry.
- A child of fork has what its parent had, in the places where it was at the fork. If one of the two turns its memory,
  the other's stays. (The stack, mremap, and memory of which mprotect has changed a part are not tried.)

Your number: munmap_cost is how many instructions more munmap takes for {pages} touched pages, one beside the other, than
for {pages} pages that were not touched.
"""

BOOT_TEXT = """
Part 3 of the lab boot for {id}: a report to the firmware.

Each hart that runs your kernel reports to the firmware once, when it comes up: with the call of the SBI that has the
extension {extension:#x} and the function {function}. What the firmware returns does not matter (it does not know that
extension). The four arguments are

- in a{id_at}: the id of the hart that reports;
- in a{memory_at}: the size of the memory that your kernel uses, in units of {unit} bytes. This is all of the piece of
  memory that the kernel is in, the firmware's part and the kernel's included;
- in a{harts_at}: how many harts your kernel uses, the first one included;
- in a{word_at}: the number that the property `tine,{property}` of the device tree's node /chosen has, of 32 or of 64
  bits; {default} if there is no such property.

When a hart reports it uses the kernel's final page table, and has run no program yet. It does not report again.

Your number: console_cost is how many instructions more it takes to write {bytes} bytes to the console than to write one.
The bytes are all "x", and are in a page that was touched before.
"""

LOCKS_TEXT = """
Part 3 of the lab locks for {id}: a store of frames for each hart.

Each hart has a store of free frames besides the list that all harts share. A frame is put on top of the store of the
hart that gives it back, and a hart takes the frame on top of its own store. A store holds at most {size} frames.

- A hart whose store is empty, and that wants a frame, first takes {take} frames from the list (or all, if there are
  fewer), one after the other, and puts each on top of its store.
- A hart whose store is full, and that gives back a frame, first takes {give} frames from the top of its store, one after
  the other, and gives each to the list. Then it puts the new frame on top.
- The list stays as it is: the frame that was given to it last is taken first.
- A hart that finds its store and the list empty takes frames from the stores of other harts. No program is told that
  memory has ended, and none is ended, while a store holds a frame.
- Free frames are counted as before, wherever they are. (Frames that are given to the list at boot, and root's reserve,
  are not tried.)

Your number: frame_cost is how many instructions more the first store to each of {pages} pages takes than the second store
to each of them, if the pages are new memory of MAP_PRIVATE | MAP_ANONYMOUS.
"""

TASKS = {"boot": (boot_task, BOOT_TEXT), "fork": (fork_task, FORK_TEXT), "syscall": (syscall_task, SYSCALL_TEXT),
         "mmap": (mmap_task, MMAP_TEXT), "signals": (signals_task, SIGNALS_TEXT),
         "sched": (sched_task, SCHED_TEXT), "exec": (exec_task, EXEC_TEXT),
         "traps": (traps_task, TRAPS_TEXT), "pagetable": (pagetable_task, PAGETABLE_TEXT),
         "locks": (locks_task, LOCKS_TEXT)}


def task_of(lab, student, secret=b""):
    return TASKS[lab][0](Draw(lab, student, secret))


def text_of(lab, student, task):
    return TASKS[lab][1].format(id=student, **task).strip() + "\n"


def write(task):
    """As the grader reads it: `name=number,...`."""
    return ",".join(f"{name}={number}" for name, number in task.items())


def read(text):
    pairs = (pair.split("=") for pair in text.strip().split(",") if "=" in pair)
    return {name.strip(): int(number) for name, number in pairs}


def student_lines(path):
    """The file STUDENT: {name: value} of its lines `name = value`."""
    found = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, equals, value = line.partition("=")
                if equals and value.strip():
                    found[name.strip()] = value.strip()
    except OSError:
        pass
    return found


def in_tree(lab, tree):
    """(id, task) of a tree: what its TASK says, else what its id says. No id: (None, {})."""
    student = student_lines(f"{tree}/STUDENT").get("id")
    try:
        with open(f"{tree}/TASK", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("task: ")]
        if lines:
            return student, read(lines[-1].removeprefix("task: "))
    except OSError:
        pass
    return student, task_of(lab, student) if student else {}


def main():
    lab, tree = sys.argv[1:3]
    student, task = in_tree(lab, tree)
    if not task:
        sys.exit("The file STUDENT has no line `id = ...`, so there is no task yet.")
    print(text_of(lab, student, task), end="")


if __name__ == "__main__":
    main()
