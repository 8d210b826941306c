"""How much a newcomer has to open: for each route the files and functions that its waypoints stand in, for each lab
those that its marks stand in."""

import glob
import os
import re

from book.sources import ROUTES, bare, excerpt_of_label, excerpt_of_waypoint, read, source_waypoints

NAMES = {"boot": "boot: from the first instruction to `init`", "ecall": "a system call", "fault": "a page fault",
         "fork": "`fork`", "exec": "`exec`", "exit": "`exit` and `wait`", "signal": "a signal",
         "pipe": "a byte through a pipe", "key": "a key, from the UART to `read`"}
LAB_START = re.compile(r"^\s*(?://|/\*) lab (\w+) \d+ \{")


def place_of(path, text):
    """Where a text of the file stands; marks of labs may be missing in it."""
    top = text.split("\n", 1)[0]
    first = read(path).split("\n").index(top)
    last = first + text.count("\n")
    blanked = bare(path).split("\n")
    while not path.endswith(".S") and depth(blanked[first : last + 1]) > 0:  # to the end of the function
        last += 1
    return range(first, last + 1)


def depth(lines):
    return sum(line.count("{") - line.count("}") for line in lines)


def around(path, at):
    """The lines of the definition in which line `at` (from 0) stands, its comment included."""
    lines, blanked = read(path).split("\n"), bare(path).split("\n")
    if path.endswith(".S"):
        labels = [i for i in range(at, -1, -1) if re.match(r"[A-Za-z_]\w*:", lines[i])]
        name = lines[labels[0]].partition(":")[0] if labels else None
        return place_of(path, excerpt_of_label(path, name)) if name else range(at, at + 1)
    first = last = at
    while first > 0 and (lines[first][:1] in (" ", "\t", "") or lines[first][0] in ")}"):
        first -= 1
    while last + 1 < len(lines) and not re.match(r"}|\S.*;\s*(//.*)?$", lines[last]):
        last += 1
    while first > 0 and lines[first - 1].strip() and not re.match(r"[}#]|.*;$", blanked[first - 1].strip() or " "):
        first -= 1
    return range(first, last + 1)


def waypoint_lines(route):
    """{file: the lines of what the waypoints of a route stand in}"""
    places = {}
    for (name, step), found in source_waypoints().items():
        if name == route:
            path, _, number = found[0].rpartition(":")
            at = int(number) - 1
            lines = places.setdefault(path, set())
            lines.update(place_of(path, excerpt_of_waypoint(path, f"[{name} {step}]")))
            if read(path).split("\n")[at][:1] in (" ", "\t"):  # inside of something
                lines.update(around(path, at))
    return places


def lab_lines():
    """{lab: {file: lines}}"""
    labs = {}
    for folder in ("include", "kernel", "user"):
        for path in sorted(glob.glob(f"{folder}/**/*", recursive=True)):
            if os.path.isfile(path):
                for at, line in enumerate(read(path).split("\n")):
                    if found := LAB_START.match(line):
                        lines = labs.setdefault(found[1], {}).setdefault(path, set())
                        lines.update(around(path, at) if line[:1].isspace() else region(path, at))
    return labs


def region(path, at):
    """From a mark to the one that closes it."""
    lines = read(path).split("\n")
    end = next(i for i in range(at, len(lines)) if "} lab" in lines[i])
    return range(at, end + 1)


def row(name, places):
    code = sum(1 for path, lines in places.items() for i in lines if read(path).split("\n")[i].strip())
    whole = sum(1 for path in places for line in read(path).split("\n") if line.strip())
    return f"| {name} | {len(places)} | {code} | {whole} |"


def table():
    rows = ["| | files | lines of it | all lines of these files |", "| --- | --- | --- | --- |"]
    rows += [row(NAMES.get(route, route), waypoint_lines(route)) for route in ROUTES]
    rows += [row(f"lab `{lab}`", places) for lab, places in sorted(lab_lines().items())]
    return rows


def alike(have, wanted):
    """The same rows and files, and the lines to within a tenth: not every change of a line is worth a new table."""
    def cells(line):
        return [cell.strip() for cell in line.strip("|").split("|")]

    def close(a, b):
        return a == b or a.isdigit() and b.isdigit() and abs(int(a) - int(b)) <= int(b) / 10

    return len(have) == len(wanted) and all(
        len(cells(h)) == len(cells(w)) and cells(h)[:2] == cells(w)[:2] and all(map(close, cells(h), cells(w)))
        for h, w in zip(have, wanted))
