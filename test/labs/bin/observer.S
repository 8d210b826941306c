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

/*
 * s0 system calls, one after the other without a stop between. s2: eight words for each of them.
 * The first four are its number and three arguments; into the next three go the time before it, the
 * time after it, and its result. Then s3 rounds of step_work.
 */
step_calls:
  beqz s0, 1f
  ld a7, 0(s2)
  ld a0, 8(s2)
  ld a1, 16(s2)
  ld a2, 24(s2)
  li a3, 0
  rdtime t0
  sd t0, 32(s2)
  ecall
  rdtime t0
  sd t0, 40(s2)
  sd a0, 48(s2)
  addi s2, s2, 64
  addi s0, s0, -1
  j step_calls
1:
  mv a0, s3
  j step_work

/*
 * One round of work: s0 counts the rounds, s1 is mixed in a way that cannot be computed in fewer
 * steps, and both are stored at s2. t1: the factor.
 */
  .macro work_round
  srli t0, s1, 29
  xor s1, s1, t0
  mul s1, s1, t1
  addi s0, s0, 1
  sd s1, 8(s2)
  sd s0, 0(s2)
  .endm

/* Works for ever. A round takes 7 instructions. */
step_spin:
  li t1, 6364136223846793005
1:
  work_round
  j 1b

/*
 * For ever: s3 rounds of work, then a sleep until s4 units of the clock before a tick; there are s5
 * between two ticks. The process knows of a tick because time passes between two of its rounds. A
 * round takes 13 instructions. s2 + 16: room for the time of nanosleep.
 */
step_beat:
  li t1, 6364136223846793005
  rdtime t3 /* the last time that was seen */
  mv t4, t3 /* when the last tick had been handled */
1:
  mv t2, s3
2:
  beqz t2, 3f
  work_round
  addi t2, t2, -1
  rdtime t5
  sub t6, t5, t3
  mv t3, t5
  li a1, 4
  bltu t6, a1, 2b
  mv t4, t5
  j 2b
3:
  rdtime t5
  sub t6, t4, s4
4:
  add t6, t6, s5
  bgeu t5, t6, 4b
  sub t6, t6, t5
  li a1, 100
  mul t6, t6, a1
  sd zero, 16(s2)
  sd t6, 24(s2)
  addi a0, s2, 16
  li a1, 0
  li a7, 101
  ecall
  rdtime t3
  j 1b

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
