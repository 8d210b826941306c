# Floating-point registers to and from an FpState (trap_frame.hh). The kernel itself is compiled
# without floating point (lp64), so these are the only places that touch them; sstatus.FS must not
# be Off.

.option arch, +d

# lab traps 1 {
.macro each_f op
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  \op f\n, (\n * 8)(a0)
  .endr
.endm
# } lab

.globl fp_save
.type fp_save, @function
fp_save:
  # lab traps 1 {
  each_f fsd
  frcsr t0
  sd t0, 256(a0)
  # } lab
  ret
.size fp_save, . - fp_save

.globl fp_restore
.type fp_restore, @function
fp_restore:
  # lab traps 1 {
  each_f fld
  ld t0, 256(a0)
  fscsr t0
  # } lab
  ret
.size fp_restore, . - fp_restore
