# void switch_context(Context *from, const Context *to)
#
# Leaves one thread and continues another. It is a function call for both: the caller has saved the
# registers that the psABI lets a callee destroy, this function saves the rest, and `ret` returns
# in the other thread, to where that one once called this function (or to the first code of a new
# thread, whose ra was written when it was made). tp stays: it names the hart.

#include "arch/offsets.h"

.globl switch_context
.type switch_context, @function
switch_context:
  sd ra, CTX_RA(a0)
  sd sp, CTX_SP(a0)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
  sd s\n, CTX_S(\n)(a0)
  .endr

  ld ra, CTX_RA(a1)
  ld sp, CTX_SP(a1)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
  ld s\n, CTX_S(\n)(a1)
  .endr
  ret
.size switch_context, . - switch_context
