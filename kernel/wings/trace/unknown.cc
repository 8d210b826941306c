// Unknown system calls: each is logged once for each program name.
//
// Lock: `lock`, a spinlock, guards what was logged. Called by the dispatcher for every number that
// has no row.
#include <array>
#include <string_view>

#include "lib/string.hh"
#include "proc/process.hh"
#include "sync/log.hh"
#include "syscall/dispatch.hh"
#include "wings/trace/calls.hh"

namespace tine {
namespace {

// The unknown calls that programs of one name have made, a bit for each place of a call table. All
// numbers that no call can have use the last place.
struct Asked {
  char program[sizeof(Process::name)];
  std::array<std::uint64_t, no_call / 64 + 1> calls;
};

constinit Spinlock lock{Rank::unknown_calls, "unknown calls"};
// The last 16 program names; the calls of an older one are logged again.
constinit std::array<Asked, 16> programs GUARDED_BY(lock){};
constinit std::size_t program_count GUARDED_BY(lock) = 0;

Asked& find_program(std::string_view name) REQUIRES(lock) {
  for (Asked& each : programs) {
    if (each.program == name) return each;
  }
  Asked& fresh = programs[program_count++ % programs.size()];
  fresh = {};
  copy_text(fresh.program, sizeof fresh.program, name);
  return fresh;
}

bool is_first_time(std::string_view program, std::uint64_t number) {
  unsigned slot = slot_of(number);
  SpinGuard guard(lock);
  std::uint64_t& word = find_program(program).calls[slot / 64];
  std::uint64_t bit = 1ul << slot % 64;
  bool first = !(word & bit);
  word |= bit;
  return first;
}

// Linux's calls that Tine does not have (include/uapi/asm-generic/unistd.h has the numbers).
constexpr NamedValue missing_calls[] = {
    {0, "io_setup"},
    {1, "io_destroy"},
    {2, "io_submit"},
    {3, "io_cancel"},
    {4, "io_getevents"},
    {5, "setxattr"},
    {6, "lsetxattr"},
    {7, "fsetxattr"},
    {8, "getxattr"},
    {9, "lgetxattr"},
    {10, "fgetxattr"},
    {11, "listxattr"},
    {12, "llistxattr"},
    {13, "flistxattr"},
    {14, "removexattr"},
    {15, "lremovexattr"},
    {16, "fremovexattr"},
    {18, "lookup_dcookie"},
    {19, "eventfd2"},
    {20, "epoll_create1"},
    {21, "epoll_ctl"},
    {22, "epoll_pwait"},
    {26, "inotify_init1"},
    {27, "inotify_add_watch"},
    {28, "inotify_rm_watch"},
    {30, "ioprio_set"},
    {31, "ioprio_get"},
    {38, "renameat"},
    {39, "umount2"},
    {41, "pivot_root"},
    {42, "nfsservctl"},
    {47, "fallocate"},
    {51, "chroot"},
    {58, "vhangup"},
    {60, "quotactl"},
    {69, "preadv"},
    {70, "pwritev"},
    {74, "signalfd4"},
    {75, "vmsplice"},
    {76, "splice"},
    {77, "tee"},
    {84, "sync_file_range"},
    {85, "timerfd_create"},
    {86, "timerfd_settime"},
    {87, "timerfd_gettime"},
    {89, "acct"},
    {90, "capget"},
    {91, "capset"},
    {92, "personality"},
    {95, "waitid"},
    {97, "unshare"},
    {100, "get_robust_list"},
    {102, "getitimer"},
    {103, "setitimer"},
    {104, "kexec_load"},
    {105, "init_module"},
    {106, "delete_module"},
    {107, "timer_create"},
    {108, "timer_gettime"},
    {109, "timer_getoverrun"},
    {110, "timer_settime"},
    {111, "timer_delete"},
    {112, "clock_settime"},
    {116, "syslog"},
    {117, "ptrace"},
    {118, "sched_setparam"},
    {119, "sched_setscheduler"},
    {120, "sched_getscheduler"},
    {121, "sched_getparam"},
    {122, "sched_setaffinity"},
    {125, "sched_get_priority_max"},
    {126, "sched_get_priority_min"},
    {127, "sched_rr_get_interval"},
    {128, "restart_syscall"},
    {138, "rt_sigqueueinfo"},
    {140, "setpriority"},
    {141, "getpriority"},
    {142, "reboot"},
    {151, "setfsuid"},
    {152, "setfsgid"},
    {154, "setpgid"},
    {157, "setsid"},
    {161, "sethostname"},
    {162, "setdomainname"},
    {163, "getrlimit"},
    {164, "setrlimit"},
    {168, "getcpu"},
    {170, "settimeofday"},
    {171, "adjtimex"},
    {180, "mq_open"},
    {181, "mq_unlink"},
    {182, "mq_timedsend"},
    {183, "mq_timedreceive"},
    {184, "mq_notify"},
    {185, "mq_getsetattr"},
    {186, "msgget"},
    {187, "msgctl"},
    {188, "msgrcv"},
    {189, "msgsnd"},
    {190, "semget"},
    {191, "semctl"},
    {192, "semtimedop"},
    {193, "semop"},
    {194, "shmget"},
    {195, "shmctl"},
    {196, "shmat"},
    {197, "shmdt"},
    {199, "socketpair"},
    {200, "bind"},
    {201, "listen"},
    {202, "accept"},
    {203, "connect"},
    {204, "getsockname"},
    {205, "getpeername"},
    {206, "sendto"},
    {207, "recvfrom"},
    {208, "setsockopt"},
    {209, "getsockopt"},
    {210, "shutdown"},
    {211, "sendmsg"},
    {212, "recvmsg"},
    {213, "readahead"},
    {217, "add_key"},
    {218, "request_key"},
    {219, "keyctl"},
    {223, "fadvise64"},
    {224, "swapon"},
    {225, "swapoff"},
    {228, "mlock"},
    {229, "munlock"},
    {230, "mlockall"},
    {231, "munlockall"},
    {232, "mincore"},
    {234, "remap_file_pages"},
    {235, "mbind"},
    {236, "get_mempolicy"},
    {237, "set_mempolicy"},
    {238, "migrate_pages"},
    {239, "move_pages"},
    {240, "rt_tgsigqueueinfo"},
    {241, "perf_event_open"},
    {242, "accept4"},
    {243, "recvmmsg"},
    {262, "fanotify_init"},
    {263, "fanotify_mark"},
    {266, "clock_adjtime"},
    {267, "syncfs"},
    {268, "setns"},
    {269, "sendmmsg"},
    {270, "process_vm_readv"},
    {271, "process_vm_writev"},
    {272, "kcmp"},
    {273, "finit_module"},
    {274, "sched_setattr"},
    {275, "sched_getattr"},
    {277, "seccomp"},
    {279, "memfd_create"},
    {280, "bpf"},
    {281, "execveat"},
    {282, "userfaultfd"},
    {283, "membarrier"},
    {284, "mlock2"},
    {286, "preadv2"},
    {287, "pwritev2"},
    {288, "pkey_mprotect"},
    {289, "pkey_alloc"},
    {290, "pkey_free"},
    {292, "io_pgetevents"},
    {294, "kexec_file_load"},
    {424, "pidfd_send_signal"},
    {425, "io_uring_setup"},
    {426, "io_uring_enter"},
    {427, "io_uring_register"},
    {428, "open_tree"},
    {429, "move_mount"},
    {430, "fsopen"},
    {431, "fsconfig"},
    {432, "fsmount"},
    {433, "fspick"},
    {434, "pidfd_open"},
    {437, "openat2"},
    {438, "pidfd_getfd"},
    {440, "process_madvise"},
    {441, "epoll_pwait2"},
    {442, "mount_setattr"},
    {443, "quotactl_fd"},
    {444, "landlock_create_ruleset"},
    {445, "landlock_add_rule"},
    {446, "landlock_restrict_self"},
    {447, "memfd_secret"},
    {448, "process_mrelease"},
    {449, "futex_waitv"},
    {450, "set_mempolicy_home_node"},
    {452, "fchmodat2"},
    {453, "map_shadow_stack"},
    {454, "futex_wake"},
    {455, "futex_wait"},
    {456, "futex_requeue"},
    {457, "statmount"},
    {458, "listmount"},
    {459, "lsm_get_self_attr"},
    {460, "lsm_set_self_attr"},
    {461, "lsm_list_modules"},
    {462, "mseal"},
};

}  // namespace

// Errors: nosys.
SYSCALL(any_other_call, unknown_call, void, (TrapFrame & frame)) {
  const Process& self = current_process();
  std::uint64_t number = frame.call_number();
  if (!is_first_time(self.name, number)) return Errno::nosys;
  std::string_view name = name_of(number, missing_calls);
  if (name.empty()) {
    log("{}[{}]: there is no system call {}\n", self.name, self.pid, number);
  } else {
    log("{}[{}]: there is no system call {} ({})\n", self.name, self.pid, name, number);
  }
  return Errno::nosys;
}

}  // namespace tine
