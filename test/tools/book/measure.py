"""How many instructions a program takes, in user mode and in the kernel: test/tools/measure, and the experiments of the
book. QEMU counts, with the plugin test/tools/measure.cc."""

import functools
import os
import re
import subprocess
import tempfile

from book.guest import WATCHDOG, machine
from book.sources import Problem, Unjudged

PLUGIN, SOURCE = "build/host/measure.so", "test/tools/measure.cc"
# The functions that tell why the kernel was entered.
CAUSES = {"tine::AddressSpace::resolve(": "page fault", "tine::handle_interrupts(": "interrupt"}


class Count:
    """`user`: instructions in user mode. `causes`: {cause: (entries, instructions in the kernel, atomic ones)}"""

    def __init__(self, text):
        rows = [line.split("\t") for line in text.splitlines()]
        self.causes = {name: tuple(map(int, numbers)) for name, *numbers in rows}
        self.user = self.causes.pop("user")[1]
        self.kernel = sum(instructions for _, instructions, _ in self.causes.values())


def plugin():
    """Compiled for the QEMU that is here: those from 9 on want a higher number of the same interface."""
    if not os.path.exists(PLUGIN) or os.path.getmtime(PLUGIN) < os.path.getmtime(SOURCE):
        version = subprocess.run(["qemu-system-riscv64", "--version"], capture_output=True, text=True,
                                 check=True).stdout
        found = re.search(r"version (\d+)\.(\d+)", version)
        release = int(found[1]), int(found[2])
        number = 1 if release < (9, 0) else 2 if release < (9, 1) else 3
        os.makedirs(os.path.dirname(PLUGIN), exist_ok=True)
        subprocess.run([os.environ.get("HOST_CXX", "g++"), "-std=c++20", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                        f"-DPLUGIN_VERSION={number}", SOURCE, "-o", PLUGIN], check=True)
    return PLUGIN


def places():
    """A line for each function that tells a cause: its address and the cause."""
    kernel = os.environ.get("TINE_KERNEL", "build/release/kernel.elf")
    names = subprocess.run(["riscv64-linux-gnu-nm", "-C", kernel], capture_output=True, text=True, check=True).stdout
    for address, name in re.findall(r"^(\w+) \w (.*)$", names, re.M):
        if call := re.search(r"Thunk<&tine::sys_(\w+)>::call\(", name):
            yield f"{address} {call[1]}"
        for start, cause in CAUSES.items():
            if name.startswith(start):
                yield f"{address} {cause}"


@functools.cache
def measure(command, append=""):
    """(the lines that the program said, Count)"""
    with tempfile.TemporaryDirectory(prefix="tine-measure-") as folder:
        with open(f"{folder}/places", "w", encoding="ascii") as file:
            file.write("\n".join(places()) + "\n")
        line = machine(f"{append} -- {command}", f"file:{folder}/console", "test", "shift=0,sleep=off")
        line += ["-plugin", f"{plugin()},places={folder}/places,out={folder}/count"]
        try:
            result = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WATCHDOG,
                                    check=False)
        except subprocess.TimeoutExpired as late:
            raise Unjudged(f"{command} did not end within {WATCHDOG} s") from late
        if not os.path.exists(f"{folder}/count"):
            raise Problem(f"QEMU counted nothing (does it take plugins?): {result.stderr.strip()[-200:]}")
        with open(f"{folder}/console", encoding="utf-8", errors="replace") as file:
            said = file.read().replace("\r", "").partition("\nTine: ")[2].splitlines()[1:]
        if problem := next((line for line in said if line.startswith("init: ")), None):
            raise Problem(problem)
        with open(f"{folder}/count", encoding="ascii") as file:
            return said, Count(file.read())


def report(command, count):
    total = count.user + count.kernel
    yield f"{command}: {total:,} instructions"
    for name, value in (("in user mode", count.user), ("in the kernel", count.kernel)):
        yield f"  {name:18}{value:>21,}{100 * value / max(total, 1):>7.0f}%"
    yield f"  {'entered by':18}{'times':>9}{'in all':>12}{'each':>8}{'atomic':>8}"
    for cause, (times, instructions, atomics) in sorted(count.causes.items(), key=lambda row: -row[1][1]):
        yield f"  {cause:18}{times:>9,}{instructions:>12,}{instructions // times:>8,}{atomics // times:>8,}"


def alike(have, wanted):
    """The same causes, each as often, and the instructions to within a fifth: they depend on the compiler. So does how
    often a page was missing or the clock ticked."""
    def rows(lines):
        return sorted((re.sub(r"[\d,.]+", "#", line.split("  ")[1] if line[:2] == "  " else line),
                       [int(number.replace(",", "")) for number in re.findall(r"(?<= )[\d,]+(?=[ %]|$)", line)])
                      for line in lines)

    def close(a, b):
        return abs(a - b) <= max(2, a / 5)

    have, wanted = rows(have), rows(wanted)
    return [name for name, _ in have] == [name for name, _ in wanted] and all(
        len(a) == len(b) and all(map(close, a, b)) and (len(a) < 4 or a[0] == b[0] or name in CAUSES.values())
        for (name, a), (_, b) in zip(have, wanted))
