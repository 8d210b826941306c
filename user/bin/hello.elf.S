/*
 * A program without a runtime and without Tine's linker script: static, entry 0x401000, three LOAD
 * segments (R, R+X, R). It shows that the kernel loads programs from any Linux toolchain.
 */
#include <tine/syscall.h>

  .text
  .globl _start
_start:
  /* [1] write(1, message, 19) */
  li a0, 1
  lla a1, message
  li a2, 19 /* its length, asserted below */
  li a7, SYS_write
  ecall

  /* [2] exit(0) */
  li a0, 0
  li a7, SYS_exit
  ecall

  .section .rodata
message:
  .ascii "Hello from execve!\n"
  .if . - message != 19
  .error "the message is not 19 bytes"
  .endif
