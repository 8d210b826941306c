# Power on: OpenSBI enters here in S-mode, paging off, on the hart that won its boot lottery; and on
# each other hart when the first one starts it.
#   a0 = hart id, a1 = physical address of the device tree (first hart)
# Until paging is on, everything runs at physical addresses. The code is position independent
# (medany), so `la` gives physical addresses here and virtual ones later.

#include "arch/offsets.h"

.equ PTE_KERNEL_RWX, 0xef      # V R W X G A D: only until the kernel's own tables are built
.equ SATP_SV39, 8

.section .text.entry, "ax"
.globl _start
.type _start, @function
_start:
  # [boot 1] OpenSBI leaves stvec at _start, so an early fault would restart the kernel without a
  # word. Report it instead.
  la t0, early_trap
  csrw stvec, t0
  csrw sie, zero
  li t0, 0x6000                # sstatus.FS is Dirty at entry; Off: the kernel uses no FP
  csrc sstatus, t0

  # The first hart to come boots. By the time that it starts the others it has filled harts[].
  la t0, boot_taken
  li t1, 1
  amoswap.w.aq t1, t1, (t0)
  bnez t1, find_own_hart

  # [boot 2] C++ expects bss to be zero.
  la t0, bss_start
  la t1, bss_end
1:sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b

  # [boot 3] A first page table of 1 GiB pages: all of physical memory in the direct map. The GiB
  # that holds this code is mapped at its physical address too, so that the instruction after
  # `csrw satp` can be fetched.
  la t0, boot_page_table
  li t1, 256                   # entries 256..511 are the upper half
  slli t2, t1, 3
  add t2, t0, t2
  li t3, PTE_KERNEL_RWX
  li t4, 1 << 28               # one GiB in the frame number field
2:sd t3, 0(t2)
  addi t2, t2, 8
  add t3, t3, t4
  addi t1, t1, -1
  bnez t1, 2b
  la t2, _start
  srli t2, t2, 30
  slli t3, t2, 28
  addi t3, t3, PTE_KERNEL_RWX
  slli t2, t2, 3
  add t2, t0, t2
  sd t3, 0(t2)

  la s0, harts                 # the boot hart is harts[0], whatever its id
  la s1, boot_stack_top
  la s2, kernel_main
  j enable_paging

find_own_hart:
  # lab boot 2 {
  la s0, harts
  la t1, hart_count
  lw t1, (t1)
1:beqz t1, 3f                  # not in harts[]: the kernel does not use this hart
  ld t2, HART_ID(s0)
  beq t2, a0, 2f
  addi s0, s0, HART_SIZE
  addi t1, t1, -1
  j 1b
3:wfi
  j 3b
2:li s1, 0                     # no stack yet: it is mapped in the kernel's page table only
  la s2, secondary_virtual
  # } lab

# [boot 4] Paging on. s0 = Hart, s1 = stack, s2 = where to jump, all physical; a0 and a1 are kept.
enable_paging:
  li t0, DIRECT_MAP_BASE
  add s0, s0, t0
  add s1, s1, t0
  add s2, s2, t0
  la t0, boot_page_table
  srli t0, t0, 12
  li t1, SATP_SV39
  slli t1, t1, 60
  or t0, t0, t1
  sfence.vma
  csrw satp, t0
  sfence.vma

  mv tp, s0
  mv sp, s1
  csrw sscratch, zero          # "in the kernel"
  la t0, trap_entry
  li t1, DIRECT_MAP_BASE
  add t0, t0, t1
  csrw stvec, t0
  li s0, 0                     # a walk along the frame pointers ends here
  li ra, 0
  jr s2                        # from here on at virtual addresses

secondary_virtual:
  # lab boot 2 {
  ld t0, HART_START_SATP(tp)
  csrw satp, t0
  sfence.vma
  ld sp, HART_START_SP(tp)
  j secondary_main
  # } lab
.size _start, . - _start

# A fault before the kernel can report one: print a message through the firmware, and shut down.
.balign 4
early_trap:
  la s1, early_message
4:lbu a0, 0(s1)
  beqz a0, 5f
  li a7, 1                     # legacy console_putchar
  li a6, 0
  ecall
  addi s1, s1, 1
  j 4b
5:li a7, 0x53525354            # SRST: shutdown, reason: system failure
  li a6, 0
  li a0, 0
  li a1, 1
  ecall
6:wfi
  j 6b

.section .rodata
early_message:
  .asciz "\nTine: panic: fault in the first instructions of the kernel\n"

.section .data
.balign 4
boot_taken:                    # not in .bss, which the first hart clears
  .word 0

.section .bss
.balign 4096
.globl boot_page_table
boot_page_table:
  .skip 4096
.globl boot_stack_guard
boot_stack_guard:              # left unmapped by the kernel's own page table
  .skip 4096
  .skip BOOT_STACK_SIZE
.globl boot_stack_top
boot_stack_top:
