"""Tine on its serial console, for the book: the same keys give the same answers."""

import functools
import os
import re
import select
import subprocess
import time

from book.sources import Problem, Unjudged

PROMPT = "tine$ "
WAYS = "docs/ways.tsv"
WATCHDOG = 120  # seconds of host time for one answer of the guest; later than that is no verdict

# What a transcript may say differently from the page: that depends on the compiler, the firmware
# or QEMU.
MASKS = [
    (r"system_opcode_insn: Invalid opcode for CSR read/write instruction", ""),  # OpenSBI 1.6
    (r"misaligned (load|store or atomic)", "misaligned #"),  # of an atomic: QEMU 7.2 says load
    (r"0x[0-9a-f]+", "0x#"),  # addresses
    (r"frame +\d+", "frame #"),  # numbers of page frames
    (r"^( *\d+ +\d+ \w+ +\S+) +\d+ +\d+ +\d+ +\d+ +\d+  ", r"\1 # "),  # ps: hart, ticks, counts
    (r"^([a-z][a-z ]+?) +\d+ frames +\d+ KiB$", r"\1 # frames"),  # meminfo
    (r"^(heap bytes|ticks) +\d+$", r"\1 #"),
    (r"^up .*$", "up #"),  # uptime
]


def built(name):
    """The path of something that make puts beside the kernel."""
    kernel = os.environ.get("TINE_KERNEL", "build/release/kernel.elf")
    path = os.path.join(os.path.dirname(kernel), name)
    if not os.path.exists(path):
        raise Problem(f"there is no {path}: make all {path}")
    return path


def compiler():
    """The version of the compiler that builds the kernel."""
    return subprocess.run(["riscv64-linux-gnu-g++", "-dumpfullversion"], capture_output=True, text=True,
                          check=True).stdout.strip()


def book_compiler():
    """The version of the one that the book's numbers and sessions come from (docs/ways.tsv names it)."""
    with open(WAYS, encoding="utf-8") as file:
        return file.readline().split("\t")[1]


def symbols(path):
    """{name, without the parameters of a function: address}"""
    text = subprocess.run(["riscv64-linux-gnu-nm", "-C", path], capture_output=True, text=True, check=True).stdout
    return {re.sub(r"\([^()]*\)$", "", name): int(at, 16)
            for at, name in re.findall(r"^([0-9a-f]+) \w (.*)$", text, re.M)}


def machine(append, serial, image="initrd", icount="shift=0"):
    """The command for a machine with one hart that counts instructions; "": with an ordinary clock."""
    kernel, initrd = built("kernel.elf"), built(f"{image}.cpio")
    return ["qemu-system-riscv64", "-machine", "virt", "-cpu", "rv64", "-smp", "1", "-m", "256M",
            "-bios", "default", *(["-icount", icount] if icount else []), "-seed", "1",
            "-rtc", "base=2024-01-01,clock=vm", "-display", "none", "-serial", serial,
            "-monitor", "none", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
            "-append", f"aslr=off {append}"]


class Guest:
    """Tine on its serial console, one hart, instructions counted."""

    def __init__(self, append, image):
        self.qemu = subprocess.Popen(machine(append, "stdio", image), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.console = ""
        self.seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()

    def pump(self):
        """Reads what there is. False at the end of the machine."""
        if not select.select([self.qemu.stdout], [], [], 1)[0]:
            return True
        data = os.read(self.qemu.stdout.fileno(), 65536)
        self.console += data.decode("utf-8", "replace").replace("\r", "")
        if "Tine: panic" in self.console:
            at = self.console.find("Tine: panic")
            raise Problem("the kernel panicked: " + self.console[at : at + 200])
        return bool(data)

    def expect(self, text, or_end=False):
        """Waits until `text` was printed behind what was expected before."""
        start = time.monotonic()
        while True:
            at = self.console.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return
            if not self.pump():
                if or_end:
                    return
                raise Problem(f"the machine ended while {text!r} was waited for")
            if time.monotonic() - start > WATCHDOG:
                raise Unjudged(f"no {text!r} within {WATCHDOG} s: run again on a quieter host")

    def type(self, command):
        """A key at a time: each is typed when the one before was shown."""
        for key in command:
            self.qemu.stdin.write(key.encode())
            self.qemu.stdin.flush()
            self.expect(key)
        self.qemu.stdin.write(b"\r")
        self.qemu.stdin.flush()
        self.expect("\n")
        self.expect(PROMPT, or_end=True)


@functools.cache
def glibc_version():
    """Of the cross compiler's C library; empty if there is none."""
    command = ["riscv64-linux-gnu-gcc", "-E", "-dM", "-include", "features.h", "-x", "c", os.devnull]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = dict(re.findall(r"^#define (__GLIBC__|__GLIBC_MINOR__) (\d+)", answer, re.M))
    return ".".join(found.values())


def differs_here(options):
    """Does the page show what other programs say than this machine has? Then it is neither checked nor renewed."""
    glibc = re.search(r"\bglibc=(\S+)", options)
    if glibc and glibc[1] != glibc_version():
        return True
    return "needs=busybox" in options.split() and not os.path.exists("build/userland/bin/busybox")


def segments_of(name):
    """The table of program headers of a program that was built, as readelf tells it."""
    answer = subprocess.run(["riscv64-linux-gnu-readelf", "-lW", built(name)], capture_output=True, text=True,
                            check=True)
    return [line.rstrip() for line in answer.stdout.split("\n\n")[1].split("\n")[1:]]


def transcript(options, commands):
    append = re.search(r'append="([^"]*)"', options)
    image = re.search(r"\bimage=(\w+)", options)
    with Guest(append[1] if append else "", image[1] if image else "initrd") as guest:
        guest.expect(PROMPT)
        start = guest.seen - len(PROMPT)
        if re.search(r"\bboot\b", options):
            firmware = guest.console.rfind("Boot HART MEDELEG")
            start = guest.console.find("\n", firmware) + 1
        for command in commands:
            guest.type(command)
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", guest.console[start:])
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    if lines[-1] == PROMPT.strip():
        lines.pop()
    return lines


def masked(lines):
    result = []
    for line in lines:
        for pattern, replacement in MASKS:
            line = re.sub(pattern, replacement, line)
        result.append(line)
    return result
