/*
 * The structures and flags that cross the system call boundary. A structure that Linux has too has
 * the layout of Linux riscv64, though its name may differ; the last part is Tine's own. Valid C
 * and C++.
 */
#pragma once

#include <stdint.h>

#include <tine/signal.h>

/* ---- Files ---- */

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100 /* newfstatat: the link itself */
#define AT_REMOVEDIR 0x200        /* unlinkat: remove a directory, nothing else */
#define AT_SYMLINK_FOLLOW 0x400   /* linkat: what the link names */
#define AT_EACCESS 0x200          /* faccessat2: by the effective ids */
#define AT_NO_AUTOMOUNT 0x800     /* newfstatat: no effect, there are no automatic mounts */
#define AT_EMPTY_PATH 0x1000      /* an empty path is the descriptor itself */

#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_LARGEFILE 0100000 /* openat adds it, and F_GETFL shows it */
#define O_NOATIME 01000000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_CLOEXEC 02000000
#define O_PATH 010000000 /* only names the file, and does not open it */

#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFCHR 0020000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFREG 0100000
#define S_IFLNK 0120000
#define S_IFSOCK 0140000
#define S_ISUID 04000 /* runs as its owner */
#define S_ISGID 02000 /* runs as its group; a directory: new files are of its group */
#define S_ISVTX 01000 /* a directory: only owners may remove names (sticky) */

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_GETLK 5 /* these three take a struct tine_flock */
#define F_SETLK 6
#define F_SETLKW 7
#define F_DUPFD_CLOEXEC 1030
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

struct tine_flock { /* fcntl: a lock of bytes of a file; struct flock */
  int16_t l_type, l_whence;
  int32_t zero;
  int64_t l_start, l_len; /* l_len 0: to the end of the file, also when it grows */
  int32_t l_pid;          /* F_GETLK: the process that has it */
  int32_t zero2;
};

/* flock */
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#define FD_CLOEXEC 1

/* mount */
#define MS_NODEV 4
#define MS_REMOUNT 32
#define MS_NOATIME 1024
#define MS_NODIRATIME 2048
#define MS_BIND 4096
#define MS_SILENT 32768
#define MS_RELATIME 0x200000

/* ppoll, pselect6 */
struct tine_pollfd {
  int32_t fd;
  int16_t events;
  int16_t revents;
};
#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008  /* a pipe without readers; always returned, as the next two */
#define POLLHUP 0x010  /* a pipe without writers */
#define POLLNVAL 0x020 /* no such descriptor */

#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE (1 << 1)

/* The result of getdents64: entries of d_reclen bytes (a multiple of 8), one after the other. */
struct tine_dirent64 {
  uint64_t d_ino;
  int64_t d_off; /* the position of the next entry, for lseek */
  uint16_t d_reclen;
  uint8_t d_type;
  char d_name[]; /* with a final 0 */
};

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10

struct tine_timespec {
  int64_t tv_sec;
  int64_t tv_nsec; /* 0 .. 999,999,999 */
};

/* Resources for prlimit64, getrlimit and setrlimit. (struct rlimit is two words: the limit now,
 * and the most to which it can be raised.) */
#define RLIMIT_CPU 0    /* seconds that it runs: SIGXCPU, and SIGKILL at the highest limit */
#define RLIMIT_FSIZE 1  /* bytes of a file: SIGXFSZ, EFBIG */
#define RLIMIT_DATA 2   /* bytes of private memory that can be written: ENOMEM */
#define RLIMIT_STACK 3  /* bytes that the stack may grow to: SIGSEGV */
#define RLIMIT_CORE 4   /* no effect: there are no core files */
#define RLIMIT_RSS 5    /* no effect, as on Linux */
#define RLIMIT_NPROC 6  /* processes of the user: EAGAIN */
#define RLIMIT_NOFILE 7 /* descriptors are below this: EMFILE */
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9 /* bytes that are mapped: ENOMEM */
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_NLIMITS 16
#define RLIM_INFINITY (~0ul)

/* getrusage, wait4: struct rusage. What has no name here is not counted, and 0. */
struct tine_rusage {
  int64_t user_seconds, user_microseconds, system_seconds, system_microseconds;
  uint64_t max_resident; /* KiB */
  uint64_t not_kept[3];
  uint64_t minor_faults; /* pages mapped without reading a disk */
  uint64_t others[9];
};

struct tine_stat {
  uint64_t st_dev;
  uint64_t st_ino;
  uint32_t st_mode;
  uint32_t st_nlink;
  uint32_t st_uid;
  uint32_t st_gid;
  uint64_t st_rdev;
  uint64_t pad1;
  int64_t st_size; /* bytes */
  int32_t st_blksize;
  int32_t pad2;
  int64_t st_blocks; /* of 512 bytes */
  struct tine_timespec st_atim;
  struct tine_timespec st_mtim;
  struct tine_timespec st_ctim;
  uint32_t unused[2];
};

/* statx. It always returns all of STATX_BASIC_STATS; files have no time of creation. */
struct tine_statx_time {
  int64_t tv_sec;
  uint32_t tv_nsec;
  int32_t reserved;
};
struct tine_statx {
  uint32_t stx_mask; /* which of the fields are filled in */
  uint32_t stx_blksize;
  uint64_t stx_attributes;
  uint32_t stx_nlink;
  uint32_t stx_uid;
  uint32_t stx_gid;
  uint16_t stx_mode;
  uint16_t pad;
  uint64_t stx_ino;
  uint64_t stx_size;
  uint64_t stx_blocks; /* of 512 bytes */
  uint64_t stx_attributes_mask;
  struct tine_statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
  uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
  uint64_t others[14];
};
#define STATX_BASIC_STATS 0x7ff
#define STATX_RESERVED 0x80000000
#define AT_STATX_FORCE_SYNC 0x2000
#define AT_STATX_DONT_SYNC 0x4000
#define AT_STATX_SYNC_TYPE (AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC)

/* The terminal (console), as on Linux. */
#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404 /* also drops input that was not read */
#define TCSBRK 0x5409
#define TCFLSH 0x540b /* drops input; the argument is one of the next three */
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b /* how many bytes can be read; also for pipes */

#define TINE_NCCS 19
/* Indices of c_cc that have an effect, without ICANON: with VMIN 0 a read waits at most VTIME
 * tenths of a second. */
#define VTIME 5
#define VMIN 6
struct tine_termios {
  uint32_t c_iflag;
  uint32_t c_oflag;
  uint32_t c_cflag;
  uint32_t c_lflag;
  uint8_t c_line;
  uint8_t c_cc[TINE_NCCS];
};

#define ICRNL 0000400  /* c_iflag: a carriage return is read as a newline */
#define OPOST 0000001  /* c_oflag */
#define ONLCR 0000004  /* c_oflag: a newline is written as carriage return and newline */
#define B38400 0000017 /* c_cflag: the speed; without effect, as the next two */
#define CS8 0000060
#define CREAD 0000200
#define ISIG 0000001   /* c_lflag */
#define ICANON 0000002 /* c_lflag: input comes line by line, and can be edited with ^H and ^U */
#define ECHO 0000010   /* c_lflag: input is shown */

struct tine_winsize {
  uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

/* ---- The kernel's log (syslog) ---- */

#define SYSLOG_ACTION_CLOSE 0
#define SYSLOG_ACTION_OPEN 1
#define SYSLOG_ACTION_READ 2 /* what no earlier READ returned */
#define SYSLOG_ACTION_READ_ALL 3
#define SYSLOG_ACTION_READ_CLEAR 4
#define SYSLOG_ACTION_CLEAR 5 /* READ_ALL does not return it any more */
#define SYSLOG_ACTION_CONSOLE_OFF 6
#define SYSLOG_ACTION_CONSOLE_ON 7
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_UNREAD 9
#define SYSLOG_ACTION_SIZE_BUFFER 10

/* ---- Memory (mmap, mprotect, mremap, madvise, msync) ---- */

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_SHARED_VALIDATE 0x03 /* MAP_SHARED; Linux refuses unknown flags with it */
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_FIXED_NOREPLACE 0x100000 /* fails where MAP_FIXED would replace something */

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4 /* drops the pages: next come zeros, or the pages of the file */
#define MADV_FREE 8
#define MADV_HUGEPAGE 14
#define MADV_NOHUGEPAGE 15
#define MADV_DONTDUMP 16
#define MADV_DODUMP 17

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

/* ---- Processes (clone, wait4, clock_gettime, uname) ---- */

/* clone flags */
#define CSIGNAL 0xff                    /* the signal that the parent gets when the child ends */
#define CLONE_VM 0x00000100             /* parent and child use the same memory */
#define CLONE_VFORK 0x00004000          /* the parent waits until the child execs or ends */
#define CLONE_SETTLS 0x00080000         /* the child's tp */
#define CLONE_PARENT_SETTID 0x00100000  /* the child's id is stored in the parent's memory */
#define CLONE_CHILD_CLEARTID 0x00200000 /* for threads; no effect for a process */
#define CLONE_CHILD_SETTID 0x01000000   /* the child's id is stored in the child's memory */

#define WNOHANG 1
#define WUNTRACED 2       /* children that are stopped, too */
#define WCONTINUED 8      /* and children that continue */
#define __WALL 0x40000000 /* children with any exit signal: always so here */

/* A status from wait4 is `code << 8` after exit(code) and the signal's number after a death by
 * signal. */

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1          /* since boot, as the next three here */
#define CLOCK_PROCESS_CPUTIME_ID 2 /* that the process has run */
#define CLOCK_THREAD_CPUTIME_ID 3  /* that the calling thread has run */
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_COARSE 5

struct tine_utsname {
  char sysname[65];
  char nodename[65];
  char release[65];
  char version[65];
  char machine[65];
  char domainname[65];
};

/* The result of the call of the same name; memory is in units of mem_unit bytes. */
struct sysinfo {
  int64_t uptime; /* seconds */
  uint64_t loads[3];
  uint64_t totalram;
  uint64_t freeram;
  uint64_t sharedram; /* pages of files in memory, and of pipes */
  uint64_t bufferram;
  uint64_t totalswap;
  uint64_t freeswap;
  uint16_t procs; /* threads; 65535 when there are more */
  uint16_t pad[3];
  uint64_t totalhigh;
  uint64_t freehigh;
  uint32_t mem_unit;
  uint32_t pad2;
};

/* The auxiliary vector that execve leaves on the stack, after envp. */
#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_EXECFN 31
#define AT_MINSIGSTKSZ 51

/* ---- Tine's own ---- */

struct tine_args {
  int32_t argc;
  char argv[8][32]; /* TINE_ARG_COUNT strings of TINE_ARG_LENGTH characters and a 0 */
};

struct tine_message {
  int32_t sender; /* pid */
  int32_t zero;
  uint64_t word;
};

enum tine_process_state {
  TINE_RUNNING = 0, /* on a hart now */
  TINE_READY = 1,   /* in the run queue */
  TINE_SLEEPING = 2,
  TINE_ZOMBIE = 3,
};

enum tine_wait_reason {
  TINE_WAIT_NONE = 0,
  TINE_WAIT_CHILD = 1,   /* wait4; vfork: until the child execs or ends */
  TINE_WAIT_IPC = 2,     /* ipc_recv */
  TINE_WAIT_CONSOLE = 3, /* read from the terminal */
  TINE_WAIT_SLEEP = 4,   /* nanosleep, and other waiting for a time or a signal */
  TINE_WAIT_LOCK = 5,    /* a sleeping mutex of the kernel, or a lock on a file */
  TINE_WAIT_PIPE = 6,
  TINE_WAIT_POLL = 7, /* ppoll, for any of several files */
};

struct tine_process_info {
  int32_t pid;
  int32_t parent;
  int32_t state;       /* enum tine_process_state */
  int32_t wait_reason; /* enum tine_wait_reason; meaningful while TINE_SLEEPING */
  int32_t wait_pid;    /* in wait4: the pid it waits for, or -1 for any; else 0 */
  int32_t hart;        /* where it runs or last ran */
  uint64_t run_ticks;  /* timer ticks that found it running, since its last exec */
  uint64_t schedules;  /* times that it was given a hart */
  uint64_t resident_pages;
  uint64_t shared_pages; /* of these, pages whose frames have other owners too */
  char name[32];         /* APP: the base name of the program, cut to fit */
  struct tine_args args; /* the first arguments, cut to fit */
  int32_t zero;
};

struct tine_memory_info {
  uint64_t total_frames; /* frames of TINE_PAGE_SIZE bytes that the kernel manages */
  uint64_t free_frames;
  uint64_t user_frames;   /* pages of programs */
  uint64_t table_frames;  /* page tables in use */
  uint64_t file_frames;   /* pages of files in memory, and of pipes */
  uint64_t heap_frames;   /* of the kernel heap */
  uint64_t stack_frames;  /* kernel stacks, idle ones included */
  uint64_t kernel_frames; /* the image, frame records, the kernel's page table, firmware */
  uint64_t heap_bytes;    /* allocated from the kernel heap now */
  uint64_t stacks;        /* kernel stacks in use now */
  uint64_t processes;     /* processes and zombies */
  uint64_t threads;
  uint64_t open_files; /* open file descriptions, of all processes */
  uint64_t uptime_ns;
  uint64_t ticks; /* timer ticks taken, over all harts */
  uint32_t hz;    /* ticks per second */
  uint32_t harts; /* started */
};

#define TINE_PAGE_READ 1
#define TINE_PAGE_WRITE 2
#define TINE_PAGE_EXEC 4
#define TINE_PAGE_COW 8 /* read-only until the first write, which may copy it */

struct tine_page_info {
  uint64_t frame;      /* number of the page frame, 0 while none is mapped */
  uint32_t references; /* page tables and files that hold this frame */
  uint32_t flags;      /* TINE_PAGE_* */
};

#define TINE_POWER_OFF 0
#define TINE_POWER_REBOOT 1

#define TINE_TRACE_OFF 0
#define TINE_TRACE_ON 1
#define TINE_TRACE_CHILDREN 2
#define TINE_TRACE_FD 31 /* inherited: a reader sees when the last child ends */
