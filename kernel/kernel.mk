# The kernel: how it is compiled, and linked with a table of its own symbols.

KERNEL_DEFINES := -DTINE_DEBUG=$(if $(filter debug,$(MODE)),1,0)
# lp64 keeps floating point out of the kernel. The two headers in build/include are empty: one that the
# C library has for lp64d only, one that would make <atomic> drag in half of the C++ library. (And a third,
# for programs: the compiler's own <limits.h> wants to include the next one.)
KERNEL_FLAGS := -O2 -g -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -ffreestanding -fno-pic \
  -fno-stack-protector -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables \
  -ffunction-sections -fdata-sections $(WARNINGS) $(KERNEL_DEFINES) -isystem build/include -I kernel -I include
KERNEL_CXXFLAGS := -std=c++23 -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-devirtualize-speculatively
KERNEL_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--no-warn-rwx-segments,--gc-sections \
  -Wl,-z,max-page-size=4096 -T linker/kernel.ld

ifeq ($(MODE) $(filter ubsan,$(WINGS_IN)),debug ubsan)
KERNEL_CXXFLAGS += -fsanitize=undefined -fno-sanitize=vptr
endif
CORE_SOURCES := $(wildcard kernel/*.cc kernel/*.S kernel/*/*.cc kernel/*/*.S)
KERNEL_SOURCES := $(CORE_SOURCES) $(foreach w,$(WINGS_IN),$(wildcard kernel/wings/$(w)/*.cc kernel/wings/$(w)/*.S))
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(O)/%.o)

$(O)/kernel.flags: FORCE
	$(call stamp,$(CXX) $(KERNEL_FLAGS) $(KERNEL_CXXFLAGS))
$(B)/kernel.objects: FORCE
	$(call stamp,$(KERNEL_OBJECTS) $(KERNEL_LDFLAGS))

build/include/empty:
	@mkdir -p build/include/{gnu,bits,user}
	@touch build/include/{gnu/stubs-lp64.h,bits/atomic_wait.h,user/limits.h} $@

# The standard headers that nearly every file includes, compiled once: half of the build's time. Every file
# names what it needs all the same; `make lint` compiles without this.
STANDARD := algorithm array atomic expected span string_view
$(O)/standard.hh.gch: $(O)/kernel.flags build/include/empty | deps
	@printf '#include <%s>\n' $(STANDARD) > $(O)/standard.hh
	$(Q)$(CXX) $(KERNEL_FLAGS) $(KERNEL_CXXFLAGS) -x c++-header $(O)/standard.hh -o $@
$(O)/kernel/%.cc.o: kernel/%.cc $(O)/standard.hh.gch
	$(say) CXX $<
	@mkdir -p $(@D)
	$(Q)$(CXX) $(KERNEL_FLAGS) $(KERNEL_CXXFLAGS) $(DEPFLAGS) -include $(O)/standard.hh -c $< -o $@
$(O)/kernel/%.S.o: kernel/%.S $(O)/kernel.flags build/include/empty | deps
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(CXX) $(KERNEL_FLAGS) $(DEPFLAGS) -c $< -o $@

# Two links: the first tells the addresses of all functions, the second has them as a table for backtraces.
# The table lies behind all code, so no function moves; should one move nevertheless, the build stops.
$(B)/kernel.elf: $(KERNEL_OBJECTS) $(B)/kernel.objects linker/kernel.ld kernel/kernel.mk $(TOOLS)/symbols.awk
	$(say) LINK $@
	$(Q)awk -f $(TOOLS)/symbols.awk < /dev/null > $(B)/symbols0.S
	$(Q)$(CXX) $(KERNEL_FLAGS) -c $(B)/symbols0.S -o $(B)/symbols0.o
	$(Q)$(CXX) $(KERNEL_FLAGS) $(KERNEL_LDFLAGS) $(KERNEL_OBJECTS) $(B)/symbols0.o -o $(B)/kernel0.elf
	$(Q)$(NM) -nC $(B)/kernel0.elf | awk -f $(TOOLS)/symbols.awk > $(B)/symbols.S
	$(Q)$(CXX) $(KERNEL_FLAGS) -c $(B)/symbols.S -o $(B)/symbols.o
	$(Q)$(CXX) $(KERNEL_FLAGS) $(KERNEL_LDFLAGS) $(KERNEL_OBJECTS) $(B)/symbols.o -o $@.new
	$(Q)$(NM) -nC $@.new | awk -f $(TOOLS)/symbols.awk | cmp -s - $(B)/symbols.S || \
	  { echo "$@: functions moved between the two links: the symbol table would lie"; exit 1; }
	@mv $@.new $@

-include $(KERNEL_OBJECTS:.o=.d)
