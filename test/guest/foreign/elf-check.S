# The code of the generated ELF files (test/tools/elf-table): says that it runs, looks at its own
# memory as the table after it tells, and ends with 42, or with 100 + the number of the first row
# that is not so. It lies anywhere: the addresses in the table are those of the program headers, and
# the table's first word is its own one.
#
# Table: its linked address, the number of rows, then rows of four words: kind, a, b, c.
.option norelax
.equ sys_write, 64
.equ sys_exit, 94
.equ sys_brk, 214

.globl _start
_start:
  mv s0, sp
  li a0, 1
  lla a1, plus
  li a2, 1
  li a7, sys_write
  ecall
  lla s1, table
  ld t0, 0(s1)
  sub s2, s1, t0        # s2: how far the program was moved
  ld s3, 8(s1)          # s3: rows
  addi s1, s1, 16
  li s4, 0              # s4: the row
next_row:
  beq s4, s3, all_right
  ld t0, 0(s1)
  ld a1, 8(s1)
  ld a2, 16(s1)
  ld a3, 24(s1)
  addi s1, s1, 32
  lla t1, kinds
  slli t0, t0, 2
  add t1, t1, t0
  jr t1
row_is_right:
  addi s4, s4, 1
  j next_row
row_is_wrong:
  addi a0, s4, 100
  j end
all_right:
  li a0, 42
end:
  li a7, sys_exit
  ecall

.option push
.option norvc
kinds:                  # one instruction each
  j zeros
  j bytes_of_file
  j auxiliary
  j break_at_least
  j store
  j aligned
.option pop

zeros:                  # [a, b) is 0
  add a1, a1, s2
  add a2, a2, s2
1: bgeu a1, a2, row_is_right
  lbu t0, 0(a1)
  bnez t0, row_is_wrong
  addi a1, a1, 1
  j 1b

bytes_of_file:          # [a, b) is the file, from offset c on
  add a1, a1, s2
  add a2, a2, s2
1: bgeu a1, a2, row_is_right
  slli t0, a3, 2        # byte at offset o: (5 * o + o / 256) | 1
  add t0, t0, a3
  srli t1, a3, 8
  add t0, t0, t1
  ori t0, t0, 1
  andi t0, t0, 255
  lbu t1, 0(a1)
  bne t0, t1, row_is_wrong
  addi a1, a1, 1
  addi a3, a3, 1
  j 1b

auxiliary:              # the auxiliary vector has b for a; c: 1 if b is an address
  beqz a3, 1f
  add a2, a2, s2
1: ld t0, 0(s0)
  slli t0, t0, 3
  add t0, t0, s0
  addi t0, t0, 16       # after argc, argv and its 0
2: ld t1, 0(t0)
  addi t0, t0, 8
  bnez t1, 2b
3: ld t1, 0(t0)
  beqz t1, row_is_wrong
  ld t2, 8(t0)
  addi t0, t0, 16
  bne t1, a1, 3b
  beq t2, a2, row_is_right
  j row_is_wrong

break_at_least:         # the heap begins at a or later
  li a0, 0
  mv s5, a1
  li a7, sys_brk
  ecall
  add s5, s5, s2
  bgeu a0, s5, row_is_right
  j row_is_wrong

store:                  # a byte at a takes another value
  add a1, a1, s2
  li t0, 0x5a
  sb t0, 0(a1)
  lbu t1, 0(a1)
  beq t0, t1, row_is_right
  j row_is_wrong

aligned:                # it was moved by a multiple of a, a power of two
  addi a1, a1, -1
  and a1, a1, s2
  beqz a1, row_is_right
  j row_is_wrong

plus:
  .ascii "+"
  .balign 8
table:
