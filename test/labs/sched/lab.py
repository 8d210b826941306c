"""The lab `sched`: what a student's tree has in place of the solution (docs/labs/sched.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/sched/policy.hh",
    "kernel/sched/scheduler.cc",
    "kernel/sched/thread.hh",
    "kernel/sched/thread.cc",
    "kernel/wings/linux/credentials.cc",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "user"

# Lines of the file STUDENT besides the id.
ANSWERS = ["sched_cost"]

CHANGES = []

ABOUT = """
// One queue: a thread that is ready goes to its end, for whatever reason. A turn is over at each
// third tick that finds the thread running. That boots, and runs everything; what is wrong with it?
"""

ORDER = """
  // Part 1. Some reasons are better than others. Which thread runs next, and where is the place of
  // one that had to make room?
  void enqueue(Thread& thread, Why) override { queue_.push_back(&thread); }
  // Part 1. All that a killed thread still does is to end.
  void hasten(Thread&) override {}
  // Part 1. Must the running thread make room?
  bool preempts(const Thread&, const Thread&) override { return false; }
  Thread* pick(unsigned) override { return queue_.empty() ? nullptr : queue_.pop_front(); }
  bool empty() const override { return queue_.empty(); }
"""

TURN = """
    // Part 2. A slice is time that the thread has run. Where does it get another one, and what does
    // a thread get for the time that it sleeps?
    return thread.run_ticks % time_slice_ticks == 0;
"""

QUEUES = """
  Queue queue_;
  // Part 3. `make task` says which threads get more, for your id. How does the policy know?
"""

STUBS = {
    "kernel/sched/policy.hh": [ABOUT, ORDER, TURN, QUEUES],
    "kernel/sched/thread.cc": [],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    policy, thread = "kernel/sched/policy.hh", "kernel/sched/thread.hh"
    weight = f"""  static std::uint64_t weight(const Thread& thread) {{ return thread.user == {task["user"]} ? {task["times"]} : 1; }}
"""
    slice_of = "  static std::int64_t slice() { return std::int64_t(time_slice_ticks * clock_config.tick); }\n"
    most = "    std::int64_t most = slice() + std::int64_t(clock_config.tick / 2);\n"
    left = "    std::int64_t left = std::clamp<std::int64_t>(time_left(thread) + slice(), 0, most);\n"
    share = "    std::uint64_t share = slept * hart_count / (hart_count + ready_);\n"
    room = "    std::int64_t room = slice() - time_left(thread);\n"
    half = "    bool has_time = time_left(thread) > slice() / 2;\n"
    urgent = "  bool urgent = false;          // for the policy: ready, and runs before those that are not urgent\n"
    account = "  thread->account = current_account();\n"
    real = "  current_thread()->account = this_hart().account = account.get();\n"
    return [
        (policy, slice_of, weight + slice_of.replace("slice()", "slice(const Thread& thread)").replace(
            "{ return std::int64_t(", "{\n    return std::int64_t(weight(thread) * ").replace("; }", ";\n  }")),
        (policy, most, most.replace("slice()", "slice(thread)")),
        (policy, left, left.replace("slice()", "slice(thread)")),
        (policy, share, share.replace("slept * ", "weight(thread) * slept * ")),
        (policy, room, room.replace("slice()", "slice(thread)")),
        (policy, half, half.replace("slice()", "slice(thread)")),
        (thread, urgent, urgent + "  std::uint32_t user = 0;       // for the policy: the real user ID\n"),
        ("kernel/sched/thread.cc", account, account + "  thread->user = current_thread()->user;\n"),
        ("kernel/wings/linux/credentials.cc", real, real + "  current_thread()->user = self.paths.credentials().user.real;\n"),
    ]
