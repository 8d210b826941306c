"""The sources of the kernel for the book: where a definition, a label or a waypoint is, by name."""

import functools
import glob
import os
import re

ROUTES = ("boot", "ecall", "fault", "fork", "exec", "exit", "signal", "pipe", "key")
WAYPOINT = re.compile(r"\[(%s) (\d+)\]" % "|".join(ROUTES))
LIMIT = r"(from|until) \"([^\"]+)\""

# Around what a lab leaves out (docs/labs): no part of what an excerpt shows.
LAB_MARK = re.compile(r"^[ \t]*(?://|/\*|#) (?:lab \w+ \d+ \{|\} lab)(?: \*/)?\n?", re.M)


class Problem(Exception):
    """What is wrong with one thing, and the cure."""


class Missing(Problem):
    """The file does not define the name."""


class Differs(Problem):
    """The machine says something else than the book. With another compiler than the book's it may."""


class Unjudged(Problem):
    """The host was too slow to say."""


@functools.cache
def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


COMMENT = r"//[^\n]*|/\*.*?\*/"
STRING = r'"(?:\\.|[^"\\\n])*"'
CHARACTER = r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # not the one in 10'000
TOKENS = re.compile(f"{COMMENT}|{STRING}|{CHARACTER}", re.S)
ASSEMBLY_COMMENT = r"(?m)(^|(?<=\s))#(?!include|define|if|endif|pragma)[^\n]*|/\*.*?\*/"


@functools.cache
def bare(path):
    """The text with comments and strings blanked out, everything else in its place."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    if path.endswith(".S"):
        return re.sub(ASSEMBLY_COMMENT, blank, read(path))
    return TOKENS.sub(blank, read(path))


def closing(text, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise Problem("a bracket is not closed")


def statement_start(text, at):
    """Where the line begins on which the declaration around `at` starts."""
    start = text.rfind("\n", 0, at) + 1
    while start > 0:
        above_start = text.rfind("\n", 0, start - 1) + 1
        above = text[above_start : start - 1].rstrip()
        if not above or above[-1] in ";{}:\\" or above.lstrip().startswith("#"):
            break
        if above.endswith(")") and re.match(r"\s*(SYSCALL|TINE_CSR)\(", above):
            break
        start = above_start
    return start


def statement_end(text, at):
    """Behind the body, or the semicolon, of what is declared at `at`; and: is there a body?"""
    i, initialised = at, False
    while i < len(text):
        if text[i] in "([":
            i = closing(text, i)
        elif text[i] == "{":
            i = closing(text, i)
            rest = re.match(r"\s*;", text[i + 1 :])
            if rest:
                return i + 1 + rest.end(), True
            if not initialised and not re.match(r"\s*[,{]", text[i + 1 :]):
                return i + 1, True
        elif text[i] == ":" and text[i - 1] != ":" and text[i + 1] != ":":
            initialised = False
        elif text[i] == "=":
            initialised = True
        elif text[i] == ";":
            return i + 1, initialised
        i += 1
    raise Problem("a declaration is not ended")


# What stands before a name that is used, not declared.
CALLED = r"[=(]|\b(?:return|if|while|for|case|delete|new)\b"


def definitions(text, name, start, end):
    """(begin, end) of each best candidate for the definition of `name` in text[start:end]."""
    word = re.escape(name)
    found = []
    macro = rf"^[ \t]*#define {word}\b(?:[^\n]*\\\n)*[^\n]*"
    for match in re.finditer(macro, text[start:end], re.M):
        found.append((0, start + match.start(), start + match.end()))
    for match in re.finditer(rf"\bSYSCALL\({word},", text[start:end]):
        at = start + match.start()
        found.append((0, at, statement_end(text, at)[0]))
    attribute = r"(?:[A-Z_]+(?:\([^)]*\))?\s+)?"
    types = rf"\b(?:struct|class|union|enum class|enum)\s+{attribute}{word}\b(?=[^;()=]*\{{)"
    for match in re.finditer(types, text[start:end]):
        at = start + match.end()
        found.append((1, statement_start(text, start + match.start()), statement_end(text, at)[0]))
    for match in re.finditer(rf"(?<![\w:.>]){word}\s*\(", text[start:end]):
        at = start + match.start()
        begin = statement_start(text, at)
        before = text[begin:at]
        plain = re.sub(r"\[\[.*?\]\]|requires [^\n]*", "", before)
        if not before.strip() and "::" not in name or re.search(CALLED, plain):
            continue
        if before.lstrip().startswith("#"):  # a macro, found above
            continue
        stop, body = statement_end(text, at)
        found.append((2 if body else 4, begin, stop))
    variable = rf"(?<![\w.>]){word}(?:\[\w*\])?\s*(?:GUARDED_BY\(\w+\)\s*)?[={{\[;]"
    for match in re.finditer(variable, text[start:end]):
        at = start + match.start()
        begin = statement_start(text, at)
        if text[begin:at].strip() and "(" not in text[begin:at]:
            found.append((3, begin, statement_end(text, at)[0]))
    best = min((kind for kind, _, _ in found), default=0)
    return sorted({(begin, stop) for kind, begin, stop in found if kind == best})


def with_comment(path, begin):
    """Where the comment begins that stands right above a definition."""
    text, blanked = read(path), bare(path)
    while begin > 0:
        above = text.rfind("\n", 0, begin - 1) + 1
        line = text[above : begin - 1]
        if not line.strip() or blanked[above : begin - 1].strip():
            break
        begin = above
    return begin


def excerpt_of_code(path, name):
    text = bare(path)
    found = definitions(text, name, 0, len(text))
    if not found and "::" in name:
        scope, _, member = name.rpartition("::")
        scopes = definitions(text, scope, 0, len(text))
        if len(scopes) == 1:
            found = definitions(text, member, scopes[0][0] + 1, scopes[0][1])
    if not found:
        raise Missing(f"{path} defines no {name}: name what is there now")
    if len(found) > 1:
        lines = ", ".join(str(text.count("\n", 0, begin) + 1) for begin, _ in found)
        raise Problem(f"{path} defines {name} more than once (lines {lines}): "
                      f"say Class::{name}, or a waypoint")
    begin, end = found[0]
    newline = read(path).find("\n", end)
    return read(path)[with_comment(path, begin) : newline if newline >= 0 else None]


def excerpt_of_label(path, name):
    lines = read(path).split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(rf"{re.escape(name)}:", line)]
    macros = [i for i, line in enumerate(lines) if re.match(rf"\.macro {re.escape(name)}\b", line)]
    if macros:
        end = next(i for i in range(macros[0], len(lines)) if lines[i].startswith(".endm"))
        return "\n".join(lines[macros[0] : end + 1])
    if not starts:
        raise Problem(f"{path} has no label {name}: name what is there now")
    first = starts[0]
    end = first + 1
    behind = r"[A-Za-z_]\w*:|\.size|\.globl|\.section|\.balign"
    while end < len(lines) and not re.match(behind, lines[end]):
        end += 1
    while not bare(path).split("\n")[end - 1].strip():
        end -= 1  # a comment here belongs to what comes next
    while first > 0 and re.match(r"#|\.(globl|type|balign)", lines[first - 1]):
        first -= 1
    return "\n".join(lines[first:end])


def excerpt_of_waypoint(path, waypoint):
    """The paragraph of a waypoint: from its comment to a blank line, the next waypoint or the end
    of the block; before a definition, all of that."""
    lines, blanked = read(path).split("\n"), bare(path).split("\n")
    at = next((i for i, line in enumerate(lines) if waypoint in line), None)
    if at is None:
        raise Missing(f"{path} has no waypoint {waypoint}: name what is there now")
    indent = len(lines[at]) - len(lines[at].lstrip())
    first = at
    while first > 0 and lines[first - 1].strip() and not blanked[first - 1].strip():
        first -= 1
    whole = indent == 0 and not path.endswith(".S")
    end = at + 1
    while end < len(lines):
        depth = len(lines[end]) - len(lines[end].lstrip())
        label = re.match(r"\w+:", lines[end]) and path.endswith(".S")
        if not lines[end].strip() and (not whole or re.match(r"}|.*;$", lines[end - 1])):
            break
        if lines[end].strip() and (depth < indent and not label):
            break
        if WAYPOINT.search(lines[end]) and (depth == 0 or not whole):
            break
        end += 1
    return "\n".join(lines[first:end])


def cut(text, limits):
    """The part of an excerpt that `from` and `until` leave; an ellipsis for what is missing."""
    lines = text.split("\n")
    for which, wanted in re.findall(LIMIT, limits):
        at = next((i for i, line in enumerate(lines) if wanted in line), None)
        if at is None:
            raise Problem(f'no line with "{wanted}" in it any more: choose another {which}')
        if which == "from" and at > 0:
            lines = ["..."] + lines[at:]
        elif which == "until" and at + 1 < len(lines):
            lines = lines[: at + 1] + ["..."]
    return lines


def dedent(lines):
    text = [line for line in lines if line.strip() and line != "..."]
    depth = min((len(line) - len(line.lstrip()) for line in text), default=0)
    return [line if line == "..." else line[depth:] for line in lines]


def excerpt_in(path, name):
    if name.startswith("["):
        return excerpt_of_waypoint(path, name)
    if path.endswith(".S"):
        return excerpt_of_label(path, name)
    return excerpt_of_code(path, name)


def excerpt(path, name, limits):
    """(the file in which it was found, its lines)"""
    if not os.path.exists(path):
        raise Problem(f"there is no {path}: name the file where it is now")
    beside = path[:-3] + {".cc": ".hh", ".hh": ".cc"}.get(path[-3:], "")
    try:
        text = excerpt_in(path, name)
    except Missing:
        if not os.path.exists(beside):
            raise
        path, text = beside, excerpt_in(beside, name)
    return path, dedent(cut(LAB_MARK.sub("", text), limits))


def excerpt_line(path, name, limits):
    """(the file, the number of the first line that the excerpt shows)"""
    path, lines = excerpt(path, name, limits)
    shown = [line.strip() for line in lines if line not in ("...", "")]
    have = [line.strip() for line in read(path).split("\n")]
    best = max(range(len(have)), key=lambda at: common(have[at:], shown))
    return path, best + 1


def common(have, shown):
    """How many lines two texts begin with alike; marks of the labs are not counted."""
    count = 0
    for line in have:
        if not line or LAB_MARK.match(line):
            if count == 0:
                break
            continue
        if count == len(shown) or line != shown[count]:
            break
        count += 1
    return count


def source_waypoints():
    """{(route, number): places}. The first step of a system call is in the user's library."""
    places = {}
    for path in sorted(glob.glob("kernel/**/*", recursive=True) + glob.glob("user/lib/*")):
        if os.path.isfile(path):
            for number, line in enumerate(read(path).split("\n"), 1):
                for route, step in WAYPOINT.findall(line):
                    places.setdefault((route, int(step)), []).append(f"{path}:{number}")
    return places
