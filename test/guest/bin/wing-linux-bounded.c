/*
 * How long does the kernel keep others waiting? Each call is run with the largest arguments it can
 * have, in a child, while this program wakes each 250 us and measures how late it is. And what
 * takes long is ended early by SIGKILL.
 *
 * The list of calls is made from the kernel's rows SYSCALL (the Makefile's CALL_LIST), so a new
 * call without an entry here fails the first case. Times are those of a machine that counts
 * instructions, with one hart: "exact" as an argument says that this is one
 * (test/guest/latency.cc). Without it only the list is checked.
 *
 * An entry's `prepare` may be late: the calls that it makes have entries of their own.
 */
#include "bounded.h"

/* ---- Nothing that could take long ---- */

static long number; /* of the call of an entry without work */

static void try_small(void) {
  for (int i = 0; i < 100; i++) syscall(number, -1l, -1l, -1l, -1l, -1l, -1l);
}

/* ---- Memory ---- */

static void fork_once(void) {
  pid_t child = FORK();
  if (child == 0) _exit(0);
}
static void unmap(void) { EQUAL(munmap(room, room_size), 0); }
static void protect(void) { EQUAL(mprotect(room, room_size, PROT_READ), 0); }
static void advise(void) { EQUAL(madvise(room, room_size, MADV_DONTNEED), 0); }
static void synchronise(void) { EQUAL(msync(room, room_size, MS_SYNC), 0); }
static void move(void) {
  CHECK(mremap(room, room_size, room_size + PAGE, MREMAP_MAYMOVE, NULL) != MAP_FAILED);
}
static void map_over(void) {
  CHECK(mmap(room, room_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == room);
}
static void large_heap(void) {
  room = sbrk(SPACE);
  CHECK(room != (void*)-1);
  touch(SPACE);
}
static void shrink_heap(void) { EQUAL(brk(room), 0); }

/* ---- Files ---- */

static void truncate_all(void) { EQUAL(ftruncate(file, 0), 0); }
static void truncate_name(void) { EQUAL(syscall(SYS_truncate, LARGE, 0), 0); }
static void close_it(void) { EQUAL(close(file), 0); }
static void write_all(void) { EQUAL(write(file, room, FILE_SIZE), FILE_SIZE); }
static void read_all(void) { EQUAL(read(file, room, FILE_SIZE), FILE_SIZE); }
static void write_at(void) { EQUAL(syscall(SYS_pwrite64, file, room, FILE_SIZE, 0l), FILE_SIZE); }
static void read_at(void) { EQUAL(syscall(SYS_pread64, file, room, FILE_SIZE, 0l), FILE_SIZE); }
static void send_all(void) {
  int to = open("/dev/null", O_WRONLY);
  EQUAL(syscall(SYS_sendfile, to, file, NULL, FILE_SIZE), FILE_SIZE);
}
static void send_to_file(void) {
  int to = open(SMALL, O_RDWR | O_CREAT, 0644);
  EQUAL(unlink(SMALL), 0);
  EQUAL(syscall(SYS_sendfile, to, file, NULL, FILE_SIZE / 2), FILE_SIZE / 2);
}
static void read_pieces(void) {
  int from = open("/dev/zero", O_RDONLY);
  CHECK(syscall(SYS_readv, from, pieces, PIECES) > 0);
}
static void write_pieces(void) {
  int to = open("/dev/null", O_WRONLY);
  CHECK(syscall(SYS_writev, to, pieces, PIECES) > 0);
}
static void read_maps(void) {
  int maps = open("/proc/self/maps", O_RDONLY);
  CHECK(read(maps, room, MIB) > 0);
}

static void read_stat(void) {
  char text[400];
  int fd = open("/proc/self/stat", O_RDONLY);
  CHECK(read(fd, text, sizeof text) > 0);
}
static void read_pagetable(void) {
  int table = open("/proc/self/pagetable", O_RDONLY);
  CHECK(read(table, room, MIB) > 0);
}

static void lock_all(void) { EQUAL(record_lock(F_WRLCK, 0, 0), 0); }
static void unlock_all(void) { EQUAL(record_lock(F_UNLCK, 0, 0), 0); }

/* ---- Names ---- */

static void read_names(void) {
  static char names[2 * MIB];
  int fd = open(NAMES, O_RDONLY);
  CHECK(syscall(SYS_getdents64, fd, names, sizeof names) > 500000);
}
static void open_name(void) { EQUAL(close(open(NAMES "/19999", O_RDONLY)), 0); }
static void make_name(void) { make_file(NEW); }
static void rename_name(void) { EQUAL(rename(NAMES "/5", NAMES "/moved"), 0); }
static void unlink_name(void) { EQUAL(unlink(NEW), 0); }
static void remove_full(void) { ERROR(rmdir(NAMES), ENOTEMPTY); }

/* Each call with a path, along one with as many links and components as a path may have. */
static void long_path(void) {
  static const int with_directory[] = {SYS_openat,   SYS_mkdirat,    SYS_unlinkat,  SYS_mknodat,
                                       SYS_fchmodat, SYS_readlinkat, SYS_faccessat, SYS_fchownat,
                                       SYS_statx,    SYS_newfstatat, SYS_utimensat, SYS_faccessat2};
  static const int without[] = {SYS_statfs, SYS_chdir, SYS_truncate};
  for (size_t i = 0; i < sizeof with_directory / sizeof *with_directory; i++)
    if (number == with_directory[i]) syscall(number, AT_FDCWD, LONG, 0l, 0l, 0l);
  for (size_t i = 0; i < sizeof without / sizeof *without; i++)
    if (number == without[i]) syscall(number, LONG, room);
  if (number == SYS_symlinkat) syscall(number, "x", AT_FDCWD, LONG);
  if (number == SYS_linkat || number == SYS_renameat2)
    syscall(number, AT_FDCWD, LONG, AT_FDCWD, LONG, 0l);
  if (number == SYS_execve) syscall(number, LONG, NULL, NULL);
}
static void ask_deep(void) {
  static char path[TINE_PATH_MAX];
  CHECK(getcwd(path, sizeof path) != NULL && strlen(path) > 3800);
}

/* ---- Processes ---- */

static void leave(void) { _exit(0); }
static void leave_alone(void) { syscall(SYS_exit, 0); }
static void execute(void) {
  char* words[] = {"wing-linux-bounded", "end", NULL};
  execve("/test/wing-linux-bounded", words, environ);
  _exit(1);
}
static char* words[MANY_WORDS + 3];
static void many_words(void) {
  words[0] = "wing-linux-bounded", words[1] = "end";
  for (int i = 0; i < MANY_WORDS; i++) words[i + 2] = "";
}
static void long_words(void) {
  need(PIECE);
  memset(room, 'x', PIECE);
  words[0] = "wing-linux-bounded", words[1] = "end";
  for (int i = 0; i < LONG_WORDS; i++) words[i + 2] = room + PIECE - LONG_WORD;
  room[PIECE - 1] = 0;
}
static void execute_words(void) {
  execve("/test/wing-linux-bounded", words, environ);
  _exit(1);
}
static void wait_for_one(void) { EQUAL(waitpid(last_child, NULL, 0), last_child); }
static void wait_for_none(void) { EQUAL(waitpid(-1, NULL, WNOHANG), 0); }
static void kill_all(void) { EQUAL(kill(-1, SIGKILL), 0); }
static void wake_all(void) {
  CHECK(syscall(SYS_futex, &shared->word, 1, CHILDREN, NULL, NULL, 0) > CHILDREN / 2);
}
static void read_processes(void) {
  static char names[MIB];
  int fd = open("/proc", O_RDONLY);
  CHECK(syscall(SYS_getdents64, fd, names, sizeof names) > CHILDREN * 20);
}

/* ---- Many descriptors ---- */

static struct tine_pollfd asked[DESCRIPTORS];
static void poll_all(void) {
  struct timespec now = {0};
  for (int i = 0; i < DESCRIPTORS; i++) asked[i] = (struct tine_pollfd){i, POLLIN | POLLPRI, 0};
  CHECK(syscall(SYS_ppoll, asked, DESCRIPTORS, &now, NULL, 0) >= 0);
}
static void select_all(void) {
  static uint64_t sets[3][DESCRIPTORS / 64];
  struct timespec now = {0};
  memset(sets, 0xff, sizeof sets);
  CHECK(syscall(SYS_pselect6, DESCRIPTORS, sets[0], sets[1], sets[2], &now, NULL) >= 0);
}
static void duplicate(void) { EQUAL(dup3(0, DESCRIPTORS - 1, 0), DESCRIPTORS - 1); }

/* ---- The rest ---- */

static void ask_random(void) { syscall(SYS_getrandom, room, RANDOM_SIZE, 0); }
static void read_log(void) { CHECK(syscall(SYS_syslog, 3, room, MIB) >= 0); }
static void nothing(int signal) { (void)signal; }
static void many_returns(void) {
  signal(SIGUSR1, nothing);
  for (int i = 0; i < 100; i++) kill(getpid(), SIGUSR1);
}
static void receive(void) {
  struct tine_message message;
  syscall(SYS_ipc_recv, &message);
}

static const struct entry entries[] = {
    {"clone", "128 MiB", space, fork_once, RETURNS},
    {"clone", "10,000 regions", regions, fork_once, RETURNS},
    {"munmap", "128 MiB", space, unmap, RETURNS},
    {"munmap", "10,000 regions", regions, unmap, RETURNS},
    {"mprotect", "128 MiB", space, protect, RETURNS},
    {"mprotect", "10,000 regions", regions, protect, RETURNS},
    {"madvise", "128 MiB", space, advise, RETURNS},
    {"madvise", "10,000 regions", regions, advise, RETURNS},
    {"msync", "10,000 regions", regions, synchronise, RETURNS},
    {"mremap", "128 MiB", space, move, RETURNS},
    {"mmap", "over 128 MiB", space, map_over, RETURNS},
    {"mmap", "over 10,000 regions", regions, map_over, RETURNS},
    {"brk", "128 MiB less", large_heap, shrink_heap, RETURNS},
    {"exit_group", "128 MiB", space, leave, LEAVES},
    {"exit_group", "10,000 regions", regions, leave, LEAVES},
    {"exit_group", "1,000 children", many_children, leave, LEAVES},
    {"exit", "8,000 locks", record_locks, leave_alone, LEAVES},
    {"exit", "1,024 descriptors", many_descriptors, leave_alone, LEAVES},
    {"execve", "from 128 MiB", space, execute, RETURNS},
    {"execve", "from 10,000 regions", regions, execute, RETURNS},
    {"execve", "1,000 children", many_children, execute, RETURNS},
    {"execve", "100,000 words", many_words, execute_words, RETURNS},
    {"execve", "words of 1 MiB", long_words, execute_words, RETURNS},
    {"ftruncate", "64 MiB to 0", large_file, truncate_all, RETURNS},
    {"truncate", "64 MiB to 0", named_file, truncate_name, RETURNS},
    {"close", "a removed file of 64 MiB", large_file, close_it, RETURNS},
    {"close", "8,000 locks", record_locks, close_it, RETURNS},
    {"fcntl", "8,000 locks become one", record_locks, lock_all, RETURNS},
    {"fcntl", "8,000 locks go", record_locks, unlock_all, RETURNS},
    {"write", "64 MiB", file_and_room, write_all, RETURNS},
    {"read", "64 MiB", large_and_room, read_all, RETURNS},
    {"read", "/proc/PID/maps of 10,000 regions", regions, read_maps, RETURNS},
    {"read", "/proc/PID/pagetable of 128 MiB", space, read_pagetable, RETURNS},
    {"read", "/proc/PID/stat of 10,000 regions", regions, read_stat, RETURNS},
    {"pwrite64", "64 MiB", file_and_room, write_at, RETURNS},
    {"pread64", "64 MiB", large_and_room, read_at, RETURNS},
    {"readv", "2 GiB of zeros", iovecs, read_pieces, RETURNS},
    {"writev", "2 GiB to /dev/null", iovecs, write_pieces, RETURNS},
    {"sendfile", "64 MiB to /dev/null", large_file, send_all, RETURNS},
    {"sendfile", "32 MiB to a file", large_file, send_to_file, RETURNS},
    {"getdents64", "20,000 names", tap_nothing, read_names, RETURNS},
    {"getdents64", "1,000 processes", many_children, read_processes, RETURNS},
    {"openat", "20,000 names", tap_nothing, open_name, RETURNS},
    {"openat", "one more than 20,000 names", tap_nothing, make_name, RETURNS},
    {"renameat2", "20,000 names", tap_nothing, rename_name, RETURNS},
    {"unlinkat", "20,000 names", new_name, unlink_name, RETURNS},
    {"unlinkat", "a directory of 20,000 names", tap_nothing, remove_full, RETURNS},
    {"getcwd", "3,800 bytes", deep, ask_deep, RETURNS},
    {"wait4", "the last of 1,000 children", dead_children, wait_for_one, RETURNS},
    {"wait4", "none of 1,000 children", many_children, wait_for_none, RETURNS},
    {"kill", "all of 1,000 processes", student_children, kill_all, RETURNS},
    {"futex", "wakes 1,000 processes", waiting_children, wake_all, RETURNS},
    {"ppoll", "1,024 descriptors", many_descriptors, poll_all, RETURNS},
    {"pselect6", "1,024 descriptors", many_descriptors, select_all, RETURNS},
    {"dup3", "1,024 descriptors", many_descriptors, duplicate, RETURNS},
    {"getrandom", "8 MiB", random_room, ask_random, RETURNS},
    {"syslog", "all of the log", random_room, read_log, RETURNS},
    {"rt_sigreturn", "a hundred times", tap_nothing, many_returns, RETURNS},
    {"ipc_recv", "waits", tap_nothing, receive, SLEEPS},
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

/* Calls with a path, each of which goes along the longest. */
static const char* const with_path[] = {
    "openat",    "mkdirat", "unlinkat", "mknodat",    "symlinkat",  "linkat",     "renameat2",
    "fchmodat",  "statfs",  "chdir",    "truncate",   "readlinkat", "newfstatat", "utimensat",
    "faccessat", "statx",   "fchownat", "faccessat2", "execve"};

/* Calls that do the same few steps whatever they are given, or sleep. Each is made with -1 for all
 * of its arguments. */
static const char* const small[] = {
    "dup",
    "fallocate",

    "fcntl",
    "ioctl",
    "flock",
    "mount",
    "fstatfs",
    "fchdir",
    "fchmod",
    "fchown",
    "pipe2",
    "lseek",
    "fstat",
    "sync",
    "fsync",
    "fdatasync",
    "set_tid_address",
    "set_robust_list",
    "nanosleep",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "sched_getaffinity",
    "sched_yield",
    "tkill",
    "tgkill",
    "sigaltstack",
    "rt_sigsuspend",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigpending",
    "rt_sigtimedwait",
    "setregid",
    "setgid",
    "setreuid",
    "setuid",
    "setresuid",
    "getresuid",
    "setresgid",
    "getresgid",
    "times",
    "getpgid",
    "getsid",
    "getgroups",
    "setgroups",
    "uname",
    "getrusage",
    "umask",
    "prctl",
    "gettimeofday",
    "getpid",
    "getrlimit",
    "setrlimit",
    "riscv_flush_icache",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "gettid",
    "sysinfo",
    "socket",
    "riscv_hwprobe",
    "prlimit64",
    "copy_file_range",
    "rseq",
    "clone3",
    "close_range",
    "exec",
    "execv",
    "getargs",
    "ipc_send",
    "process_info",
    "memory_info",
    "page_info",
    "power",
    "fail_alloc",
    "trace",
};

/* ---- Running them ---- */

static const struct {
  const char* name;
  long number;
} calls[] = {
#define CALL(name) {#name, SYS_##name},
#include <calls.h>
#undef CALL
};
enum { CALLS = sizeof calls / sizeof calls[0] };

static int has(const char* const* names, size_t count, const char* name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return 1;
  return 0;
}
#define HAS(names, name) has(names, sizeof names / sizeof names[0], name)

static int has_entry(const char* name) {
  for (int i = 0; i < ENTRIES; i++)
    if (strcmp(entries[i].call, name) == 0) return 1;
  return HAS(with_path, name) || HAS(small, name);
}

static void every_call(void) {
  for (int i = 0; i < CALLS; i++)
    if (!has_entry(calls[i].name)) tap_fail("the call %s has no entry in this test", calls[i].name);
}

static void run(const struct entry* entry) {
  char what[100];
  current = entry;
  snprintf(what, sizeof what, "%s, %s", entry->call, entry->what);
  RUN(what, measure);
}

static void run_calls(void) {
  for (int i = 0; i < ENTRIES; i++) run(&entries[i]);
  for (int i = 0; i < CALLS; i++) {
    struct entry entry = {calls[i].name, "the longest path", tap_nothing, long_path, RETURNS};
    number = calls[i].number;
    if (HAS(with_path, entry.call)) {
      run(&entry);
      continue;
    }
    entry.what = "nothing sensible", entry.work = try_small;
    if (HAS(small, entry.call)) run(&entry);
  }
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "end") == 0) return 0;
  int strict = argc > 1 && strcmp(argv[1], "exact") == 0;
  tap_begin("wing-linux-bounded");
  RUN("each call has an entry", every_call);
  if (strict) {
    make_world();
    run_calls();
    clear_world();
    print_longest();
  }
  return tap_end();
}
