"""Small mistakes made by machine in the solution regions of a lab: one change each."""

import re

import marks

SWAPS = [("==", "!="), ("!=", "=="), ("&&", "||"), ("||", "&&"), (" < ", " <= "), (" > ", " >= "), (" >= ", " > "),
         (" + ", " - "), (" - ", " + "), ("+=", "-="), ("++", "--"), ("--", "++"), (" & ", " | "), (" ? ", " ?: ")]
NUMBER = re.compile(r"(?<![\w.\"%])(\d+)(?![\w.\"])")
WORDS = set("TRY auto bool const constinit else for if return std static struct unsigned void while".split())
CODE = re.compile(r"^\s*(?!//|/\*|\*|#include)\S")


def bare(line):
    """Without its comment; strings stay."""
    return re.sub(r"\s*//.*$|\s*/\*.*?\*/", "", line)


def bare_assembly(line):
    """The same for a line of assembly."""
    return re.sub(r"\s*#.*$", "", line)


def instructions(lines, first, end):
    """[(start, stop)] of the lines of assembly that are neither labels nor what the assembler does by itself."""
    return [(number, number + 1) for number in range(first, end)
            if re.match(r"\s+[a-z]", bare_assembly(lines[number])) and not lines[number].endswith(":")]


def statements(lines, first, end):
    """[(start, stop)] of the statements in lines[first:end]: those of one or more lines, and whole blocks."""
    found, start, depth = [], None, 0
    for number in range(first, end):
        text = bare(lines[number]).strip()
        if not text:
            continue
        if start is None:
            start = number
        depth += text.count("(") - text.count(")")
        if depth == 0 and text.endswith((";", "{", "}", ":", ",")):
            if text.endswith(";") or text.startswith("#define") or text.startswith("CALL("):
                found.append((start, number + 1))
            elif text.endswith("{") and re.match(r"(if|for|while)\b", lines[start].strip()):
                indent = len(lines[start]) - len(lines[start].lstrip())
                closing = next((n for n in range(number + 1, end) if lines[n].startswith(" " * indent + "}")), None)
                if closing and "else" not in lines[closing]:
                    found.append((start, closing + 1))
            start = None
        elif text.startswith(("#define", "CALL(")):
            found.append((number, number + 1))
            start = None
    return found


PATH = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->)\w+(?:\(\))?)*")
ASSIGNMENT = re.compile(r"(?:if \((.*)\) )?(?:[\w:<>&*]+ )*\*?(\w+(?:(?:\.|->)\w+(?:\(\))?)*(?:\[\w+\])?) [-+|&]?= ([^{}]*);$")


def paths(text):
    """What a statement names: `child->name`, not only `child`."""
    return {path for path in PATH.findall(text) if path not in WORDS}


def meet(some, others):
    """Is one of them a part of one of the others?"""
    return any(one == other or re.match(rf"{re.escape(one)}\W", other) or re.match(rf"{re.escape(other)}\W", one)
               for one in some for other in others)


def independent(one, other):
    """Can their order matter? Not if they name nothing in common, or one is an assignment to what the other does not
    name, and names nothing that the other may change."""
    one, other = bare(one).strip(), bare(other).strip()
    if not meet(paths(one), paths(other)):
        return True
    if "TRY(" in one + other or re.search(r"\breturn\b|\bcontinue\b", one + other):
        return False
    sets = [ASSIGNMENT.match(text) for text in (one, other)]
    if all(sets):
        return not meet({sets[0][2]}, paths(other)) and not meet({sets[1][2]}, paths(one))
    return False


def replaced(lines, start, stop, new):
    return lines[:start] + new + lines[stop:]


def swap_branches(line):
    """`a ? b : c` with its branches changed round, where that can be told from one line."""
    match = re.search(r"(\? )([^?:]+?)( : )(.+?)(;|\)|$)", line)
    return line[: match.start()] + "? " + match[4] + " : " + match[2] + match[5] + line[match.end():] if match else None


def changes_of(line):
    """[(kind, the line changed)]"""
    text, changed = bare(line), []
    for old, new in SWAPS:
        if old == " ? ":
            if other := swap_branches(text):
                changed.append(("branches", other))
            continue
        for match in re.finditer(re.escape(old), text):
            changed.append(("operator", text[: match.start()] + new + text[match.end():]))
    for match in NUMBER.finditer(text):
        changed.append(("constant", text[: match.start()] + str(int(match[1]) + 1) + text[match.end():]))
    if match := re.search(r"\b(if|while) \((.*)\)(?= |$)", text):
        changed.append(("condition", f"{text[: match.start()]}{match[1]} (!({match[2]})){text[match.end():]}"))
    for match in re.finditer(r"\b(true|false)\b", text):
        other = {"true": "false", "false": "true"}[match[1]]
        changed.append(("constant", text[: match.start()] + other + text[match.end():]))
    return changed


class Mutant:
    def __init__(self, path, number, kind, before, after, lines):
        self.path, self.number, self.kind, self.lines = path, number, kind, lines
        self.before, self.after = before.strip(), after.strip()

    def __str__(self):
        return f"{self.path}:{self.number + 1}: {self.kind}: {self.before}  =>  {self.after or '(nothing)'}"


def mutants_of_region(path, lines, first, end):
    if path.endswith(".S"):
        yield from mutants_of_assembly(path, lines, first, end)
        return
    spans = statements(lines, first, end)
    for start, stop in spans:
        gone = "" if lines[start].startswith("#") or "CALL(" in lines[start] else ";"
        yield Mutant(path, start, "deleted", " ".join(line.strip() for line in lines[start:stop])[:150], "",
                     replaced(lines, start, stop, [gone] + [""] * (stop - start - 1)))
    for (start, stop), (next_start, next_stop) in zip(spans, spans[1:]):
        between = any(bare(line).strip() for line in lines[stop:next_start])
        if not between and stop - start < 4 and next_stop - next_start < 4 and not lines[start].startswith("#"):
            if independent(*(" ".join(map(bare, lines[at:to])) for at, to in ((start, stop), (next_start, next_stop)))):
                continue
            swapped = lines[next_start:next_stop] + lines[stop:next_start] + lines[start:stop]
            yield Mutant(path, start, "order", " ".join(line.strip() for line in lines[start:next_stop])[:150], "changed",
                         replaced(lines, start, next_stop, swapped))
    for number in range(first, end):
        if CODE.match(lines[number]):
            for kind, line in changes_of(lines[number]):
                yield Mutant(path, number, kind, lines[number], line, replaced(lines, number, number + 1, [line]))


def mutants_of_assembly(path, lines, first, end):
    spans = instructions(lines, first, end)
    for start, _ in spans:
        yield Mutant(path, start, "deleted", bare_assembly(lines[start]), "", replaced(lines, start, start + 1, [""]))
    for (start, stop), (after, _) in zip(spans, spans[1:]):
        names = [set(re.findall(r"\b[a-z]\w+", bare_assembly(lines[at]).split(maxsplit=1)[-1])) for at in (start, after)]
        if stop == after and names[0] & names[1] - {"sp"}:
            yield Mutant(path, start, "order", lines[start] + lines[after], "changed",
                         replaced(lines, start, after + 1, [lines[after], lines[start]]))
    for number in range(first, end):
        for match in NUMBER.finditer(bare_assembly(lines[number])):
            line = lines[number]
            line = f"{line[: match.start()]}{int(match[1]) + 1}{line[match.end():]}"
            yield Mutant(path, number, "constant", lines[number], line, replaced(lines, number, number + 1, [line]))


def mutants(lab):
    for path in marks.sources():
        if path.startswith(("docs/", "test/")):
            continue
        lines = marks.read(path)
        for name, _, first, end in marks.regions(lines):
            if name == lab:
                yield from mutants_of_region(path, lines, first, end)
