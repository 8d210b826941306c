# Reads `nm -nC kernel`, writes the kernel's own table of function names as assembly: the kernel prints
# backtraces from it. Entries are sorted by address, which is how nm gives them.
#
#   kernel_symbols        { u32 offset from kernel_start; u32 offset into kernel_symbol_names; } ...
#   kernel_symbols_count  u64
#   kernel_symbol_names   names, each ended by a 0
#
# Names are cut for reading: no parameter lists, no template arguments, no anonymous namespaces.

BEGIN {
  length_so_far = 0
  print "  .section .symbols, \"a\"\n  .balign 8"
  print "  .globl kernel_symbols, kernel_symbols_count, kernel_symbol_names"
  print "kernel_symbols:"
}

$2 ~ /^[tTwW]$/ {
  address = $1
  name = $0
  sub(/^[^ ]+ [^ ]+ /, "", name)
  gsub(/\(anonymous namespace\)::/, "", name)
  gsub(/\[[^]]*\]/, "", name)
  gsub(/->/, "", name)
  while (gsub(/<[^<>]*>/, "", name)) { }
  sub(/operator\(\)/, "operator", name)
  sub(/\(.*/, "", name)
  sub(/^.* /, "", name)
  if (name == "" || name ~ /^(\.L|\$)/) next
  if (address == last) next
  last = address
  printf "  .word 0x%s - 0x80200000, %d\n", substr(address, length(address) - 7), length_so_far
  length_so_far += length(name) + 1
  names[count++] = name
}

END {
  print "  .balign 8\nkernel_symbols_count:\n  .dword " count + 0
  print "kernel_symbol_names:"
  for (i = 0; i < count; i++) print "  .asciz \"" names[i] "\""
  print "  .byte 0"
}
