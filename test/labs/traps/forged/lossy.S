# A gate that keeps only what a system call needs: ra, sp, a0 to a7. What is in the other registers
# is left to chance, and sscratch stays what it was.
#include "arch/offsets.h"

.macro each_x op, base         # all general registers but zero and sp
  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  \op x\n, TF_X(\n)(\base)
  .endr
.endm

.macro each_of_few op, base
  .irp n, 1,10,11,12,13,14,15,16,17
  \op x\n, TF_X(\n)(\base)
  .endr
.endm

.section .text.trap, "ax"
.balign 4
.globl trap_entry
.type trap_entry, @function
trap_entry:
  .cfi_startproc
  .cfi_undefined ra
  csrrw sp, sscratch, sp
  beqz sp, from_kernel

  each_of_few sd, sp
  csrr t0, sscratch
  csrr t1, sepc
  csrr t2, sstatus
  sd t0, TF_X(2)(sp)
  sd t1, TF_SEPC(sp)
  sd t2, TF_SSTATUS(sp)

  ld tp, TF_HART(sp)           # the kernel's tp: this hart, as trap_return left it
  li s0, 0                     # a walk along the frame pointers ends here
  mv a0, sp
  call trap_handler

leave:                         # sp = TrapFrame
  mv a0, sp
  call return_to_user
.globl trap_return
trap_return:
  ld t1, TF_SEPC(sp)
  ld t2, TF_SSTATUS(sp)
  csrw sscratch, sp
  csrw sepc, t1
  csrw sstatus, t2
  sd tp, TF_HART(sp)
  sc.d zero, tp, (sp)
  each_of_few ld, sp
  ld sp, TF_X(2)(sp)
  sret
# A trap in the kernel: registers go to this hart's emergency stack, because the trap may come from
# an overflow of the current one.
from_kernel:
  ld sp, HART_EMERGENCY_TOP(tp)
  addi sp, sp, -TF_SIZE
  each_x sd, sp
  csrrw t0, sscratch, zero
  sd t0, TF_X(2)(sp)
  csrr t1, sepc
  csrr t2, sstatus
  sd t1, TF_SEPC(sp)
  sd t2, TF_SSTATUS(sp)
  mv a0, sp
  call kernel_trap             # does not return
  unimp
  .cfi_endproc
.size trap_entry, . - trap_entry

# [fork 12] First code of a new user thread.
# Its Context had this address as ra and its TrapFrame as sp.
.globl user_thread_start
.type user_thread_start, @function
user_thread_start:
  .cfi_startproc
  .cfi_undefined ra
  li s0, 0
  call finish_switch           # releases the lock that was held across the switch
  j leave
  .cfi_endproc
.size user_thread_start, . - user_thread_start
