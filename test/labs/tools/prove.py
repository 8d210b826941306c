#!/usr/bin/env python3
"""make test-labs: that the graders can be trusted, for each lab.

  skeleton    a student's tree as handed out builds and boots, scores 0, passes the tests of what it has
  reference   the kernel, with part 3 as its id has it, scores full
  forged      kernels that deceive instead of doing what they should score 0 (proof.py: FORGED)
  own         the public kernel, and another id's right solution, lose all of part 3
  broken      a file that does not compile costs the points that need it, and no others (proof.py: BROKEN)
  partial     solutions of a part only score what that part is worth (proof.py: PARTIAL)
  wrong       solutions with a plausible mistake lose the points of the test that is meant for it (proof.py: WRONG)
  mutants     small mistakes made by machine: at least 90 of 100 that matter are noticed

prove.py [--only STEP[,STEP]] LAB...         ends with `N passed, N failed`
"""

import os
import re
import shutil
import subprocess
import sys
import time

import labs
import marks
import mutate
import task as tasks

NEEDED = 0.9
PAIRS = 1000  # of ids, drawn; of them at least DIFFERENT lose part 3 with each other's solution
DIFFERENT = 0.95
grade = labs.grader()


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, good, what):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok' if good else 'FAILED'}: {what}", flush=True)


tally = Tally()


class Work:
    """A copy of the kernel's tree with a build of its own, in which files are changed and put back."""

    def __init__(self, lab):
        self.lab, self.folder = lab, os.path.join(marks.ROOT, f"build/prove/{lab}/reference")
        self.out = os.path.join(marks.ROOT, f"build/prove/{lab}/grade")
        self.own = marks.load(lab).own(tasks.task_of(lab, "reference"))
        for path in marks.sources():
            self.put(path, None)
        handed_out = {path: lines for path, lines in labs.student_tree(lab).items()
                      if path.startswith(grade.HANDED_OUT) or path in ("LAB", "LAB.files")}
        for path, lines in handed_out.items():
            self.write(path, "\n".join(lines))
        self.write("STUDENT", "id = reference\n")
        self.forget({*marks.sources(), *handed_out, "STUDENT"})
        self.grader = os.path.join(marks.ROOT, "build/host/lab-tests")
        status, text = grade.make("lab-guest", self.folder, False)
        if status != 0:
            sys.exit(f"the reference does not build:\n{grade.first_error(text)}")

    def environment(self):
        return dict(os.environ, TINE_KERNEL=f"{self.folder}/build/release/kernel.elf",
                    TINE_INITRD=f"{self.folder}/build/release/lab.cpio", TINE_LOGS=f"{self.out}/logs",
                    TINE_TEST_INITRD=f"{self.folder}/build/release/test.cpio",
                    TINE_LIMIT=os.path.join(marks.ROOT, "build/host/limit.so"))

    def write(self, path, text):
        target = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            with open(target, encoding="utf-8") as file:
                if file.read() == text:
                    return
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)

    def forget(self, known):
        """Removes the files of an older kernel."""
        for top, folders, names in os.walk(self.folder):
            if top == self.folder and "build" in folders:
                folders.remove("build")
            for name in names:
                path = os.path.join(top, name)
                if os.path.relpath(path, self.folder) not in known:
                    os.remove(path)

    def put(self, path, lines, own=True):
        """Lines of a file, or None for what it is in the kernel's tree. An equal file stays as it is.

        With them goes part 3 of this tree's id, unless `own` is false.
        """
        source = os.path.join(marks.ROOT, path)
        lines = marks.read(path) if lines is None else lines
        if lines is None:  # no text
            target = os.path.join(self.folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
            return
        text = "\n".join(labs.changed(path, lines, marks.load(self.lab)))
        for file, old, new in self.own if own else ():
            if file == path and text.count(old) == 1:
                text = text.replace(old, new)
        self.write(path, text)
        if os.path.exists(source):
            shutil.copymode(source, os.path.join(self.folder, path))

    def grade(self, *more, quick=False):
        return grade.grade(self.lab, self.folder, self.out, grader=self.grader, more=more, quick=quick)

    def builds(self):
        status, _ = grade.make("lab-guest", self.folder, False)
        return status == 0


def edited(edits):
    """{path: lines} after edits [(path, old text, new text)], each of which must apply exactly once."""
    texts = {}
    for path, old, new in edits:
        text = texts.get(path) or "\n".join(marks.read(path))
        if text.count(old) != 1:
            raise SystemExit(f"proof.py: {path} has {text.count(old)} times: {old}")
        texts[path] = text.replace(old, new)
    return {path: text.split("\n") for path, text in texts.items()}


def rows_with(work, texts, own=True, quick=True):
    """The rows of a tree with these texts. Whether part 4 notices is another question (quick=False)."""
    for path, lines in texts.items():
        work.put(path, lines, own)
    try:
        return work.grade(quick=quick)
    finally:
        for path in texts:
            work.put(path, None)


# ---- The steps ----


def skeleton(lab, work, proof):
    folder = os.path.join(marks.ROOT, f"build/prove/{lab}/skeleton")
    kept = os.path.join(folder, "build")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if path != kept:
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    saved = folder + ".build"
    if os.path.isdir(kept):
        os.rename(kept, saved)
    labs.write_tree(lab, folder)
    if os.path.isdir(saved):
        os.rename(saved, kept)
    rows = grade.grade(lab, folder, f"{work.out}-skeleton", grader=work.grader, task=tasks.task_of(lab, "reference"))
    tally(not any("does not build" in (lost or "") for *_, lost in rows), f"{lab}: the skeleton builds")
    tally(grade.score(rows)[0] == 0, f"{lab}: the skeleton scores {grade.score(rows)[0]} points, as it should: 0")
    kernel = dict(work.environment(), TINE_KERNEL=f"{folder}/build/release/kernel.elf")
    for what, command in proof.OTHERS:
        answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=marks.ROOT,
                                env=dict(kernel, SKELETON=folder))
        tally(answer.returncode == 0, f"{lab}: in the skeleton, {what}")
        if answer.returncode != 0:
            print(answer.stdout[-2000:], answer.stderr[-500:])


def reference(lab, work, _):
    rows = work.grade()
    reached, full = grade.score(rows)
    tally(reached == full == 100, f"{lab}: the reference scores {reached} of {full}")
    for what, _, _, lost in rows:
        if lost:
            print(f"  {what}: {lost}")


def forged_texts(lab, changes):
    """{path: lines}: a student's tree as handed out, but for what a forgery puts there.

    In proof.py that is a file of forged/, one to be put in front of the kernel's own ("+ NAME"), or a pair (old text,
    new text) for the kernel's own file.
    """
    handed_out = labs.student_tree(lab)
    texts = {path: handed_out[path] for path in marks.load(lab).FILES}
    for path, change in changes.items():
        if isinstance(change, tuple):
            texts[path] = edited([(path, *change)])[path]
            continue
        with open(os.path.join(marks.ROOT, f"test/labs/{lab}/forged", change.removeprefix("+ ")),
                  encoding="utf-8") as file:
            texts[path] = file.read().split("\n") + (marks.read(path) if change.startswith("+ ") else [])
    return texts


def forged(lab, work, proof):
    for name, changes in proof.FORGED:
        rows = rows_with(work, forged_texts(lab, changes), own=False, quick=False)
        lost = [why.splitlines()[0] for *_, why in rows if why]
        failed = next((why for why in lost if "not build" in why or "not compile" in why), None)
        gained = [what for what, _, _, why in rows if not why]
        tally(not gained and not failed, f"{lab}: forged: {name}: {grade.score(rows)[0]} points" +
              (f"; {failed}" if failed else "") + "".join(f"\n    gained: {what}" for what in gained))
        if os.environ.get("VERBOSE"):
            for what, _, _, why in rows:
                print(f"    {what}: {(why or 'GAINED').splitlines()[0]}")


def own(lab, work, _):
    module, ids = marks.load(lab), [f"student-{n}" for n in range(PAIRS + 1)]
    all_tasks = [tasks.task_of(lab, student) for student in ids]
    key = "signal" if lab == "fork" else "number"
    different = sum(one[key] != other[key] for one, other in zip(all_tasks, all_tasks[1:]))
    tally(different >= DIFFERENT * PAIRS, f"{lab}: of {PAIRS} pairs of ids {different} have tasks without a test in common")
    part = sum(points for _, number, points, _ in work.grade(quick=True) if number == 3)
    tally(part >= 30, f"{lab}: part 3 is worth {part} points")
    others = next(task for task in all_tasks if task[key] != tasks.task_of(lab, "reference")[key])
    for what, edits in (("the public kernel", []), ("another id's right solution", module.own(others))):
        texts = edited(edits) if edits else {path: marks.read(path) for path, _, _ in module.own(others)}
        rows = rows_with(work, texts, own=False)
        gained = sum(points for _, number, points, lost in rows if number == 3 and not lost)
        rest = [what for what, number, _, lost in rows if number != 3 and lost]
        tally(gained == 0 and not rest, f"{lab}: {what} has {gained} points of part 3 and lacks {rest or 'nothing'} else")


def broken(lab, work, proof):
    for path, parts in proof.BROKEN:
        rows = rows_with(work, {path: [*marks.read(path), "this does not compile", ""]})
        lost = {part for _, part, _, why in rows if why}
        told = all(path in why for *_, why in rows if why)
        tally(lost == set(parts) and told, f"{lab}: {path} does not compile: points are lost in part {sorted(lost)}, "
              f"expected {parts}; {grade.score(rows)[0]} points")


def partial(lab, work, proof):
    for name, wanted, edits in proof.PARTIAL:
        rows = rows_with(work, edited(edits))
        parts = {part for _, part, _, lost in rows if lost}
        tally(parts == set(wanted), f"{lab}: {name}: points are lost in part {sorted(parts)}, expected {wanted}; "
              f"{grade.score(rows)[0]} points")


def wrong(lab, work, proof):
    for name, test, edits in proof.WRONG:
        rows = rows_with(work, edited(edits))
        lost = {what: why for what, _, _, why in rows if why}
        meant = [what for what in lost if test in what]
        if any("does not build" in why for why in lost.values()):
            meant = []
        tally(meant, f"{lab}: {name}: {grade.score(rows)[0]} points" +
              (f"; {meant[0]}: {lost[meant[0]].splitlines()[0]}" if meant else f"; not noticed by: {test}"))


def outcome(work, mutant):
    """`killed`, `survived`, or `does not build`."""
    work.put(mutant.path, mutant.lines)
    try:
        if not work.builds():
            return "does not build"
        rows = work.grade("--abort")
        return "killed" if any(lost and lost != grade.NOT_RUN for *_, lost in rows) else "survived"
    finally:
        work.put(mutant.path, None)


def mutants(lab, work, proof):
    counts = {"killed": 0, "survived": 0, "does not build": 0, "equivalent": 0}
    survivors, start = [], time.monotonic()
    only = os.environ.get("MUTANT", "")
    for mutant in mutate.mutants(lab):
        if only not in str(mutant):
            continue
        result = outcome(work, mutant)
        reason = next((why for part, why in proof.EQUIVALENT if re.search(part, str(mutant))), None)
        if result == "survived" and reason:
            result = "equivalent"
        counts[result] += 1
        if result in ("survived", "equivalent"):
            survivors.append(f"  {result}: {mutant}" + (f"\n      {reason}" if reason else ""))
        print(f"[{sum(counts.values())}] {result}: {mutant}", flush=True)
    judged = counts["killed"] + counts["survived"]
    share = counts["killed"] / judged if judged else 0
    print(f"{lab}: those that were not noticed:", *survivors, sep="\n")
    tally(share >= NEEDED, f"{lab}: of {judged} mutants that build and matter {counts['killed']} are killed "
          f"({100 * share:.0f}%); {counts['equivalent']} are equivalent, {counts['does not build']} do not build; "
          f"{time.monotonic() - start:.0f} s")


STEPS = {"skeleton": skeleton, "reference": reference, "forged": forged, "own": own, "broken": broken, "partial": partial, "wrong": wrong, "mutants": mutants}


def main():
    words = sys.argv[1:]
    steps = list(STEPS)
    if words[:1] == ["--only"]:
        steps, words = words[1].split(","), words[2:]
    if not words:
        sys.exit(__doc__)
    status, text = grade.make("lab-host", marks.ROOT, False)
    if status != 0:
        sys.exit(f"the graders do not build:\n{grade.first_error(text)}")
    for lab in words:
        work, proof = Work(lab), marks.load(lab, "proof")
        for step in steps:
            STEPS[step](lab, work, proof)
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
