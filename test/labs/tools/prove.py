#!/usr/bin/env python3
"""make test-labs: that the graders can be trusted, for each lab.

  trees       a student's tree can be made, and the right solution for another id; the ids' tasks differ. Builds nothing
  quick       the skeleton scores 0 by the lab's own tests, the reference all points of them
  skeleton    a student's tree as handed out builds and boots, scores 0, passes the tests of what it has
  reference   the kernel, with part 3 as its id has it, scores full
  forged      kernels that deceive instead of doing what they should score 0 (proof.py: FORGED)
  own         the public kernel, and another id's right solution, lose all of part 3
  broken      a file that does not compile costs the points that need it, and no others (proof.py: BROKEN)
  together    grade-all names what is odd: equal ids, equal files, late, missing and broken ones; it goes on where it
              was cut off, and grades again what has changed
  aborted     a grader that is ended by a signal leaves no process and no file
  partial     solutions of a part only score what that part is worth (proof.py: PARTIAL)
  wrong       solutions with a plausible mistake lose the points of the test that is meant for it (proof.py: WRONG)
  mutants     small mistakes made by machine: at least 90 of 100 that matter are noticed

prove.py [[--only STEP[,STEP]] LAB...]...     ends with `N passed, N failed`
"""

import csv
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import labs
import marks
import mutate
import submissions
import task as tasks

NEEDED = 0.9
PAIRS = 1000  # of ids, drawn; of them at least DIFFERENT lose part 3 with each other's solution
DIFFERENT = 0.95
GAP = re.compile(r"\s*(//|#|/\*) Part \d\.")
CROSS = os.environ.get("TINE_CROSS", "riscv64-linux-gnu-")
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
        return grade.grade(self.lab, self.folder, self.out, grader=self.grader, more=more, quick=quick)[0]

    def builds(self):
        status, _ = grade.make("lab-guest", self.folder, False)
        return status == 0


def edited(edits, own=()):
    """{path: lines} after edits [(path, old text, new text)], each of which must apply exactly once.

    A text that is only in the right solution of an id's part 3 is found there: `own`, edits that come first then.
    """
    texts = {}
    for path, old, new in edits:
        text = texts.get(path) or "\n".join(marks.read(path))
        if old not in text:
            for _, before, after in (each for each in own if each[0] == path):
                text = text.replace(before, after)
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


def trees(lab, *_):
    module, ids = marks.load(lab), [f"student-{n}" for n in range(PAIRS + 1)]
    all_tasks, key = [tasks.task_of(lab, student) for student in ids], module.DIFFERS
    different = sum(one[key] != other[key] for one, other in zip(all_tasks, all_tasks[1:]))
    tally(different >= DIFFERENT * PAIRS, f"{lab}: of {PAIRS} pairs of ids {different} have tasks without a test in common")
    with tempfile.TemporaryDirectory(prefix="tine-prove-") as folder:
        labs.write_tree(lab, folder)
        task = labs.write_task(lab, folder, ids[0])
        labs.solve(lab, folder, task)
        gaps = [line for path in module.FILES for line in marks.read(os.path.join(folder, path)) if GAP.match(line)]
        tally(not gaps, f"{lab}: a student's tree has no line of the solution, and the right solution has no gap")


def quick(lab, work, _):
    folder = skeleton_folder(lab)
    task = tasks.task_of(lab, "reference")
    rows, _ = grade.grade(lab, folder, f"{work.out}-skeleton", grader=work.grader, quick=True, task=task)
    tally(grade.score(rows)[0] == 0, f"{lab}: the skeleton scores {grade.score(rows)[0]} points by its own tests")
    rows = work.grade(quick=True)
    lost = "".join(f"\n    {what}: {why}" for what, _, _, why in rows if why)
    tally(not lost and rows, f"{lab}: the reference scores {grade.score(rows)[0]} of {grade.score(rows)[1]} by them{lost}")


def skeleton_folder(lab):
    """A student's tree as handed out, in a folder that keeps its build products."""
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
    return folder


def skeleton(lab, work, proof):
    folder = skeleton_folder(lab)
    rows, _ = grade.grade(lab, folder, f"{work.out}-skeleton", grader=work.grader, task=tasks.task_of(lab, "reference"))
    tally(not any("does not build" in (lost or "") for *_, lost in rows), f"{lab}: the skeleton builds")
    tally(grade.score(rows)[0] == 0, f"{lab}: the skeleton scores {grade.score(rows)[0]} points, as it should: 0")
    kernel = dict(work.environment(), TINE_KERNEL=f"{folder}/build/release/kernel.elf")
    for what, command in proof.OTHERS:
        status, text = grade.run(["sh", "-c", command], marks.ROOT, None, grade.BUILD_SECONDS, SKELETON=folder, **kernel)
        tally(status == 0, f"{lab}: in the skeleton, {what}")
        if status != 0:
            print(text[-2000:])


def reference(lab, work, _):
    rows = work.grade()
    reached, full = grade.score(rows)
    tally(reached == full == 100, f"{lab}: the reference scores {reached} of {full}")
    for what, _, _, lost in rows:
        if lost:
            print(f"  {what}: {lost}")


def forged_text(lab, path, name):
    """A part of a forged file: `kernel`, or a file that this lab or all labs have for it."""
    if name == "kernel":
        return marks.read(path)
    folders = (os.path.join(marks.ROOT, "test/labs", of, "forged", name) for of in (lab, ""))
    with open(next(filter(os.path.exists, folders)), encoding="utf-8") as file:
        return file.read().split("\n")


def forged_texts(lab, changes):
    """{path: lines}: a student's tree as handed out, but for what a forgery puts there.

    In proof.py that is one file of forged/ or several ("A + B"; `kernel` is the kernel's own), or a pair (old text, new
    text) for the kernel's own file.
    """
    handed_out = labs.student_tree(lab)
    texts = {path: handed_out[path] for path in marks.load(lab).FILES}
    for path, change in changes.items():
        if isinstance(change, tuple):
            texts[path] = edited([(path, *change)])[path]
        else:
            texts[path] = [line for name in change.split(" + ") for line in forged_text(lab, path, name)]
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
    module = marks.load(lab)
    key, all_tasks = module.DIFFERS, [tasks.task_of(lab, f"student-{n}") for n in range(PAIRS)]
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


# Folders with the id that STUDENT says, whether their first file is broken, the roster, and what grade-all must say.
HANDED_IN = {"one": ("ada", False), "two": ("Ada ", False), "three": ("mallory", True), "four": ("eve", True)}
ROSTER = "folder,id,handed in\none,ada,2026-03-02 00:01:30\ntwo,Ada\nthree,eve\nfive,zoe\n"
DUE = "2026-03-02"
NAMED = ["one: the same id as two: ada", "two: the same id as one: Ada", "three: the same id as four: eve",
         "three: STUDENT says the id mallory, the roster says eve", "four: the roster does not have this folder",
         "one: late by 2 minutes, as the roster says", "two: late by 120 minutes, as the newest file says",
         "three: the same files as four", "five: nothing was handed in: there is no such folder"]
BROKEN_TEXT = "this does not compile\n"


def hand_in(folder, path):
    """The folders of HANDED_IN, handed in long before DUE, but for `two`."""
    for name, (student, is_broken) in HANDED_IN.items():
        files = {"STUDENT": f"id = {student}\n", **({path: BROKEN_TEXT} if is_broken else {})}
        for file, text in files.items():
            target = os.path.join(folder, name, file)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8") as out:
                out.write(text)
            hours = 2 if name == "two" else -2
            os.utime(target, times=(0, submissions.time_of(DUE) + 3600 * hours))


def cut_off(command, environment):
    """Ends grade-all when the first submission has its points. Returns whether it had come so far."""
    with subprocess.Popen(command, cwd=marks.ROOT, env=dict(environment, JOBS="1"), stdout=subprocess.PIPE,
                          text=True) as process:
        came = any(line.startswith("[1/4]") for line in process.stdout)
        process.send_signal(signal.SIGTERM)
    return came


def together(lab, *_):
    path = marks.load(lab).FILES[0]
    with tempfile.TemporaryDirectory(prefix="tine-prove-") as folder:
        everyone = os.path.join(folder, "all")
        hand_in(everyone, path)
        with open(os.path.join(folder, "ids.csv"), "w", encoding="utf-8") as file:
            file.write(ROSTER)
        command = [sys.executable, "test/labs/tools/submissions.py", lab, everyone]
        environment = dict(os.environ, ROSTER=os.path.join(folder, "ids.csv"), DUE=DUE)

        def said(**more):
            done = subprocess.run(command, cwd=marks.ROOT, env=dict(environment, **more), capture_output=True, text=True,
                                  check=False)
            return done.returncode, done.stdout.split("\n")

        shutil.rmtree(os.path.join(marks.ROOT, f"build/grade-all/{lab}"), ignore_errors=True)
        came = cut_off(command, environment)
        status, lines = said()
        kept = [line for line in lines if line.startswith("1 of 4 are as they were")]
        tally(came and status == 0 and kept, f"{lab}: grade-all that was cut off goes on where it was")
        missing = [line for line in NAMED if line not in lines]
        missing += [] if any(line.startswith(f"four: {path} does not build: ") for line in lines) else ["does not build"]
        tally(not missing, f"{lab}: grade-all names what is odd" + "".join(f"\n    not said: {line}" for line in missing))
        os.remove(os.path.join(everyone, "three", path))
        status, lines = said(AGAIN="one")
        graded = sorted(line.split()[1] for line in lines if line.startswith("["))
        tally(status == 0 and graded == ["one:", "three:"], f"{lab}: grade-all grades what has changed, and what it is "
              f"told to grade again: {' '.join(graded)}")
        status, _ = said(AGAIN="six")
        tally(status == 1, f"{lab}: grade-all refuses to grade a folder again that is not there")
    with open(os.path.join(marks.ROOT, f"build/grade-all/{lab}/scores.csv"), encoding="utf-8", newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    found = [(rows[name]["id"], rows[name]["score"]) for name in (*HANDED_IN, "five")]
    wanted = [("ada", "0"), ("Ada", "0"), ("eve", "0"), ("eve", "0"), ("zoe", "0")]
    tally(found == wanted, f"{lab}: scores.csv has the roster's ids, and a row for each: {found}")


# What `aborted` ends: the lab's own tests on the reference.
GRADING = """
import sys
sys.path.insert(0, "test/labs/tools")
import labs
grade = labs.grader()
grade.end_on_signals()
grade.grade(*sys.argv[1:4], grader=sys.argv[4], quick=True)
"""


def processes_with(text):
    """The processes whose command line has that text."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has ended
        if text in line:
            found.append(line)
    return found


def soon(condition):
    """Is it so within a minute?"""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


def aborted(lab, work, _):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        with tempfile.TemporaryDirectory(prefix="tine-prove-") as folder:
            kernel = f"{work.folder}/build/release/kernel.elf"
            command = [sys.executable, "-c", GRADING, lab, work.folder, work.out, work.grader]
            with subprocess.Popen(command, cwd=marks.ROOT, env=dict(os.environ, TMPDIR=folder)) as process:
                ran = soon(lambda: processes_with(kernel))
                process.send_signal(number)
            left = "" if soon(lambda: not processes_with(kernel)) else f"; left: {processes_with(kernel)}"
            # SIGKILL leaves the folder with the debugger's socket and a device tree in it, and nothing large.
            files = [name for _, _, names in os.walk(folder) for name in names
                     if number != signal.SIGKILL or not name.endswith((".gdb", ".dtb"))]
            folders = os.listdir(folder) if number != signal.SIGKILL else []
            tally(ran and not left and not files and not folders,
                  f"{lab}: a grader ended by {number.name} leaves no process and no file{left} {files or ''}")


def partial(lab, work, proof):
    for name, wanted, edits in proof.PARTIAL:
        rows = rows_with(work, edited(edits))
        parts = {part for _, part, _, lost in rows if lost}
        tally(parts == set(wanted), f"{lab}: {name}: points are lost in part {sorted(parts)}, expected {wanted}; "
              f"{grade.score(rows)[0]} points")


def wrong(lab, work, proof):
    for name, test, edits in proof.WRONG:
        rows = rows_with(work, edited(edits, work.own))
        lost = {what: why for what, _, _, why in rows if why}
        meant = [what for what in lost if test in what]
        if any("does not build" in why for why in lost.values()):
            meant = []
        tally(meant, f"{lab}: {name}: {grade.score(rows)[0]} points" +
              (f"; {meant[0]}: {lost[meant[0]].splitlines()[0]}" if meant else f"; not noticed by: {test}"))


def code_of(work):
    """A number for what the machine would run: kernel and programs without what only a debugger reads."""
    release, total = os.path.join(work.folder, "build/release"), hashlib.sha256()
    programs = sorted(os.path.join(release, folder, name) for folder in ("bin", "lab")
                      for name in os.listdir(os.path.join(release, folder)))
    for path in [os.path.join(release, "kernel.elf"), *programs]:
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run([CROSS + "objcopy", "--strip-all", "-O", "binary", path, file.name], check=True)
            total.update(file.read())
    return total.hexdigest()


class Mutants:
    """The mutants of a lab, sorted by what became of them."""

    def __init__(self, lab, work, excuses):
        self.lab, self.work, self.excuses, self.start = lab, work, excuses, time.monotonic()
        self.broken, self.same, self.caught, self.survivors = [], [], [], []
        self.names = grade.tests_of(work.grader, lab, marks.ROOT, False)
        self.task = tasks.task_of(lab, "reference")
        os.makedirs(work.out, exist_ok=True)
        work.builds()
        self.original = code_of(work)

    def is_caught(self, mutant, whole):
        """Does one test fail? The whole system only if asked for."""
        found = grade.outcomes(self.lab, self.names, self.work.grader, self.work.folder, self.work.folder, False,
                               self.work.out, not whole, ["--abort"], self.task)
        lost = next((name for name, why in found.items() if why and why != grade.WHOLE_LATER), None)
        self.say(f"caught by {lost}" if lost else "passes the whole grade" if whole else "passes the lab's own tests", mutant)
        return lost

    def say(self, result, mutant):
        print(f"[{time.monotonic() - self.start:.0f} s] {result}: {mutant}", flush=True)

    def judge(self, mutant, whole):
        self.work.put(mutant.path, mutant.lines)
        try:
            if not self.work.builds():
                self.broken.append(mutant)
            elif code_of(self.work) == self.original:
                self.same.append(mutant)
            else:
                (self.caught if self.is_caught(mutant, whole) else self.survivors).append(mutant)
        finally:
            self.work.put(mutant.path, None)

    def run(self, chosen):
        """First the lab's own tests for all; then the whole grade for those that passed."""
        for mutant in chosen:
            self.judge(mutant, False)
        passed, self.survivors = self.survivors, []
        for mutant in passed:
            self.judge(mutant, True)

    def excuse_of(self, mutant):
        return next((why for part, why in self.excuses if re.search(part, str(mutant))), None)

    def report(self):
        excused = [mutant for mutant in self.survivors if self.excuse_of(mutant)]
        judged = len(self.caught) + len(self.survivors)
        print(f"{self.lab}: those that were not noticed:")
        for mutant in self.survivors:
            print(f"  {mutant}\n      {self.excuse_of(mutant) or 'NOT EXCUSED'}")
        tally(len(self.caught) >= NEEDED * judged and len(excused) <= (1 - NEEDED) * judged,
              f"{self.lab}: {judged} mutants built, {len(self.caught)} caught ({100 * len(self.caught) // max(judged, 1)}%), "
              f"{len(excused)} excused, {len(self.survivors) - len(excused)} not noticed; besides, {len(self.same)} "
              f"became the same machine code and {len(self.broken)} did not build; {time.monotonic() - self.start:.0f} s")


def mutants(lab, work, proof):
    """All of them. MUTANT=pattern: those alone. SAMPLE=n: so many, drawn with SEED."""
    only, sample = os.environ.get("MUTANT", ""), int(os.environ.get("SAMPLE", "0"))
    chosen = [mutant for mutant in mutate.mutants(lab) if re.search(only, str(mutant))]
    if 0 < sample < len(chosen):
        seed = os.environ.get("SEED", "1")
        print(f"{lab}: {sample} of {len(chosen)} mutants, drawn with SEED={seed}")
        chosen = random.Random(seed).sample(chosen, sample)
    found = Mutants(lab, work, proof.EQUIVALENT)
    found.run(chosen)
    found.report()


STEPS = {"trees": trees, "quick": quick, "skeleton": skeleton, "reference": reference, "forged": forged, "own": own, "broken": broken,
         "together": together, "aborted": aborted, "partial": partial, "wrong": wrong, "mutants": mutants}


NEED_NO_BUILD = {"trees", "together"}  # these make what they need themselves


def asked(words):
    """[(steps, labs)] of the command line."""
    groups = []
    while words:
        if words[0] == "--only":
            groups.append((words[1].split(","), []))
            words = words[2:]
        else:
            groups = groups or [([step for step in STEPS if step != "quick"], [])]
            groups[-1][1].append(words[0])
            words = words[1:]
    return groups


def main():
    groups = asked(sys.argv[1:])
    grade.end_on_signals()
    if not any(names for _, names in groups):
        sys.exit(__doc__)
    if any(set(steps) - NEED_NO_BUILD for steps, _ in groups):
        status, text = grade.make("lab-host", marks.ROOT, False)
        if status != 0:
            sys.exit(f"the graders do not build:\n{grade.first_error(text)}")
    for steps, names in groups:
        for lab in names:
            work = Work(lab) if set(steps) - NEED_NO_BUILD else None
            for step in steps:
                STEPS[step](lab, work, marks.load(lab, "proof"))
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
