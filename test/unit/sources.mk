# The kernel's files that the unit tests link. lib/string.cc comes in through test/unit/string_seam.cc (its
# symbols would replace the host's own); runtime.cc is the host compiler's business.
UNIT_KERNEL_SOURCES := $(addprefix kernel/, \
  lib/format.cc lib/elf.cc dev/fdt.cc dev/machine.cc fs/cpio.cc sync/spinlock.cc sync/remote.cc \
  mm/account.cc mm/frames.cc mm/heap.cc mm/failing.cc mm/table_pool.cc mm/page_table.cc \
  wings/linux/users.cc wings/random/chacha20.cc \
  vm/fault.cc vm/regions.cc vm/user_memory.cc)
