/*
 * The system call stubs: one row a call. A C call already has its arguments in a0..a5, where the
 * kernel expects them, so a stub only puts the number into a7.
 *
 * To add a call: a row here, and its declaration in a header. A call whose C form differs from the
 * kernel's is a few lines in posix.c, on top of the generic syscall().
 */
#include <tine/errno.h>
#include <tine/syscall.h>

  .cfi_sections .debug_frame

#define CALL(name, number)            \
  .section .text.name, "ax";          \
  .globl name;                        \
  .type name, @function;              \
name: .cfi_startproc;                 \
  li a7, number;                      \
  j enter_kernel;                     \
  .cfi_endproc;                       \
  .size name, . - name

/* Files */
CALL(read, SYS_read)
CALL(write, SYS_write)
CALL(close, SYS_close)
CALL(openat, SYS_openat)
CALL(lseek, SYS_lseek)
CALL(ftruncate, SYS_ftruncate)
CALL(fstat, SYS_fstat)
CALL(fstatat, SYS_newfstatat)
CALL(ioctl, SYS_ioctl)
CALL(klogctl, SYS_syslog)
CALL(fcntl, SYS_fcntl)
CALL(dup, SYS_dup)
CALL(dup3, SYS_dup3)
CALL(pipe2, SYS_pipe2)
CALL(getdents64, SYS_getdents64)
CALL(chdir, SYS_chdir)
CALL(mkdirat, SYS_mkdirat)
CALL(linkat, SYS_linkat)
CALL(symlinkat, SYS_symlinkat)
CALL(readlinkat, SYS_readlinkat)
CALL(unlinkat, SYS_unlinkat)
CALL(renameat2, SYS_renameat2)
CALL(flock, SYS_flock)

/* Processes */
CALL(_exit, SYS_exit_group)
CALL(tine_execve, SYS_execve)
CALL(getpid, SYS_getpid)
CALL(getppid, SYS_getppid)
CALL(gettid, SYS_gettid)
CALL(kill, SYS_kill)
CALL(sched_yield, SYS_sched_yield)
CALL(nanosleep, SYS_nanosleep)
CALL(clock_gettime, SYS_clock_gettime)
CALL(uname, SYS_uname)
/* lab syscall 1 { */
CALL(sysinfo, SYS_sysinfo)
/* } lab */

/* Memory */
CALL(mmap, SYS_mmap)
CALL(munmap, SYS_munmap)
CALL(mprotect, SYS_mprotect)
CALL(mremap, SYS_mremap)
CALL(madvise, SYS_madvise)
CALL(msync, SYS_msync)

/* Tine's own */
CALL(tine_exec, SYS_exec)
CALL(tine_execv, SYS_execv)
CALL(getargs, SYS_getargs)
CALL(ipc_send, SYS_ipc_send)
CALL(ipc_recv, SYS_ipc_recv)
CALL(process_info, SYS_process_info)
CALL(memory_info, SYS_memory_info)
CALL(page_info, SYS_page_info)
CALL(power, SYS_power)
CALL(fail_alloc, SYS_fail_alloc)
CALL(trace, SYS_trace)

/* long syscall(long number, ...): moves every argument down by one register, then continues as
 * above. */
  .section .text.syscall, "ax"
  .globl syscall
  .type syscall, @function
syscall:
  .cfi_startproc
  mv a7, a0
  mv a0, a1
  mv a1, a2
  mv a2, a3
  mv a3, a4
  mv a4, a5
  mv a5, a6
  j enter_kernel
  .cfi_endproc
  .size syscall, . - syscall

/* Expects the number in a7. Failure is -4095..-1 in a0; everything else is a result. */
  .section .text.enter_kernel, "ax"
  .type enter_kernel, @function
enter_kernel:
  .cfi_startproc
  ecall /* [ecall 1] to trap_entry (kernel/arch/trap.S) */
  li t0, -4095
  bgeu a0, t0, 1f
  ret
1:
  neg a0, a0
  la t0, errno
  sw a0, 0(t0)
  li a0, -1
  ret
  .cfi_endproc
  .size enter_kernel, . - enter_kernel

/* int errno */
  .section .sbss.errno, "aw", @nobits
  .globl errno
  .type errno, @object
  .balign 4
errno: .zero 4
  .size errno, 4
