/*
 * System call numbers (a7). Below 4096 they are Linux riscv64's, arguments and results alike
 * (arguments in a0..a5, result or -errno in a0), so that unmodified Linux programs can run. From
 * 4096 on are the calls that only Tine has. An unknown number returns -ENOSYS.
 *
 * Valid C, C++ and assembly.
 */
#pragma once

/* Files */
#define SYS_getcwd 17
#define SYS_dup 23
#define SYS_dup3 24
#define SYS_fcntl 25
#define SYS_flock 32
#define SYS_ioctl 29
#define SYS_mkdirat 34
#define SYS_unlinkat 35
#define SYS_symlinkat 36
#define SYS_linkat 37
#define SYS_ftruncate 46
#define SYS_fallocate 47
#define SYS_chdir 49
#define SYS_openat 56
#define SYS_close 57
#define SYS_pipe2 59
#define SYS_getdents64 61
#define SYS_lseek 62
#define SYS_read 63
#define SYS_write 64
#define SYS_readlinkat 78
#define SYS_newfstatat 79
#define SYS_fstat 80
#define SYS_renameat2 276

/* Processes */
#define SYS_exit 93
#define SYS_exit_group 94
#define SYS_nanosleep 101
#define SYS_clock_gettime 113
#define SYS_sched_yield 124
#define SYS_kill 129
#define SYS_rt_sigaction 134
#define SYS_rt_sigprocmask 135
#define SYS_rt_sigreturn 139
#define SYS_uname 160
#define SYS_getpid 172
#define SYS_getppid 173
#define SYS_gettid 178
/* lab syscall 1 { */
#define SYS_sysinfo 179
/* } lab */
#define SYS_clone 220
#define SYS_execve 221
#define SYS_wait4 260

/* Memory */
#define SYS_brk 214
#define SYS_munmap 215
#define SYS_mremap 216
#define SYS_mmap 222
#define SYS_mprotect 226
#define SYS_msync 227
#define SYS_madvise 233

/* Signals, beyond what the core has (the wing rtsignals) */
#define SYS_sigaltstack 132
#define SYS_rt_sigtimedwait 137

/* What only Linux's own programs ask for (the wing linux) */
#define SYS_mknodat 33
#define SYS_mount 40
#define SYS_statfs 43
#define SYS_fstatfs 44
#define SYS_truncate 45
#define SYS_faccessat 48
#define SYS_fchdir 50
#define SYS_fchmod 52
#define SYS_fchmodat 53
#define SYS_fchownat 54
#define SYS_fchown 55
#define SYS_readv 65
#define SYS_writev 66
#define SYS_pread64 67
#define SYS_pwrite64 68
#define SYS_sendfile 71
#define SYS_pselect6 72
#define SYS_ppoll 73
#define SYS_sync 81
#define SYS_fsync 82
#define SYS_fdatasync 83
#define SYS_utimensat 88
#define SYS_set_tid_address 96
#define SYS_futex 98
#define SYS_clock_getres 114
#define SYS_clock_nanosleep 115
#define SYS_syslog 116
#define SYS_sched_getaffinity 123
#define SYS_tkill 130
#define SYS_tgkill 131
#define SYS_rt_sigsuspend 133
#define SYS_rt_sigpending 136
#define SYS_setregid 143
#define SYS_setgid 144
#define SYS_setreuid 145
#define SYS_setuid 146
#define SYS_setresuid 147
#define SYS_getresuid 148
#define SYS_setresgid 149
#define SYS_getresgid 150
#define SYS_times 153
#define SYS_getpgid 155
#define SYS_getsid 156
#define SYS_getgroups 158
#define SYS_setgroups 159
#define SYS_getrlimit 163
#define SYS_setrlimit 164
#define SYS_getrusage 165
#define SYS_umask 166
#define SYS_gettimeofday 169
#define SYS_getuid 174
#define SYS_geteuid 175
#define SYS_getgid 176
#define SYS_getegid 177
#define SYS_riscv_flush_icache 259
#define SYS_prlimit64 261
#define SYS_getrandom 278
#define SYS_statx 291
#define SYS_faccessat2 439
/* Linux has these, Tine does not: they fail with ENOSYS, or EAFNOSUPPORT (socket). */
#define SYS_set_robust_list 99
#define SYS_prctl 167
#define SYS_socket 198
#define SYS_riscv_hwprobe 258
#define SYS_copy_file_range 285
#define SYS_rseq 293
#define SYS_clone3 435
#define SYS_close_range 436

/*
 * Tine's own.
 *
 * exec(int app_id)
 *     Replaces the program by that of the app id, with argv = { name }.
 * execv(int app_id, char *const argv[])
 *     The same with arguments: at most TINE_ARG_COUNT of TINE_ARG_LENGTH characters; else E2BIG.
 * getargs(struct tine_args *args)
 *     The arguments that exec or execv gave this program. Returns argc.
 * ipc_send(int pid, unsigned long word)
 *     Puts a message into pid's mailbox. EAGAIN: it is full. ESRCH: there is no such process.
 * ipc_recv(struct tine_message *m)
 *     Takes the message from the caller's own mailbox; sleeps while there is none.
 * process_info(int pid, struct tine_process_info *info)
 *     Describes the process with the lowest pid not below `pid`, and returns that pid, so that a
 *     loop finds all processes. ESRCH: there is none.
 * memory_info(struct tine_memory_info *info)
 * page_info(const void *address, struct tine_page_info *info)
 *     How the caller's page at `address` is mapped. EFAULT: the address is in no region.
 * power(int action, int code)
 *     TINE_POWER_OFF or TINE_POWER_REBOOT. `code` (0..255) becomes the machine's exit status.
 *     EPERM: only the superuser may. EINVAL.
 * fail_alloc(long n)
 *     The caller's n-th kernel allocation from now on (1: the next) fails, once; 0 disarms.
 *     Returns what was left of the count before: 0 if an allocation has failed, or none was to.
 * trace(int mode)                                                       (wing `trace`)
 *     TINE_TRACE_OFF, TINE_TRACE_ON or TINE_TRACE_CHILDREN: from now on each system call of the
 *     caller (and of the children that it makes from now on) becomes a line in its descriptor
 *     TINE_TRACE_FD. EINVAL; EBADF: that descriptor is not open.
 */
#define SYS_exec 4096
#define SYS_execv 4097
#define SYS_getargs 4098
#define SYS_ipc_send 4099
#define SYS_ipc_recv 4100
#define SYS_process_info 4101
#define SYS_memory_info 4102
#define SYS_page_info 4103
#define SYS_power 4104
#define SYS_fail_alloc 4105
#define SYS_trace 4106
