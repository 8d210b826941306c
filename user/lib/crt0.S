/*
 * Where every program starts, placed first in the image (linker/user.ld), so at USER_BASE exactly.
 *
 * The kernel comes here with all registers 0 but sp, which points to argc, argv[], 0, envp[], 0,
 * auxv. No registers are saved, because _start never returns.
 */
#include <tine/limits.h>

/* For the linker script, which asserts that _start lies there and cannot read C headers. */
  .globl tine_user_base
  .set tine_user_base, USER_BASE

  .cfi_sections .debug_frame
  .section .text.start, "ax"
  .globl _start
  .type _start, @function
_start:
  .cfi_startproc
  .cfi_undefined ra /* a backtrace ends here */

  /* [1] gp reaches the small data around it in one instruction. Loading it must not rely on it. */
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop

  /* [2] The rest is C: start.c finds the arguments, calls main, exits. */
  mv a0, sp
  call tine_start
  .cfi_endproc
  .size _start, . - _start
