"""A booted Tine seen through QEMU's debugger stub: stop at a function, read registers and memory.

The stub's protocol (GDB's "remote serial protocol") runs over the standard input and output of QEMU; the guest's
console goes to a file. One hart, instructions counted: each run stops at the same places with the same values.
"""

import os
import re
import select
import struct
import subprocess
import tempfile
import time

from book.guest import WATCHDOG, built, machine, symbols
from book.sources import Problem, Unjudged

PAGE = 4096
RUNNING = "the machine ended before it came to {}"


class Ended(Problem):
    pass


class Machine:
    def __init__(self, append, image="initrd"):
        self.log = tempfile.NamedTemporaryFile(prefix="tine-console-")
        command = machine(append, f"file:{self.log.name}", image) + ["-S", "-gdb", "stdio"]
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
        self.input = b""
        self.symbols = symbols(built("kernel.elf"))
        self.csr = {}

    def __enter__(self):
        self.ask("qSupported:xmlRegisters=riscv")
        xml = self.features("target.xml")
        for part in re.findall(r'href="([^"]*csr[^"]*)"', xml):
            for name, number in re.findall(r'<reg name="(\w+)"[^>]*regnum="(\d+)"', self.features(part)):
                self.csr[name] = int(number)
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()
        self.log.close()

    # ---- The protocol: $packet#checksum, answered by + and a packet ----

    def send(self, text):
        self.qemu.stdin.write(f"${text}#{sum(text.encode()) & 255:02x}".encode())
        self.qemu.stdin.flush()

    def receive(self):
        start = time.monotonic()
        while not (found := re.search(rb"\$([^#]*)#..", self.input)):
            if time.monotonic() - start > WATCHDOG:
                raise Unjudged(f"no answer of QEMU's debugger stub within {WATCHDOG} s")
            if select.select([self.qemu.stdout], [], [], 1)[0]:
                data = os.read(self.qemu.stdout.fileno(), 65536)
                if not data:
                    raise Ended("the machine ended before it came to the place of the next figure")
                self.input += data
        self.input = self.input[found.end():]
        try:
            self.qemu.stdin.write(b"+")
            self.qemu.stdin.flush()
        except BrokenPipeError:
            pass  # what was received is that the machine has ended (QEMU 8 and later say so)
        return found[1].decode("latin-1")

    def ask(self, text):
        self.send(text)
        return self.receive()

    def features(self, name):
        text = ""
        while True:
            piece = self.ask(f"qXfer:features:read:{name}:{len(text):x},7f0")
            text += piece[1:]
            if piece[:1] != "m":
                return text

    # ---- What figures need ----

    def run_to(self, place):
        """Until the hart is about to execute `place`: a symbol or an address."""
        address = self.symbols[place] if isinstance(place, str) else place
        self.step()  # it may be there right now
        self.ask(f"Z0,{address:x},4")
        answer = self.ask("c")
        self.ask(f"z0,{address:x},4")
        if answer[:1] not in "ST":
            raise Problem(RUNNING.format(place))

    def follow(self, places):
        """Yields each of the places that the hart comes to, until the machine ends. (Not the one where it is.)"""
        addresses = {self.symbols[place]: place for place in places}
        for address in addresses:
            self.ask(f"Z0,{address:x},4")
        try:
            while True:
                self.step()
                if self.register("pc") not in addresses and self.ask("c")[:1] not in "ST":
                    return
                yield addresses[self.register("pc")]
        except Ended:
            return

    def step(self):
        self.ask("s")

    def register(self, name):
        number = self.csr[name] if name in self.csr else 32 if name == "pc" else NAMES.index(name)
        return struct.unpack("<Q", bytes.fromhex(self.ask(f"p{number:x}")))[0]

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def words(self, address, count):
        return struct.unpack(f"<{count}Q", self.memory(address, 8 * count))

    def table(self, frame):
        """The 512 entries of a page table, by physical address: from user mode, too."""
        self.ask("Qqemu.PhyMemMode:1")
        text = b"".join(self.memory(frame + at, 1024) for at in range(0, PAGE, 1024))
        self.ask("Qqemu.PhyMemMode:0")
        return struct.unpack("<512Q", text)

    def console(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read().replace("\r", "")


NAMES = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
         "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6").split()
