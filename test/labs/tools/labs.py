#!/usr/bin/env python3
"""The instructor's side of the labs.

  labs.py tree LAB DIR                    a student's tree
  labs.py gradescope LAB FILE.zip         the bundle for Gradescope

Of the environment: FOR=id, the student for whom a tree is; ID=id, the tree is the right solution of that student's lab
(for the instructor); SECRET=file, mixed into what is drawn from ids. submissions.py grades what comes back.
"""

import functools
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

import marks
import task as tasks

TOOLS = os.path.dirname(os.path.abspath(__file__))
# Of test/labs, what students have, too.
COMMON = ("lab.mk", "limit.c", "stub.hh", "stub.cc", "observer.hh", "observer.cc", "steps.hh", "steps.cc", "areas.hh",
          "areas.cc", "files.hh", "files.cc", "handlers.hh", "handlers.cc", "spinners.hh", "spinners.cc",
          "console.hh", "console.cc",
          "programs.hh", "programs.cc", "kernel.hh", "kernel.cc", "firmware.hh", "firmware.cc",
          "harts.hh", "harts.cc", "whole.cc",
          "bin/observer.S", "bin/lab_probe.c", "bin/lab_user.c", "tools/grade", "tools/task.py",
          "tools/upgrade", "Containerfile")
FOR_ASSISTANTS = "-assistants.md"  # how the pages end that students do not have
CUT_EXCERPT = "(This piece is what the lab asks for.)"
CUT_LINE = "(a line that the lab asks for)"


@functools.cache
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
    if path.startswith((".ci/", ".github/")) or path.endswith(FOR_ASSISTANTS):
        return False
    if path.startswith("test/labs/"):
        return path.removeprefix("test/labs/") in COMMON or bool(re.fullmatch(rf"test/labs/{lab}/\w+\.cc", path))
    return True


def without_solution(lines, secrets):
    """A page of the book without the excerpts that show the solution. All its prose stays."""
    kept, at = [], 0
    while at < len(lines):
        end = at + 1
        if lines[at].startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            end += 1
        if not any(text in line for line in lines[at:end] for text in secrets):
            kept += lines[at:end]
        elif end == at + 1:  # a line of prose that quotes one of code
            kept.append(re.sub(r"`[^`]*`", lambda quoted: CUT_LINE if any(text in quoted[0] for text in secrets)
                               else quoted[0], lines[at]))
        else:
            mark = next((n for n in range(len(kept) - 1, max(-1, len(kept) - 6), -1)
                         if kept[n].startswith("<!-- excerpt:")), None)
            if mark is not None:
                del kept[mark]
            kept += ["```text", CUT_EXCERPT, "```"]
        at = end
    return kept


def changed(path, lines, module):
    """A file with the small changes that a lab needs outside of its regions."""
    for file, old, new in module.CHANGES:
        if path == file:
            lines = [line.replace(old, new) for line in lines]
    return lines


def student_lines(path, lab, module, secrets):
    """The text of a file in the student's tree."""
    lines = marks.read(path)
    if lines is None:
        return None
    if path.startswith("docs/"):
        lines = [line for line in without_solution(lines, secrets) if f"{FOR_ASSISTANTS})" not in line]
    return marks.stubbed(path, changed(path, lines, module), lab, module.STUBS)


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
    for path in module.FILES:
        texts[f"{grader().HANDED_OUT}/{path}"] = texts[path]
    return texts


def secret():
    """The instructor's secret, which is in no repository; empty if there is none."""
    path = os.environ.get("SECRET")
    if not path:
        return b""
    with open(path, "rb") as file:
        return file.read().strip()


def write_task(lab, folder, student):
    """The student's id, and the task that belongs to it."""
    module, task = marks.load(lab), tasks.task_of(lab, student, secret())
    with open(os.path.join(folder, "STUDENT"), "w", encoding="utf-8") as file:
        file.write("".join([f"id = {student}\n", *(f"{name} = \n" for name in module.ANSWERS)]))
    with open(os.path.join(folder, "TASK"), "w", encoding="utf-8") as file:
        file.write(f"{tasks.text_of(lab, student, task)}\ntask: {tasks.write(task)}\n")
    return task


def solve(lab, folder, task):
    """Writes the right solution of that task over a student's tree: the kernel's own, and the part of that id."""
    module = marks.load(lab)
    texts = {path: "\n".join(marks.without_marks(marks.read(path))) for path in module.FILES}
    for path, old, new in module.own(task):
        if texts[path].count(old) != 1:
            sys.exit(f"lab.py: {path} has {texts[path].count(old)} times: {old}")
        texts[path] = texts[path].replace(old, new)
    for path, text in texts.items():
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)


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
    solved, student = os.environ.get("ID"), os.environ.get("ID") or os.environ.get("FOR")
    write_tree(lab, folder)
    if student:
        task = write_task(lab, folder, student)
    if solved:
        solve(lab, folder, task)
        print(f"{folder}: the right solution of the lab {lab} for {student}. It is not for students.")
        return
    git = ["git", "-C", folder, "-c", "user.name=Tine", "-c", "user.email=tine@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", f"The lab {lab} as it was handed out"], check=True)
    print(f"{folder}: the lab {lab}. Read docs/labs/{lab}.md there, and begin.")


# ---- Gradescope ----

SETUP = """#!/bin/bash
# Run once by Gradescope, as root, when it makes the image of the autograder.
set -e
apt-get update
# Debian 13 and Ubuntu have the RISC-V machines in a package of their own.
qemu=qemu-system-misc
if apt-cache show qemu-system-riscv > /dev/null 2>&1; then qemu=qemu-system-riscv; fi
apt-get install -y --no-install-recommends make gcc g++ g++-riscv64-linux-gnu gawk cpio catch2 python3 \\
  util-linux $qemu opensbi bubblewrap git
cd /autograder/source
make -s -C tree DEPS=no GRADING=1 lab-host lab-guest
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
        for name in ("labs.py", "submissions.py", "marks.py", "grade-one"):
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


COMMANDS = {"tree": tree, "gradescope": gradescope}


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in COMMANDS or not sys.argv[2] or not sys.argv[3]:
        sys.exit(__doc__)
    grader().end_on_signals()
    COMMANDS[sys.argv[1]](sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    main()
