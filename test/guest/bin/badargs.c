/*
 * Every system call number from 0 to 600 and from 4096 to 4200 with hostile values in every
 * argument register, in a child that may die of it. The kernel must not, and afterwards nothing may
 * be missing. What no kernel has must be ENOSYS.
 */
#include "tap.h"

enum { FIRST_OWN = 4096, LAST_OWN = 4200, LAST_LINUX = 600, ROUNDS = 24 };
#define FILE_B "/tmp/badargs"

static const int known[] = {SYS_getcwd,
                            SYS_dup,
                            SYS_dup3,
                            SYS_fcntl,
                            SYS_ioctl,
                            SYS_flock,
                            SYS_mkdirat,
                            SYS_mknodat,
                            SYS_mount,
                            SYS_unlinkat,
                            SYS_symlinkat,
                            SYS_linkat,
                            SYS_ftruncate,
                            SYS_chdir,
                            SYS_openat,
                            SYS_close,
                            SYS_pipe2,
                            SYS_getdents64,
                            SYS_lseek,
                            SYS_read,
                            SYS_write,
                            SYS_readlinkat,
                            SYS_newfstatat,
                            SYS_fstat,
                            SYS_renameat2,
                            SYS_exit,
                            SYS_exit_group,
                            SYS_nanosleep,
                            SYS_clock_gettime,
                            SYS_sched_yield,
                            SYS_kill,
                            SYS_rt_sigaction,
                            SYS_rt_sigprocmask,
                            SYS_rt_sigreturn,
                            SYS_uname,
                            SYS_getpid,
                            SYS_getppid,
                            SYS_gettid,
                            SYS_sysinfo,
                            SYS_clone,
                            SYS_execve,
                            SYS_wait4,
                            SYS_brk,
                            SYS_munmap,
                            SYS_mmap,
                            SYS_mprotect,
                            SYS_mremap,
                            SYS_madvise,
                            SYS_msync,
                            SYS_statfs,
                            SYS_fstatfs,
                            SYS_truncate,
                            SYS_fallocate,
                            SYS_faccessat,
                            SYS_fchdir,
                            SYS_fchmod,
                            SYS_fchmodat,
                            SYS_fchownat,
                            SYS_fchown,
                            SYS_readv,
                            SYS_writev,
                            SYS_pread64,
                            SYS_pwrite64,
                            SYS_sendfile,
                            SYS_pselect6,
                            SYS_ppoll,
                            SYS_sync,
                            SYS_fsync,
                            SYS_fdatasync,
                            SYS_utimensat,
                            SYS_set_tid_address,
                            SYS_futex,
                            SYS_clock_getres,
                            SYS_clock_nanosleep,
                            SYS_sched_getaffinity,
                            SYS_tkill,
                            SYS_tgkill,
                            SYS_sigaltstack,
                            SYS_rt_sigtimedwait,
                            SYS_rt_sigsuspend,
                            SYS_rt_sigpending,
                            SYS_setregid,
                            SYS_setgid,
                            SYS_setreuid,
                            SYS_setuid,
                            SYS_setresuid,
                            SYS_getresuid,
                            SYS_setresgid,
                            SYS_getresgid,
                            SYS_setgroups,
                            SYS_faccessat2,
                            SYS_set_robust_list,
                            SYS_prctl,
                            SYS_socket,
                            SYS_riscv_hwprobe,
                            SYS_riscv_flush_icache,
                            SYS_copy_file_range,
                            SYS_statx,
                            SYS_syslog,
                            SYS_rseq,
                            SYS_clone3,
                            SYS_close_range,
                            SYS_times,
                            SYS_getpgid,
                            SYS_getsid,
                            SYS_getgroups,
                            SYS_getrusage,
                            SYS_umask,
                            SYS_gettimeofday,
                            SYS_getuid,
                            SYS_geteuid,
                            SYS_getgid,
                            SYS_getegid,
                            SYS_getrlimit,
                            SYS_setrlimit,
                            SYS_prlimit64,
                            SYS_getrandom,
                            SYS_exec,
                            SYS_execv,
                            SYS_getargs,
                            SYS_ipc_send,
                            SYS_ipc_recv,
                            SYS_process_info,
                            SYS_memory_info,
                            SYS_page_info,
                            SYS_power,
                            SYS_fail_alloc,
                            SYS_trace};

/* Calls that another wing may have added are known by their answer to be there. */
static int is_known(long number) {
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (known[i] == number) return 1;
  }
  return 0;
}

/* Ends, stops or blocks for good whoever calls it, or changes the limits of any process; tested
 * elsewhere. */
static int is_skipped(long number) {
  return number == SYS_exit || number == SYS_exit_group || number == SYS_power ||
         number == SYS_rt_sigreturn || number == SYS_ppoll || number == SYS_pselect6 ||
         number == SYS_rt_sigsuspend || number == SYS_rt_sigtimedwait ||
         number == SYS_clock_nanosleep || number == SYS_futex || number == SYS_prlimit64;
}

/* ---- Values ---- */

static char buffer[2 * 4096] __attribute__((aligned(4096)));
static char* edge; /* a page with nothing behind it */

static uint64_t seed = 0x54696e65;

static uint64_t hostile(void) {
  static const uint64_t special[] = {0,
                                     1,
                                     2,
                                     3,
                                     7,
                                     8,
                                     0xfff,
                                     0x1000,
                                     0x1001,
                                     USER_BASE,
                                     USER_BASE - 1,
                                     USER_TOP,
                                     USER_TOP - 1,
                                     USER_TOP - 4096,
                                     1ul << 31,
                                     1ul << 32,
                                     1ul << 38,
                                     (1ul << 38) - 1,
                                     1ul << 39,
                                     1ul << 47,
                                     1ul << 62,
                                     1ul << 63,
                                     ~0ul,
                                     ~0ul - 1,
                                     ~0ul - 7,
                                     ~0ul - 4095,
                                     ~0ul - 8191,
                                     KERNEL,
                                     0xffffffc000000000u,
                                     0xffffffffc0000000u,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x10000000,
                                     0x80200000,
                                     -100ul,
                                     1024,
                                     255,
                                     32768};
  uint64_t random = tap_random(&seed);
  switch (random % 16) {
    case 0: return tap_random(&seed);
    case 1: return tap_random(&seed) & 0xffff;
    case 2: return (uintptr_t)buffer;
    case 3: return (uintptr_t)buffer + 4096 - (random >> 32) % 16;
    case 4: return (uintptr_t)edge + 4096 - (random >> 32) % 40;
    case 5: return (uintptr_t)edge + 4096;
    case 6: return (uintptr_t)hostile; /* code */
    case 7: return (uintptr_t)special; /* constants */
    default: return special[(random >> 32) % (sizeof special / sizeof special[0])];
  }
}

/* The path that hostile pointers lead to. Calls that change directories get
 * one that names nothing, from wherever it is read; and relative paths start in a directory that
 * was removed, which takes nothing in. */
static void set_path(long number) {
  int changes = number == SYS_mkdirat || number == SYS_unlinkat || number == SYS_symlinkat ||
                number == SYS_linkat || number == SYS_renameat2 || number == SYS_mknodat ||
                number == SYS_mount;
  int rights = number == SYS_fchmodat || number == SYS_fchownat; /* of what others need */
  strcpy(buffer, changes ? "/dev/null/." : rights ? "/none" : "/dev/null");
  strcpy(edge + 4096 - 12, changes ? "/dev/null/." : rights ? "//none/none" : "//dev//null");
}

/* Values that would hurt somebody else, block for long, or leave a file are replaced. */
static void tame(long number, uint64_t* a) {
  switch (number) {
    case SYS_kill: /* not everybody, not a living process */
      if ((int)a[0] < 40000) a[0] = 0x7fffffff;
      break;
    case SYS_nanosleep:
      if (a[0] >= USER_BASE && a[0] < USER_TOP) memset(buffer, 0, 64), a[0] = (uintptr_t)buffer;
      break;
    case SYS_ipc_recv:
      if (a[0] >= USER_BASE && a[0] < USER_TOP) a[0] = (uintptr_t)hostile;
      break;
    case SYS_rt_sigaction: /* a handler anywhere, called at any time, tells nothing */
      a[1] = 0;
      break;
    case SYS_clone: a[0] &= ~(uint64_t)CLONE_VM; break; /* the child runs on, on our stack */
    case SYS_openat: a[2] &= ~(uint64_t)O_CREAT; break;
    case SYS_exec:
    case SYS_execv: /* a program that runs would not come back */
      if (a[0] - 1 < 64 || (uint32_t)a[0] - 1 < 64) a[0] = 1000;
      break;
    case SYS_ipc_send:
      if (a[0] < 40000) a[0] = ~0u;
      break;
    default: break;
  }
}

/* ---- One call ---- */

static void one_call(long number) {
  uint64_t a[6];
  for (int i = 0; i < 6; i++) a[i] = hostile();
  set_path(number);
  tame(number, a);
  pid_t self = getpid();
  errno = 0;
  long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (number == SYS_clone && result == 0 && getpid() != self) _exit(0);
  if (number == SYS_clone && result > 0) waitpid((pid_t)result, NULL, 0);
  if (number == SYS_fail_alloc) fail_alloc(0);
  if (!is_known(number) && (result != -1 || errno != ENOSYS)) {
    tap_fail("call %ld: expected ENOSYS, got %ld, %s", number, result, strerror(errno));
  }
}

/* Descriptors 0 to 2, which small numbers hit, are nothing that talks or waits. */
static void quiet_files(void) {
  fflush(NULL);
  for (int fd = 0; fd < 3; fd++) close(fd);
  open("/dev/zero", O_RDWR);
  open("/dev/null", O_RDWR);
  open(FILE_B, O_RDWR);
  mkdir("/tmp/gone", 0755);
  chdir("/tmp/gone");
  rmdir("/tmp/gone");
}

static int changes_memory(long number) {
  return number == SYS_brk || number == SYS_munmap || number == SYS_mmap ||
         number == SYS_mprotect || number == SYS_mremap || number == SYS_madvise;
}

/* A child makes the calls. For calls that may take its own memory away, each time a new one. */
static void try_number(long number) {
  int children = changes_memory(number) || is_known(number) ? ROUNDS : 1;
  int calls = changes_memory(number) ? 1 : is_known(number) ? 8 : 4;
  for (int i = 0; i < children; i++) {
    tap_random(&seed);
    pid_t child = FORK();
    if (child == 0) {
      quiet_files();
      for (int round = 0; round < calls; round++) one_call(number);
      _exit(0);
    }
    int status = -1;
    EQUAL(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
      tap_fail("call %ld: a wrong answer, see above", number);
    if (WIFSIGNALED(status) && !is_known(number))
      tap_fail("call %ld: died by signal %d", number, WTERMSIG(status));
  }
}

static void prepare(void) {
  edge = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(edge + 4096, 4096);
}

static void all_of_linux(void) {
  prepare();
  for (long number = 0; number <= LAST_LINUX; number++) {
    if (!is_skipped(number)) try_number(number);
  }
  close(open(FILE_B, O_WRONLY | O_TRUNC));
}

static void all_own(void) {
  prepare();
  for (long number = FIRST_OWN; number <= LAST_OWN; number++) {
    if (!is_skipped(number)) try_number(number);
  }
  close(open(FILE_B, O_WRONLY | O_TRUNC));
}

static void far_numbers(void) {
  static const long numbers[] = {-1,
                                 -2,
                                 601,
                                 1000,
                                 4095,
                                 4201,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 1l << 32,
                                 (1l << 32) + SYS_exit,
                                 INT64_MAX,
                                 -4096,
                                 -4095,
                                 (long)KERNEL};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    ERROR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

/* Each known call with one special value in one register, the others 0. */
static void one_register(void) {
  prepare();
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    long number = known[i];
    if (is_skipped(number) || number == SYS_ipc_recv || number == SYS_kill) continue;
    pid_t child = FORK();
    if (child == 0) {
      quiet_files();
      for (int place = 0; place < 6; place++) {
        for (int round = 0; round < 12; round++) {
          uint64_t a[6] = {0};
          a[place] = hostile();
          tame(number, a);
          pid_t self = getpid();
          long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
          if (number == SYS_clone && getpid() != self) _exit(0);
          if (number == SYS_clone && result > 0) waitpid((pid_t)result, NULL, 0);
          if (number == SYS_fail_alloc) fail_alloc(0);
        }
      }
      _exit(0);
    }
    EQUAL(waitpid(child, NULL, 0), child);
  }
  close(open(FILE_B, O_WRONLY | O_TRUNC));
}

static void bad_power(void) {
  ERROR(power(-1, 0), EINVAL);
  ERROR(power(2, 0), EINVAL);
  ERROR(power(TINE_POWER_OFF, -1), EINVAL);
  ERROR(power(TINE_POWER_OFF, 256), EINVAL);
  ERROR(fail_alloc(-1), EINVAL);
}

int main(void) {
  tap_begin("badargs");
  make_file(FILE_B);
  RUN("Linux's numbers, 0 to 600, with hostile arguments: the unknown are ENOSYS", all_of_linux);
  RUN("Tine's numbers, 4096 to 4200, with hostile arguments", all_own);
  RUN("numbers far outside are ENOSYS", far_numbers);
  RUN("every known call with one hostile register", one_register);
  RUN("power and fail_alloc refuse what they do not know", bad_power);
  /* Calls by descriptor may have changed these, which other programs need. */
  syscall(SYS_fchownat, AT_FDCWD, "/dev/null", 0, 0, 0);
  syscall(SYS_fchmodat, AT_FDCWD, "/dev/null", 0666);
  syscall(SYS_fchownat, AT_FDCWD, "/dev/zero", 0, 0, 0);
  syscall(SYS_fchmodat, AT_FDCWD, "/dev/zero", 0666);
  return tap_end();
}
