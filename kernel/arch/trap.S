# The gate between user mode and the kernel: the way in, the way out, and the first step of a new
# process.
#
# sscratch says which mode a trap comes from: in user mode it points to the TrapFrame at the top of
# the thread's kernel stack; in the kernel it is 0. The kernel runs with interrupts off, so a trap
# taken in the kernel is always a bug.

#include "arch/offsets.h"

.macro each_x op, base         # all general registers but zero and sp
  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
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
  # [ecall 2] [fault 1] Swap the user's sp for the TrapFrame; 0 means that the trap came from the
  # kernel.
  csrrw sp, sscratch, sp
  beqz sp, from_kernel

  # lab traps 1 {
  # All of the user's registers into the frame, before anything can change them.
  each_x sd, sp
  csrrw t0, sscratch, zero     # the user's sp; and sscratch says "in the kernel"
  csrr t1, sepc
  csrr t2, sstatus
  sd t0, TF_X(2)(sp)
  sd t1, TF_SEPC(sp)
  sd t2, TF_SSTATUS(sp)

  ld tp, TF_HART(sp)           # the kernel's tp: this hart, as trap_return left it
  li s0, 0                     # a walk along the frame pointers ends here
  mv a0, sp
  call trap_handler
  # } lab

leave:                         # sp = TrapFrame
  mv a0, sp
  call return_to_user          # [ecall 8] does all work that is left before user mode
.globl trap_return
trap_return:
  # lab traps 1 {
  ld t1, TF_SEPC(sp)
  ld t2, TF_SSTATUS(sp)
  csrw sscratch, sp
  csrw sepc, t1
  csrw sstatus, t2
  # The thread may have changed harts since it came in. Stored twice: the sc cancels a reservation
  # that lr left, because another thread could have written in between (Unprivileged ISA,
  # "Zalrsc").
  sd tp, TF_HART(sp)
  sc.d zero, tp, (sp)
  each_x ld, sp
  ld sp, TF_X(2)(sp)
  sret                         # [ecall 9]
  # } lab

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
# lab fork 1 {
# Its Context had this address as ra and its TrapFrame as sp.
# } lab
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
