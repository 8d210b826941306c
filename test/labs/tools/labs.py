#!/usr/bin/env python3
"""The instructor's side of the labs.

  labs.py tree LAB DIR                    a student's tree
  labs.py gradescope LAB FILE.zip         the bundle for Gradescope
  labs.py grade-all LAB SUBMISSIONS       every folder in SUBMISSIONS, in parallel; a CSV
"""

import concurrent.futures
import csv
import importlib.machinery
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

import marks

TOOLS = os.path.dirname(os.path.abspath(__file__))
LARGEST = 256 << 10  # bytes of a file that a student hands in


def grader():
    """The module `grade`, which has no .py, for it is a command."""
    path = os.path.join(TOOLS, "grade")
    loader = importlib.machinery.SourceFileLoader("grade", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("grade", loader))
    loader.exec_module(module)
    return module


# ---- A student's tree ----


def belongs(path, lab):
    """Is this file of ours for students, too?"""
    if path.startswith((".ci/", ".github/", "test/bench/")):
        return False
    if path.startswith("docs/labs/"):
        return path in ("docs/labs/README.md", f"docs/labs/{lab}.md")
    if path.startswith("test/labs/"):
        common = ("lab.mk", "limit.c", "lab.hh", "lab.cc", "bin/lab.h", "bin/seal.h", "tools/grade", f"{lab}.cc",
                  f"bin/lab_{lab}.c")
        return path.removeprefix("test/labs/") in common
    return True


def student_lines(path, lab, module, secrets):
    """The text of a file in the student's tree. A page that quotes the solution is left for later."""
    lines = marks.read(path)
    if lines is None:
        return None
    if path in module.LATER or path.startswith("docs/") and any(text in line for line in lines for text in secrets):
        return [f"# {os.path.basename(path)}", "", f"This page explains what the lab `{lab}` asks for. It comes "
                "after the lab.", ""]
    for changed, old, new in module.CHANGES:
        if path == changed:
            lines = [line.replace(old, new) for line in lines]
    return marks.stubbed(path, lines, lab, module.STUBS)


def leaks(texts, secrets):
    """Where a line of the solution stands in the texts {path: lines}."""
    return [f"{path}:{number}: {line.strip()}" for path, lines in texts.items() for number, line in enumerate(lines, 1)
            if marks.words_of(line) in secrets]


def student_tree(lab):
    """{path: lines, or None for what is no text}"""
    module, secrets = marks.load(lab), marks.solution_lines(lab)
    left_out = set(getattr(module, "LEFT_OUT", []))
    paths = [path for path in marks.sources() if belongs(path, lab) and path not in left_out]
    texts = {path: student_lines(path, lab, module, secrets) for path in paths}
    found = leaks({path: lines for path, lines in texts.items() if lines is not None}, secrets)
    if found:
        sys.exit("the solution is still in the student's tree:\n" + "\n".join(found))
    texts["LAB"] = [lab, ""]
    texts["STUDENT"] = ["id = ", *(f"{name} = " for name in module.ANSWERS), ""]
    texts["LAB.files"] = [*module.FILES, ""]
    return texts


def write_tree(lab, folder):
    if os.path.exists(folder) and os.listdir(folder):
        sys.exit(f"{folder} is not empty")
    for path, lines in student_tree(lab).items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if lines is None:
            shutil.copy(os.path.join(marks.ROOT, path), target)
            continue
        with open(target, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        if os.path.exists(os.path.join(marks.ROOT, path)):
            shutil.copymode(os.path.join(marks.ROOT, path), target)


def tree(lab, folder):
    write_tree(lab, folder)
    git = ["git", "-C", folder, "-c", "user.name=Tine", "-c", "user.email=tine@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", f"The lab {lab} as it was handed out"], check=True)
    print(f"{folder}: the lab {lab}. Read docs/labs/{lab}.md there, and begin.")


# ---- Submissions ----


def take(submission, folder):
    """Copies the student's own files, and no others, into a fresh tree. Answers those that are missing."""
    with open(os.path.join(folder, "LAB.files"), encoding="utf-8") as file:
        wanted = ["STUDENT", *file.read().split()]
    missing = []
    for path in wanted:
        try:
            copy_plain(submission, path, os.path.join(folder, path))
        except OSError:
            missing.append(path)
    return missing


def copy_plain(folder, path, target):
    """Follows no link, neither of the file nor of a folder on the way; takes nothing but a file of sensible size."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, name = path.split("/")
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                raise OSError("no plain file, or too large")
            data = file.read(LARGEST)
    finally:
        os.close(handle)
    with open(target, "wb") as file:
        file.write(data)


def grade_one(grade, lab, pristine, submission, out):
    """One submission in a tree of its own: (rows, note). Build products of the pristine tree are used again."""
    with tempfile.TemporaryDirectory(prefix="tine-grade-") as scratch:
        work = os.path.join(scratch, "tree")
        shutil.copytree(pristine, work, symlinks=True)
        missing = take(submission, work)
        note = f"not handed in, the handed-out ones were taken: {' '.join(missing)}" if missing else ""
        rows = grade.grade(lab, work, os.path.join(work, "build/grade"), shut_in=True,
                           grader=os.path.join(work, "build/host/lab-tests"))
        grade.write_results(rows, os.path.join(work, "build/grade"))
        os.makedirs(out, exist_ok=True)
        for name in ("junit.xml", "results.json"):
            if os.path.exists(os.path.join(work, "build/grade", name)):
                shutil.copy(os.path.join(work, "build/grade", name), out)
        return rows, note


def make_pristine(lab, folder):
    """A student's tree as it is handed out, built with its grader."""
    write_tree(lab, folder)
    subprocess.run(["make", "-s", "-C", folder, "DEPS=no", "lab-host", "lab-guest"], check=True,
                   env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")}, stdout=subprocess.DEVNULL)


class Progress:
    """One line that says how far it is; on a terminal it is written over."""

    def __init__(self, total):
        self.total, self.done, self.start, self.lock = total, 0, time.monotonic(), threading.Lock()

    def step(self, name, result):
        with self.lock:
            self.done += 1
            spent = time.monotonic() - self.start
            left = spent / self.done * (self.total - self.done)
            line = f"[{self.done}/{self.total}] {name}: {result}, {left:.0f} s left"
            if sys.stdout.isatty():
                print(f"\r\x1b[K{line}", end="" if self.done < self.total else "\n", flush=True)
            else:
                print(line, flush=True)


def grade_all(lab, submissions):
    grade, workers = grader(), int(os.environ.get("JOBS") or os.cpu_count())
    names = sorted(name for name in os.listdir(submissions) if os.path.isdir(os.path.join(submissions, name)))
    if not names:
        sys.exit(f"{submissions} holds no folders")
    out = os.path.abspath(f"build/grade-all/{lab}")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    table = {}
    with tempfile.TemporaryDirectory(prefix="tine-lab-") as scratch:
        pristine = os.path.join(scratch, "tree")
        make_pristine(lab, pristine)
        progress = Progress(len(names))

        def one(name):
            try:
                rows, note = grade_one(grade, lab, pristine, os.path.join(submissions, name), os.path.join(out, name))
                table[name] = (rows, note)
                progress.step(name, f"{grade.score(rows)[0]} of {grade.score(rows)[1]}")
            except (grade.CouldNotGrade, OSError) as trouble:
                table[name] = (None, f"could not grade: {trouble}")
                progress.step(name, "could not grade")

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, names))
    write_csv(grade, table, os.path.join(out, "scores.csv"))
    if not grade.sandbox(os.getcwd()):
        print("bubblewrap is not installed, or may not work here: builds and guests ran with limits, but not shut in")
    print(f"{os.path.relpath(out)}/scores.csv")
    sys.exit(2 if any(rows is None for rows, _ in table.values()) else 0)


def write_csv(grade, table, path):
    tests = next(([f"{part}. {what}" for what, part, _, _ in rows] for rows, _ in table.values() if rows), [])
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["submission", "score", "of", *tests, "note"])
        for name in sorted(table):
            rows, note = table[name]
            if rows is None:
                writer.writerow([name, "", "", *("" for _ in tests), note])
                continue
            points = [0 if lost else points for _, _, points, lost in rows]
            writer.writerow([name, *grade.score(rows), *points, note])


# ---- Gradescope ----

SETUP = """#!/bin/bash
# Run once by Gradescope, as root, when it makes the image of the autograder.
set -e
apt-get update
apt-get install -y --no-install-recommends make gcc g++ g++-riscv64-linux-gnu gawk cpio catch2 python3 \\
  qemu-system-misc opensbi bubblewrap git
cd /autograder/source
make -s -C tree DEPS=no lab-host lab-guest
"""

RUN = """#!/bin/bash
# Run by Gradescope for each submission. No results.json means: could not grade.
cd /autograder/source && exec python3 tree/test/labs/tools/grade-one {lab} tree /autograder/submission \\
  /autograder/results
"""


def gradescope(lab, target):
    with tempfile.TemporaryDirectory(prefix="tine-lab-") as scratch:
        folder = os.path.join(scratch, "tree")
        write_tree(lab, folder)
        for name in ("labs.py", "marks.py", "grade-one"):
            shutil.copy(os.path.join(TOOLS, name), os.path.join(folder, "test/labs/tools"))
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in (("setup.sh", SETUP), ("run_autograder", RUN.format(lab=lab))):
                about = zipfile.ZipInfo(name)
                about.external_attr = 0o755 << 16
                bundle.writestr(about, text)
            for top, _, names in sorted(os.walk(scratch)):
                for name in sorted(names):
                    path = os.path.join(top, name)
                    bundle.write(path, os.path.relpath(path, scratch))
    print(f"{target}: upload this as the autograder of the assignment `{lab}`")


COMMANDS = {"tree": tree, "gradescope": gradescope, "grade-all": grade_all}


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in COMMANDS or not sys.argv[2] or not sys.argv[3]:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    main()
