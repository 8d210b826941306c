#!/usr/bin/env python3
"""What students hand in: read with care, graded in trees of their own, many side by side.

  submissions.py LAB SUBMISSIONS      make grade-all: every folder in SUBMISSIONS; a CSV

Of the environment: JOBS=n, so many at a time; SECRET=file, as for labs.py; ROSTER=ids.csv, lines `folder,id` and if you
like a third column, when it was handed in; DUE="2026-12-01 23:59", what comes later is late; AGAIN="folder ..." (or
`all`), graded again although nothing has changed.

Each result is kept beside a digest of all that it depends on. A submission whose digest is the same is not graded
again: so a run that was cut off goes on where it was, and after new submissions came only these are graded.
"""

import concurrent.futures
import csv
import datetime
import hashlib
import json
import math
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time

import labs
import marks
import task as tasks

LARGEST = 256 << 10  # bytes of a file that a student hands in
NEAR = 0.03  # of a student's number
KEPT = "graded.json"  # a result and its digest, in the folder of a submission's results
SHOWN = ("junit.xml", "results.json")


# ---- Reading a submission ----


def read_plain(folder, path):
    """(bytes, time of the last change). Follows no link, neither of the file nor of a folder on the way.

    Raises OSError for what is missing, no plain file, or larger than a student's file is.
    """
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
            return file.read(LARGEST), about.st_mtime
    finally:
        os.close(handle)


class HandedIn:
    """The student's own files of a submission, and no others."""

    def __init__(self, folder, files):
        self.data, self.missing, times = {}, [], []
        for path in ["STUDENT", *files]:
            try:
                self.data[path], changed = read_plain(folder, path)
                times.append(changed)
            except OSError:
                self.missing.append(path)
        self.newest = max(times, default=None)

    def own_work(self, handed_out):
        """A digest of what the student wrote; None if all files are as they were handed out."""
        own = {path: data for path, data in self.data.items() if path != "STUDENT" and data != handed_out.get(path)}
        return digest_of(own) if own else None

    def write_into(self, folder):
        for path, data in self.data.items():
            with open(os.path.join(folder, path), "wb") as file:
                file.write(data)

    def notes(self):
        if not self.data:
            return ["nothing of the lab was handed in"]
        if self.missing:
            return [f"not handed in, the handed-out ones were taken: {' '.join(self.missing)}"]
        return []


def digest_of(files, *more):
    """A number for {path: bytes} and some texts."""
    total = hashlib.sha256()
    for path, data in sorted(files.items()):
        total.update(f"{path}\0{len(data)}\0".encode() + data)
    total.update("\0".join(more).encode())
    return total.hexdigest()


# ---- One submission ----


class Graded:
    """What came of one submission; `rows` is None if it was not graded, `trouble` says why if that is our fault."""

    def __init__(self, rows, student, number, notes, trouble=""):
        self.rows, self.student, self.number, self.notes, self.trouble = rows, student, number, notes, trouble
        self.late = None  # minutes


def give_to_nobody(folder):
    """In the sandbox root becomes nobody, whose the tree must be."""
    if os.getuid() == 0:
        nobody = labs.grader().NOBODY
        subprocess.run(["chown", "-R", f"{nobody}:{nobody}", folder], check=True)


def judged_number(grade, lab, tree, out, task):
    """What the student wrote for the number that only the instructor judges, and whether it is right."""
    module, told = marks.load(lab), tasks.student_lines(os.path.join(tree, "STUDENT"))
    name = module.ANSWERS[0]
    try:
        said = float(told.get(name, ""))
    except ValueError:
        return "missing"
    measured = grade.number(lab, tree, out, task)
    if measured is None:
        return f"{said:.0f}: not judged, the kernel does not do what is measured"
    right = abs(said - measured) <= NEAR * measured
    return f"{said:.0f}: {'right' if right else f'wrong, it is {measured}'}"


def grade_one(grade, lab, pristine, handed_in, out, student=None):
    """One submission in a tree of its own. Build products of the pristine tree are used again.

    `student`: the id that the roster says; else the file STUDENT is believed.
    """
    with tempfile.TemporaryDirectory(prefix="tine-grade-") as scratch:
        os.chmod(scratch, 0o755)
        work = os.path.join(scratch, "tree")
        shutil.copytree(pristine, work, symlinks=True)
        handed_in.write_into(work)
        notes = handed_in.notes()
        told = tasks.student_lines(os.path.join(work, "STUDENT")).get("id")
        if student and not tasks.same(told, student):
            notes.append(f"STUDENT says the id {told or '(none)'}, the roster says {student}")
        student = student or told
        task = tasks.task_of(lab, student, labs.secret()) if student else {}
        own = os.path.join(work, "build/grade")
        os.makedirs(own, exist_ok=True)
        give_to_nobody(work)
        rows, broken = grade.grade(lab, work, own, shut_in=True, grader=os.path.join(work, "build/host/lab-tests"),
                                   task=task)
        notes += [f"{path} does not build: {why}" for path, why in broken.items()]
        number = "not judged: there is no SECRET" if not labs.secret() else judged_number(grade, lab, work, own, task)
        grade.write_results(rows, own, work)
        os.makedirs(out, exist_ok=True)
        for name in SHOWN:
            if os.path.exists(os.path.join(own, name)):
                shutil.copy(os.path.join(own, name), out)
        return Graded(rows, student, number, notes)


# ---- What is kept between runs ----


def keep(out, digest, graded):
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, KEPT + ".new"), "w", encoding="utf-8") as file:
        json.dump({"digest": digest, "rows": graded.rows, "student": graded.student, "number": graded.number,
                   "notes": graded.notes}, file)
    os.rename(os.path.join(out, KEPT + ".new"), os.path.join(out, KEPT))


def kept(out, digest):
    """The result that an earlier run left, if it is of the same digest."""
    try:
        with open(os.path.join(out, KEPT), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    if found.get("digest") != digest:
        return None
    return Graded([tuple(row) for row in found["rows"]], found["student"], found["number"], found["notes"])


# ---- All of them ----


def make_pristine(lab, folder):
    """A student's tree as it is handed out, with what measures the students' numbers. Returns its digest."""
    labs.write_tree(lab, folder)
    shutil.copy(os.path.join(marks.ROOT, "test/labs/number.cc"), os.path.join(folder, "test/labs"))
    files = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    return digest_of(files)


def build_pristine(folder):
    subprocess.run(["make", "-s", "-C", folder, "DEPS=no", "GRADING=1", "lab-host", "lab-guest"], check=True,
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


def time_of(text):
    """Seconds since 1970 of "2026-12-01 23:59", in this machine's time zone if the text has none."""
    try:
        return datetime.datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        sys.exit(f"{text}: is no time such as 2026-12-01 23:59")


def roster():
    """{folder: (id, when it was handed in, or None)} of the file ROSTER; empty if there is none."""
    path = os.environ.get("ROSTER")
    if not path:
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    return {row[0]: (row[1], time_of(row[2]) if len(row) > 2 and row[2] else None)
            for row in rows if len(row) >= 2 and row[0] != "folder"}


class Submissions:
    """All submissions of a lab, and what is known of each."""

    def __init__(self, lab, folder):
        self.lab, self.files, self.roster = lab, marks.load(lab).FILES, roster()
        self.names = sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
        if not self.names:
            sys.exit(f"{folder} holds no folders")
        self.handed_in = {name: HandedIn(os.path.join(folder, name), self.files) for name in self.names}
        again = os.environ.get("AGAIN", "").split()
        unknown = [name for name in again if name not in self.names and name != "all"]
        if unknown:
            sys.exit(f"AGAIN: {folder} holds no {' '.join(unknown)}")
        self.again = set(self.names if "all" in again else again)
        self.out = os.path.abspath(f"build/grade-all/{lab}")
        self.table = {}

    def folder_of(self, name):
        return os.path.join(self.out, name)

    def id_of(self, name):
        return self.roster.get(name, (None, None))[0]

    def forget_others(self):
        """Removes the results of submissions that are there no more."""
        for name in os.listdir(self.out):
            if os.path.isdir(self.folder_of(name)) and name not in self.names:
                shutil.rmtree(self.folder_of(name))

    def grade(self, workers):
        grade = labs.grader()
        os.makedirs(self.out, exist_ok=True)
        self.forget_others()
        with tempfile.TemporaryDirectory(prefix="tine-lab-") as scratch:
            pristine = os.path.join(scratch, "tree")
            tree = make_pristine(self.lab, pristine)
            digests = {name: digest_of(self.handed_in[name].data, tree, labs.secret().hex(), self.id_of(name) or "")
                       for name in self.names}
            for name in self.names:
                found = None if name in self.again else kept(self.folder_of(name), digests[name])
                if found:
                    self.table[name] = found
            left = [name for name in self.names if name not in self.table]
            if self.table:
                print(f"{len(self.table)} of {len(self.names)} are as they were when they were graded: their results "
                      "are kept. AGAIN=\"folder ...\" (or all) grades them again.", flush=True)
            if left:
                build_pristine(pristine)
            progress = Progress(len(left))

            def one(name):
                if grade.stopped.is_set():
                    return
                shutil.rmtree(self.folder_of(name), ignore_errors=True)
                try:
                    graded = grade_one(grade, self.lab, pristine, self.handed_in[name], self.folder_of(name),
                                       self.id_of(name))
                    keep(self.folder_of(name), digests[name], graded)
                    said = "{} of {}".format(*grade.score(graded.rows))
                except (grade.CouldNotGrade, OSError) as trouble:
                    graded = Graded(None, self.id_of(name), "", [], f"could not grade: {trouble}")
                    said = "could not grade"
                self.table[name] = graded
                progress.step(name, said)

            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                list(pool.map(one, left))

    def name_what_is_odd(self):
        handed_out = {path: "\n".join(lines).encode() for path, lines in labs.student_tree(self.lab).items()
                      if path in self.files}
        work = {name: self.handed_in[name].own_work(handed_out) for name in self.names}
        for name, graded in self.table.items():
            if graded.trouble:
                graded.notes.append(graded.trouble)
            if self.roster and name not in self.roster:
                graded.notes.append("the roster does not have this folder")
            alike = sorted(other for other in self.table if other != name and graded.student and
                           tasks.same(self.table[other].student, graded.student))
            if alike:
                graded.notes.append(f"the same id as {', '.join(alike)}: {graded.student}")
            copies = sorted(other for other in self.names if other != name and work[name] and
                            work[other] == work[name])
            if copies:
                graded.notes.append(f"the same files as {', '.join(copies)}")
        for name in sorted(set(self.roster) - set(self.names)):
            self.table[name] = Graded(None, self.id_of(name), "", ["nothing was handed in: there is no such folder"])

    def name_late(self, due):
        """By the roster's third column, else by the newest file: the student's computer wrote that time."""
        for name in self.names:
            told = self.roster.get(name, (None, None))[1]
            when = told or self.handed_in[name].newest
            if when and when > due:
                self.table[name].late = math.ceil((when - due) / 60)
                self.table[name].notes.append(f"late by {self.table[name].late} minutes, as "
                                              f"{'the roster' if told else 'the newest file'} says")

    def write_csv(self, path):
        grade = labs.grader()
        tests = next(([f"{part}. {what}" for what, part, _, _ in graded.rows] for graded in self.table.values()
                      if graded.rows), [])
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["submission", "id", "score", "of", *tests, "number", "late (minutes)", "note"])
            for name, graded in sorted(self.table.items()):
                if graded.rows is not None:
                    points = [*grade.score(graded.rows), *(0 if lost else points for _, _, points, lost in graded.rows)]
                else:
                    points = ["" if graded.trouble else 0, "", *("" for _ in tests)]
                writer.writerow([name, graded.student or "", *points, graded.number, graded.late or "",
                                 "; ".join(graded.notes)])


def main():
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        sys.exit(__doc__)
    grade = labs.grader()
    grade.end_on_signals()
    all_of_them = Submissions(*sys.argv[1:])
    due = time_of(os.environ["DUE"]) if os.environ.get("DUE") else None
    if not labs.secret():
        print("There is no SECRET: tasks are drawn from ids alone, and the students' numbers are not judged.")
    if not grade.sandbox(os.getcwd()):
        print("bubblewrap is not installed, or may not work here: builds and guests run with limits, but not shut in")
    all_of_them.grade(int(os.environ.get("JOBS") or os.cpu_count()))
    all_of_them.name_what_is_odd()
    if due:
        all_of_them.name_late(due)
    all_of_them.write_csv(os.path.join(all_of_them.out, "scores.csv"))
    for name, graded in sorted(all_of_them.table.items()):
        for note in graded.notes:
            print(f"{name}: {note}")
    print(f"{os.path.relpath(all_of_them.out)}/scores.csv")
    sys.exit(2 if any(graded.trouble for graded in all_of_them.table.values()) else 0)


if __name__ == "__main__":
    main()
