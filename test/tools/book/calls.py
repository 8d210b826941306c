"""The table of all system calls (docs/linux-abi.md), made from the rows `SYSCALL(...)` of the kernel's sources.

Number, name and file come from the rows, what a call can answer from the comment above its row. Only the last column,
what is left out against Linux, is written by hand: it stays with the call's name when the table is made anew.
"""

import collections
import functools
import glob
import os
import re

from book.sources import Problem, bare, closing, read, with_comment

PAGE = "docs/linux-abi.md"
CALLS, MISSING = "calls", "missing calls"  # tables between <!-- calls --> and <!-- end of calls -->
HEAD = ["| number | call | can fail with | lives in | left out against Linux |", "| ---: | --- | --- | --- | --- |"]
UNSAID = "?"  # in the last column of a new call
HEADERS = ["include/tine/syscall.h", *sorted(glob.glob("kernel/wings/*/*.h*"))]
ROW = re.compile(r"^SYSCALL\((SYS_(\w+)), (\w+),", re.M)
COMMENTS = re.compile(r"(?m)(?:^ *//.*\n)+")
SECTION = re.compile(r"^// ---- ", re.M)
# A return of something that is no Result: so no call of a function, but these.
SIMPLE = re.compile(r"return (?:[^;]*[^;)]|[^;]*\.value\(\)|[^;]*\.load\([\w:]*\)|(?:std::\w+|int|long)\([^;]*\));")

Call = collections.namedtuple("Call", "number name errors path")


@functools.cache
def errnos():
    """{name in Errno: name on Linux}"""
    return {name: full for name, full in re.findall(r"^  (\w+) = (E[A-Z0-9]+),$", read("kernel/lib/result.hh"), re.M)}


@functools.cache
def numbers():
    text = "\n".join(read(path) for path in HEADERS)
    return {name: int(number) for name, number in re.findall(r"^#define (SYS_\w+) (\d+)$", text, re.M)}


def plain(comment):
    """A comment's words in one line, without what stands in brackets."""
    words = " ".join(line.strip().removeprefix("//").strip() for line in comment.split("\n"))
    before = None
    while before != words:
        before, words = words, re.sub(r"\([^()]*\)", "", words)
    return words


def errors_in(text):
    """The errnos, and `as X` for "those of X", that a list of errors names."""
    result = []
    for item in re.split(r"[,;]| and ", text):
        item = item.strip().removeprefix("and ").removeprefix("those of ").strip()
        word = item.split(" ")[0]
        if word in errnos():
            result.append(f"`{errnos()[word]}`")
        elif item == "path lookup":
            result.append("[path lookup](#path-lookup)")
        elif f"SYS_{item}" in numbers():
            result.append(f"those of `{item}`")
        elif " " not in item and item not in ("", "none"):
            raise Problem(f"names an errno `{item}` that kernel/lib/result.hh does not have: correct it")
    return result


def section_errors(path, at):
    """What `Errors of all: ...` says for the part of the file, from one `// ---- ` to the next, in which a row is."""
    above = read(path)[:at]
    start = max((match.start() for match in SECTION.finditer(above)), default=0)
    comments = [plain(match[0]) for match in COMMENTS.finditer(above, start)]
    found = [match[1] for text in comments if (match := re.search(r"Errors of all: ([^.]*?)(?:\.| ----|$)", text))]
    return errors_in(found[-1]) if found else []


def check_body(path, at, errors, said):
    """Raises a Problem if the function's body shows an error that is not among those that its comment names."""
    text = bare(path)
    start = text.index("{", closing(text, text.index("(", at)))
    body = text[start : closing(text, start) + 1]
    passes_on = "TRY(" in body or any(not SIMPLE.fullmatch(line) for line in re.findall(r"return [^;]*;", body))
    if passes_on and not errors and not said:
        raise Problem("does not say how it can fail, or that it cannot: write `// Errors: ...`")
    named = {errnos()[name] for name in re.findall(r"\bErrno::(\w+)", body) if name in errnos()}
    unsaid = sorted(name for name in named if f"`{name}`" not in errors)
    if unsaid and not any(error.startswith("those of") for error in errors):
        raise Problem(f"does not say that it can fail with {', '.join(unsaid)}: write it there, behind `Errors:`")


def errors_of(path, at):
    comment = plain(read(path)[with_comment(path, at) : at])
    found = re.search(r"\bErrors( besides)?: ([^.]*)", comment)
    errors = section_errors(path, at) if not found or found[1] else []
    if found:
        errors += [error for error in errors_in(found[2]) if error not in errors]
    check_body(path, at, errors, bool(found))
    return errors


@functools.cache
def calls():
    """(all rows by number, a Problem for each of which not everything can be told)"""
    found, problems = [], []
    for path in sorted(glob.glob("kernel/**/*.cc", recursive=True)):
        for match in ROW.finditer(bare(path)):
            where = f"{path}:{read(path).count(chr(10), 0, match.start()) + 1}"
            errors, number = [UNSAID], numbers().get(match[1])
            try:
                errors = errors_of(path, match.start())
            except Problem as problem:
                problems.append(Problem(f"{where}: the comment above {match[2]} {problem}"))
            if number is None:
                problems.append(Problem(f"{where}: {match[1]} has no number in {HEADERS[0]}: give it one"))
            else:
                found.append(Call(number, match[3], errors, path))
    return sorted(found), problems


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def notes(lines):
    """{call: what its last column says} of a table, even of two that a merge has left in one."""
    result = {}
    for line in lines:
        if re.match(r"\| \d+ \| `\w+` \|", line) and (row := cells(line))[-1] != UNSAID:
            result[row[1].strip("`")] = row[-1]
    return result


def place(path):
    wing = re.match(r"kernel/wings/(\w+)/", path)
    return f"{'wing ' + wing[1] + ', ' if wing else ''}[`{os.path.basename(path)}`](../{path})"


def table(left_out):
    rows = [f"| {call.number} | `{call.name}` | {', '.join(call.errors) or 'nothing'} | {place(call.path)} | "
            f"{left_out.get(call.name, UNSAID)} |" for call in calls()[0]]
    return HEAD + rows


def split(lines, what):
    """(what stands above a table, the table, what stands below it)"""
    try:
        start, end = lines.index(f"<!-- {what} -->"), lines.index(f"<!-- end of {what} -->")
    except ValueError:
        raise Problem(f"{PAGE} has no lines `<!-- {what} -->` and `<!-- end of {what} -->`: "
                      "put them around the table") from None
    return lines[: start + 1], [line for line in lines[start + 1 : end] if line.strip()], lines[end:]


def still_missing(rows):
    """The rows of the second table whose call there is not."""
    have = {f"`{call.name}`" for call in calls()[0]}
    return [row for row in rows if cells(row)[1] not in have]


def compare(have, wanted):
    """Yields what is wrong with a table, a line for each call."""
    rows = {cells(line)[1]: cells(line) for line in have[len(HEAD):] if line.count(" | ") == HEAD[0].count(" | ")}
    for row in map(cells, wanted[len(HEAD):]):
        old = rows.pop(row[1], None)
        what = [name for name, a, b in zip(("number", "", "errors", "file"), row, old or []) if a != b]
        if old is None:
            yield f"has no row for {row[1]}"
        elif what:
            yield f"does not have the {' and '.join(what)} that the sources give {row[1]}"
    for name in rows:
        yield f"has a row for {name}, which the kernel does not have"
    if have[: len(HEAD)] != HEAD or len(have) != len(wanted):
        yield "has lines that are no rows"


def check():
    """Yields None for each call whose row is right, a Problem for each that is not."""
    lines = read(PAGE).split("\n")
    try:
        have, missing = split(lines, CALLS)[1], split(lines, MISSING)[1]
    except Problem as problem:
        yield problem
        return
    yield from calls()[1]
    wanted = table(notes(have))
    for problem in compare(have, wanted):
        yield Problem(f"{PAGE}: the table {problem}: test/tools/calls --write")
    for line in missing:
        if line not in still_missing(missing):
            yield Problem(f"{PAGE}: {cells(line)[1]} is not missing any more: test/tools/calls --write")
    for line in wanted[len(HEAD):]:
        if cells(line)[-1] == UNSAID:
            yield Problem(f"{PAGE}: what is left out of {cells(line)[1]}? Say it in the last column, or `nothing`")
        else:
            yield None


def write():
    lines = read(PAGE).split("\n")
    above, have, below = split(lines, CALLS)
    lines = [*above, "", *table(notes(have)), "", *below]
    above, missing, below = split(lines, MISSING)
    lines = [*above, "", *still_missing(missing), "", *below]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    read.cache_clear()
