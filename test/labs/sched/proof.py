"""What the grader of the lab `sched` is tried with (make test-labs). Never part of a student's tree."""

POLICY = "kernel/sched/policy.hh"
SCHEDULER = "kernel/sched/scheduler.cc"
THREAD = "kernel/sched/thread.hh"
CREDENTIALS = "kernel/wings/linux/credentials.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the tests of the lab fork pass, but for one in which a sleeper wakes", 'build/host/lab-tests "[fork]~[part3]~[part4]~*1000*"'),
    ("programs on processes, memory, files and signals pass",
     'make -s DEPS=no build/host/guest-tests && make -s -C "$SKELETON" DEPS=no build/release/test.cpio && '
     'TINE_INITRD="$SKELETON/build/release/test.cpio" TINE_SMP=2 TINE_SHIFT=1 '
     'TINE_PROGRAMS="process sched memory files pipes signals cow fork_more" build/host/guest-tests "[.one]"'),
]

# Slices of three ticks that find the thread running, as in the skeleton; threads that wake run soon.
TICKS = [
    (POLICY, "    return time_left(thread) < std::int64_t(clock_config.tick / 2);\n",
     "    return thread.run_ticks % time_slice_ticks == 0;\n"),
    (POLICY, "    bool has_time = time_left(thread) > slice() / 2;\n", "    bool has_time = true;\n"),
    (POLICY, "(why < Why::preempted || turn_is_over(thread))",
     "(why < Why::preempted || (why == Why::preempted && turn_is_over(thread)))"),
]

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("threads that wake run soon, and slices are counted in ticks", [2, 3], TICKS),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(POLICY, [1, 2, 3]), (CREDENTIALS, [3])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("prints what is asked for", {POLICY: "prints.hh + queue.hh"}),
    ("ends the machine with success", {POLICY: "finisher.hh + queue.hh"}),
    ("counts for the processes, so that all have equal shares", {POLICY: "counts.hh + queue.hh"}),
    ("changes the observer, which it knows by its bytes",
     {POLICY: "code-of.cc + knows-observer.hh + queue.hh"}),
]

SLICE_OVER = """    if (why < Why::preempted || turn_is_over(thread)) {
      renew(thread);
      queue_.push_back(&thread);
"""
SWAP = "  std::swap(self.paths.shared_credentials, fresh);\n"
TELLS = "  current_thread()->account = this_hart().account = account.get();\n"
REST = "\n// setuid, setgid: for the superuser"
URGENT_FIRST = """    if (urgent_.empty()) return woken_.empty() ? queue_.pop_front() : woken_.pop_front();
    urgent_.front()->urgent = false;
    return urgent_.pop_front();
"""

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("an urgent thread waits until the running one has had its turn", "a sleep ends in time",
     [(POLICY, "{ return woken.urgent; }", "{ return woken.urgent && false; }")]),
    ("a thread that the clock wakes goes to the end of the queue", "a sleep ends in time",
     [(POLICY, "    } else if (why == Why::urgent) {\n      make_urgent(thread);\n",
       "    } else if (why == Why::urgent) {\n      queue_.push_back(&thread);\n")]),
    ("only the clock's threads come before the queue", "a message reaches",
     [(POLICY, "    if (why != Why::woken || !has_time) return enqueue_rarely(thread, why);\n    ready_++;\n    woken_",
       "    if (why != Why::woken || !has_time) return enqueue_rarely(thread, why);\n    ready_++;\n    queue_")]),
    ("the thread that was woken last runs first", "in order",
     [(POLICY, "    ready_++;\n    woken_.push_back(&thread);\n  }\n", "    ready_++;\n    woken_.push_front(&thread);\n  }\n"),
      (POLICY, "      woken_.push_back(&thread);\n    } else {\n", "      woken_.push_front(&thread);\n    } else {\n")]),
    ("those that a running thread woke run before the clock's", "in order",
     [(POLICY, URGENT_FIRST, """    if (!woken_.empty()) return woken_.pop_front();
    if (urgent_.empty()) return queue_.pop_front();
    urgent_.front()->urgent = false;
    return urgent_.pop_front();
""")]),
    ("a killed thread waits for its turn", "a killed process ends soon",
     [(POLICY, "    if (thread.urgent) return;\n    Queue::remove(&thread);\n    make_urgent(thread);\n", "    (void)thread;\n")]),
    ("slices are counted in ticks, and each thread that wakes may run", "wakes before each tick", TICKS),
    ("each thread that wakes gets a new slice", "does not renew it",
     [(POLICY, "    if (why >= Why::woken) earn(thread);\n",
       "    if (why >= Why::woken) thread.turn_end = thread.run_time + time_slice_ticks * clock_config.tick;\n")]),
    ("sleep earns nothing", "has all that it wants",
     [(POLICY, "    if (why >= Why::woken) earn(thread);\n", "")]),
    ("sleep earns all of the time that it lasts", "has its share and no more",
     [(POLICY, "slept * hart_count / (hart_count + ready_)", "slept * hart_count / hart_count * 4")]),
    ("a preempted thread gets a new slice", "wakes before each tick",
     [(POLICY, SLICE_OVER, SLICE_OVER + "    } else if (why == Why::preempted) {\n      renew(thread);\n"
       "      queue_.push_front(&thread);\n")]),
    ("it is the effective user that counts", "the real user counts",
     [(CREDENTIALS, SWAP, SWAP + "#define real effective\n"), (CREDENTIALS, REST, "#undef real\n" + REST)]),
    ("the user is known at birth, and does not change", "has several times the share",
     [(CREDENTIALS, TELLS, "  this_hart().account = account.get();\n  current_thread()->account = account.get();\n")]),
    ("the user is not inherited", "the real user counts",
     [(SCHEDULER, "  SpinGuard guard(scheduler_lock);\n  make_ready(thread, Why::fresh);\n",
       "  SpinGuard guard(scheduler_lock);\n  thread.user = 0;\n  make_ready(thread, Why::fresh);\n")]),
    ("a favoured thread that sleeps earns what others earn", "that sleeps has all",
     [(POLICY, "slept * hart_count / (hart_count + ready_);\n", "slept * hart_count / (hart_count + ready_) * 1;\n")]),
]
# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = []
