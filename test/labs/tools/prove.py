#!/usr/bin/env python3
"""make test-labs: that the graders can be trusted, for each lab.

  skeleton    a student's tree as handed out builds and boots, scores 0 in the lab's own tests, passes all others
  reference   the kernel itself scores full
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

NEEDED = 0.9
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
        for path in marks.sources():
            self.put(path, None)
        self.forget(set(marks.sources()))
        self.grader = os.path.join(marks.ROOT, "build/host/lab-tests")
        self.write("STUDENT", "id = reference\n")
        status, text = grade.make("lab-guest", self.folder, False)
        if status != 0:
            sys.exit(f"the reference does not build:\n{grade.first_errors(text)}")
        answers = subprocess.run([self.grader, f"[.answer-{lab}]"], capture_output=True, text=True, check=False,
                                 cwd=self.folder, env=self.environment()).stdout
        found = re.findall(r"(\w+) = (\d+)", answers)
        self.write("STUDENT", "id = reference\n" + "".join(f"{name} = {value}\n" for name, value in found))

    def environment(self):
        return dict(os.environ, TINE_KERNEL=f"{self.folder}/build/release/kernel.elf",
                    TINE_INITRD=f"{self.folder}/build/release/lab.cpio", TINE_LOGS=f"{self.out}/logs",
                    TINE_LIMIT=os.path.join(marks.ROOT, "build/host/limit.so"))

    def write(self, path, text):
        target = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
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

    def put(self, path, lines):
        """Lines of a file, or None for what it is in the kernel's tree. An equal file stays as it is."""
        target = os.path.join(self.folder, path)
        source = os.path.join(marks.ROOT, path)
        if lines is not None:
            self.write(path, "\n".join(lines))
        elif not os.path.exists(target) or open(source, "rb").read() != open(target, "rb").read():
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)

    def grade(self, *more):
        return grade.grade(self.lab, self.folder, self.out, grader=self.grader, more=more)

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


def rows_with(work, texts):
    for path, lines in texts.items():
        work.put(path, lines)
    try:
        return work.grade()
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
    rows = grade.grade(lab, folder, f"{work.out}-skeleton", grader=work.grader)
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
        return "killed" if any(lost and lost != "it was not run" for *_, lost in rows) else "survived"
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


STEPS = {"skeleton": skeleton, "reference": reference, "partial": partial, "wrong": wrong, "mutants": mutants}


def main():
    words = sys.argv[1:]
    steps = list(STEPS)
    if words[:1] == ["--only"]:
        steps, words = words[1].split(","), words[2:]
    if not words:
        sys.exit(__doc__)
    status, text = grade.make("lab-host", marks.ROOT, False)
    if status != 0:
        sys.exit(f"the graders do not build:\n{grade.first_errors(text)}")
    for lab in words:
        work, proof = Work(lab), marks.load(lab, "proof")
        for step in steps:
            STEPS[step](lab, work, proof)
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
