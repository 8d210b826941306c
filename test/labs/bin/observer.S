/*
 * The observer: the program in the guest that a lab's grader looks through. It decides nothing and
 * knows nothing. The grader on the host stops each of its processes at `rest`, sets all registers,
 * lets it do one of the steps below, and looks at it when it is at `rest` again (observer.hh).
 *
 * It uses no header and no library, so nothing that a student hands in is compiled into it. It is
 * linked where no other program of the tree has code (lab.mk).
 */
  .option norelax
  .option norvc
  .section .text
  .globl _start
_start:
  li a7, 124 /* sched_yield: nothing happens until the grader wants something */
  /* A system call with all registers as the grader set them. */
step_call:
  ecall
  .globl rest
rest:
  j rest

step_load:
  ld a0, 0(a0)
  j rest

step_store:
  sd a1, 0(a0)
  j rest

/* Code that the observer has written itself. */
step_run:
  fence.i
  jalr a0
  j rest

/* The address of a signal's handler. The grader stops it here, too, and skips the first line. */
handler:
  nop
  ret

  .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  .ifc \n,0
step_load_fp:
  .endif
  fld f\n, 8*\n(a0)
  .endr
  j rest

  .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  .ifc \n,0
step_store_fp:
  .endif
  fsd f\n, 8*\n(a0)
  .endr
  j rest

/* Writes a1 to each of a2 pages from a0 on. */
step_touch:
  lui t0, 1
1:
  beqz a2, rest
  sd a1, 0(a0)
  add a0, a0, t0
  addi a2, a2, -1
  j 1b

/* The same; s1 is the number of instructions that it took. */
step_touch_cost:
  rdinstret s0
  lui t0, 1
1:
  beqz a2, 2f
  sd a1, 0(a0)
  add a0, a0, t0
  addi a2, a2, -1
  j 1b
2:
  rdinstret s1
  sub s1, s1, s0
  j rest

/* a0 rounds of arithmetic on a1. */
step_work:
  li t0, 6364136223846793005
1:
  beqz a0, rest
  mul a1, a1, t0
  addi a1, a1, 1
  addi a0, a0, -1
  j 1b

/*
 * Stores s0 to each of s3 pages from s2 on, makes the call, and if that is above 0 (fork, in the
 * parent) stores s1 there at once, without a stop between.
 */
step_fork_touch:
  mv t1, s2
  mv t2, s3
  lui t0, 1
1:
  sd s0, 0(t1)
  add t1, t1, t0
  addi t2, t2, -1
  bnez t2, 1b
  ecall
  blez a0, rest
1:
  sd s1, 0(s2)
  add s2, s2, t0
  addi s3, s3, -1
  bnez s3, 1b
  j rest

/* The call in s1 with the argument s2, s0 times; stops early when its result is negative. */
step_repeat:
  beqz s0, rest
  mv a7, s1
  mv a0, s2
  ecall
  bltz a0, rest
  addi s0, s0, -1
  j step_repeat

/* A call; a child that comes out of it stores its alternate stack at s2, and ends with 0. */
step_child_stack:
  ecall
  bnez a0, rest
  mv a1, s2
  li a7, 132
  ecall
  li a0, 0
  li a7, 94
  ecall

/* A call; s1 is the number of instructions that it took. */
step_cost:
  rdinstret s0
  ecall
  rdinstret s1
  sub s1, s1, s0
  j rest

/* fork: clone with the flags s1. */
  .macro call_clone
  mv a0, s1
  li a1, 0
  li a2, 0
  li a3, 0
  li a4, 0
  li a7, 220
  ecall
  .endm

/* Waits for the child a0. s5: an address for the status. */
  .macro call_wait4
  mv a1, s5
  li a2, 0
  li a3, 0
  li a7, 260
  ecall
  .endm

/*
 * s0 times: fork (clone with the flags s1); the child writes to s3 pages at s2, each of them, and
 * ends with s0 & 127; the parent waits, and adds the status to s4. Stops early at an error: then
 * a0 is that. s5: an address for the status.
 */
step_many:
  beqz s0, rest
  call_clone
  bltz a0, rest
  bnez a0, 3f
  lui t0, 1
  mv t1, s2
  mv t2, s3
1:
  beqz t2, 2f
  sd s0, 0(t1)
  add t1, t1, t0
  addi t2, t2, -1
  j 1b
2:
  andi a0, s0, 127
  li a7, 94
  ecall
3:
  call_wait4
  bltz a0, rest
  lw t0, 0(s5)
  add s4, s4, t0
  addi s0, s0, -1
  j step_many

/*
 * For n = s0, s0 - 1, ... 1: fork with the n-th allocation failing (fail_alloc, 4105). s6 counts
 * those that succeed all the same, s7 those that fail with another error than ENOMEM.
 */
step_fail:
  beqz s0, rest
  mv a0, s0
  mv a7, s8
  ecall
  call_clone
  mv s9, a0
  li a0, 0
  mv a7, s8
  ecall
  beqz s9, 2b
  bgtz s9, 1f
  addi s9, s9, 12
  beqz s9, 2f
  addi s7, s7, 1
  j 2f
1:
  addi s6, s6, 1
  mv a0, s9
  call_wait4
2:
  addi s0, s0, -1
  j step_fail

  .section .data
  .balign 4096
initialised:
  .rept 1024
  .dword 0x1122334455667788
  .endr

  .section .bss
  .balign 4096
uninitialised:
  .skip 4 * 4096
