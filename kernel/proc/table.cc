// The table of processes: pid -> process, and the tree.
#include "proc/table.hh"

#include <tine/limits.h>

#include <array>

#include "lib/string.hh"
#include "mm/heap.hh"

namespace tine {

constinit Spinlock process_table_lock{Rank::process_table, "process table"};
constinit unsigned signals_to_all GUARDED_BY(process_table_lock) = 0;

namespace {

// Two levels; chunks of the lower one exist while they have a process, and the one with the newest
// pid stays. So a pid is found in two steps, and the table is small while few processes run. Pids
// are given out in a circle, so that a pid is not soon used again.
class PidTable {
 public:
  // A pid that is free and can be entered. Errors: again, nomem.
  Result<int> find_free() {
    for (int tried = 1; tried < TINE_PID_MAX; tried++) {
      int pid = last_ + tried;
      if (pid >= TINE_PID_MAX) pid -= TINE_PID_MAX - 1;
      if (at(pid)) continue;
      Chunk*& chunk = chunks_[pid / per_chunk];
      if (!chunk) chunk = TRY(make<Chunk>()).release();
      return pid;
    }
    return Errno::again;
  }
  // In the chunk that find_free has made.
  void enter(int pid, Process* process) {
    chunks_[pid / per_chunk]->processes[pid % per_chunk] = process;
    used_[pid / per_chunk]++;
    int before = std::exchange(last_, pid);
    free_unused(before / per_chunk);
    count_++;
    made_++;
  }
  void remove(int pid) {
    chunks_[pid / per_chunk]->processes[pid % per_chunk] = nullptr;
    used_[pid / per_chunk]--;
    free_unused(pid / per_chunk);
    count_--;
  }
  Process* at(int pid) {
    if (pid <= 0 || pid >= TINE_PID_MAX) return nullptr;
    Chunk* chunk = chunks_[pid / per_chunk];
    return chunk ? chunk->processes[pid % per_chunk] : nullptr;
  }
  Process* first_from(int pid) {
    for (pid = pid < 1 ? 1 : pid; pid < TINE_PID_MAX; pid++) {
      if (!chunks_[pid / per_chunk]) {
        pid |= per_chunk - 1;  // on to the next chunk
      } else if (Process* process = at(pid)) {
        return process;
      }
    }
    return nullptr;
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t made() const { return made_; }

 private:
  static constexpr int per_chunk = 256;
  struct Chunk {
    std::array<Process*, per_chunk> processes{};
  };
  std::array<Chunk*, TINE_PID_MAX / per_chunk> chunks_{};
  std::array<std::uint16_t, TINE_PID_MAX / per_chunk> used_{};  // processes in each chunk
  int last_ = 0;
  std::uint64_t count_ = 0, made_ = 0;

  void free_unused(int index) {
    if (used_[index] == 0 && index != last_ / per_chunk)
      delete std::exchange(chunks_[index], nullptr);
  }
};

constinit PidTable pids GUARDED_BY(process_table_lock);
constinit std::uint64_t thread_count GUARDED_BY(process_table_lock) = 0;

void describe_thread(const Thread& thread, tine_process_info& info) {
  ThreadStatus status = status_of(thread);
  info.state = int(status.state);
  info.wait_reason = int(status.wait_reason);
  info.hart = int(status.hart);
  info.run_ticks = status.run_ticks;
  info.schedules = status.schedules;
}

}  // namespace

Result<> publish_process(RefPtr<Process> process, Process* parent, OwnPtr<Thread> thread) {
  SpinGuard guard(process_table_lock);
  // No process may escape a signal to all processes. If one was sent before, it has interrupted the
  // parent. If one is being sent, it may be past the child's pid already. In both cases the fork is
  // restarted. A later one finds the child.
  bool missed = signals_to_all > 0 || current_thread()->interrupted.load(std::memory_order_relaxed);
  if (parent && missed) return Errno::restart_always;
  int pid = TRY(pids.find_free());
  process->pid = thread->tid = pid;
  process->parent = parent;
  process->parent_pid.store(parent ? parent->pid : 0, std::memory_order_relaxed);
  process->threads.push_back(thread.release());
  thread_count++;
  if (parent) parent->children.push_back(process.get());
  // [fork 11] From here on other threads can find the process by its pid.
  pids.enter(pid, process.release());
  return {};
}

Process* find_process(int pid) { return pids.at(pid); }

Process* find_process_from(int pid) { return pids.first_from(pid); }

RefPtr<Process> unpublish_process(Process& process) {
  pids.remove(process.pid);
  thread_count--;
  if (process.parent) List<Process, &Process::sibling_link>::remove(&process);
  return RefPtr<Process>::adopt(&process);
}

CpuTime cpu_time(Process& process) {
  CpuTime sum;
  for (Thread& thread : process.threads) sum += cpu_time(thread);
  note_peak(process);
  sum.peak_pages = process.peak_pages;
  return sum;
}

ProcessCounts process_counts() {
  SpinGuard guard(process_table_lock);
  return {pids.count(), thread_count, pids.made()};
}

Result<tine_process_info> process_info(int pid, bool count_shared) {
  tine_process_info info{};
  RefPtr<AddressSpace> space;
  {
    SpinGuard guard(process_table_lock);
    Process* process = find_process_from(pid);
    if (!process) return Errno::srch;
    info.pid = process->pid;
    info.parent = process->parent_pid.load(std::memory_order_relaxed);
    if (Thread* thread = process->threads.front()) describe_thread(*thread, info);
    info.wait_pid = process->wait_pid;
    if (process->zombie) info.state = TINE_ZOMBIE;
    copy_text(info.name, sizeof(info.name), process->name);
    info.args = process->args;
    space = process->space;
  }
  if (space) info.resident_pages = space->resident_pages();
  // Takes the space's mutex, so after the spinlock is released; the reference keeps the space.
  if (space && count_shared) info.shared_pages = space->shared_pages();
  return info;
}

}  // namespace tine
