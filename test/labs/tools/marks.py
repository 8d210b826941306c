"""The regions of the sources that are solutions of a lab, and what stands in their place in a student's tree.

A region lies between two comment lines, `// lab NAME PART {` and `// } lab`. test/labs/NAME/lab.py says what is put
there instead (STUBS), one text for each region of a file in order.
"""

import importlib.util
import os
import re
import subprocess

BEGIN = re.compile(r"^\s*(?://|/\*|#) lab (\w+) (\d+) \{(?: \*/)?$")
END = re.compile(r"^\s*(?://|/\*|#) \} lab(?: \*/)?$")
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))


def sources():
    """All files of the tree that belong to it: what git knows, and has not forgotten since."""
    answer = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                            check=True)
    return sorted(path for path in answer.stdout.split("\n") if path and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read().split("\n")
    except UnicodeDecodeError:
        return None  # a picture


def regions(lines):
    """[(lab, part, first line inside, line of the end mark)] of a text."""
    found, open_at = [], None
    for number, line in enumerate(lines or []):
        if match := BEGIN.match(line):
            if open_at:
                raise SystemExit(f"line {number + 1}: a region begins inside another")
            open_at = (match[1], int(match[2]), number + 1)
        elif END.match(line):
            if not open_at:
                raise SystemExit(f"line {number + 1}: a region ends that has not begun")
            found.append((*open_at, number))
            open_at = None
    if open_at:
        raise SystemExit(f"line {open_at[2]}: a region does not end")
    return found


def load(lab, what="lab"):
    """The description of a lab: its module lab.py (or proof.py)."""
    path = os.path.join(ROOT, f"test/labs/{lab}/{what}.py")
    if not os.path.exists(path):
        raise SystemExit(f"there is no lab {lab} (no {path})")
    spec = importlib.util.spec_from_file_location(f"{lab}_{what}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_marks(lines):
    return [line for line in lines if not BEGIN.match(line) and not END.match(line)]


def stubbed(path, lines, lab, stubs):
    """The text in a student's tree: this lab's regions replaced, the marks of other labs taken out."""
    own = [region for region in regions(lines) if region[0] == lab]
    texts = stubs.get(path, [])
    if len(own) != len(texts):
        raise SystemExit(f"{path} has {len(own)} regions of the lab {lab}, its lab.py has {len(texts)} stubs")
    result, at = [], 0
    for (_, _, first, end), text in zip(own, texts):
        result += lines[at : first - 1] + [line for line in text.strip("\n").split("\n") if text.strip("\n")]
        at = end + 1
    return without_marks(result + lines[at:])


def words_of(line):
    """A line of a solution as it would be recognised elsewhere; None if it is too common to tell."""
    text = re.sub(r"^\s*(//|/\*|#|\*)?\s*|\s*(\*/)?$", "", line)
    return text if len(text) >= 24 and not text.startswith("[") else None


def solution_lines(lab):
    """{text: path} of the lines that stand in this lab's regions and nowhere else in the sources."""
    inside, outside = {}, set()
    for path in sources():
        lines = read(path)
        if lines is None or path.startswith("docs/") or path.startswith("test/labs/"):
            continue
        marked = set()
        for name, _, first, end in regions(lines):
            if name == lab:
                marked.update(range(first, end))
        for number, line in enumerate(lines):
            text = words_of(line)
            if text and number in marked:
                inside.setdefault(text, path)
            elif text:
                outside.add(text)
    return {text: path for text, path in inside.items() if text not in outside}
