# The tests: on the host, in QEMU, of the book; and what is measured.

HOST_CXX := g++
HOST := build/host
CATCH_MAIN = $(if $(wildcard /usr/include/catch2/catch_all.hpp),-lCatch2Main -lCatch2,-lCatch2WithMain)

# Unit tests: the kernel's own files, compiled for the host. Headers that hold CSR assembly, or that turn physical
# into virtual addresses, have shadows in test/unit/shadow. Which files take part: UNIT_KERNEL_SOURCES.
UNIT_KERNEL_SOURCES := $(wildcard kernel/lib/*.cc)
-include test/unit/sources.mk
UNIT_SOURCES := $(wildcard test/unit/*.cc)
UNIT_OBJECTS := $(patsubst %,$(HOST)/unit/%.o,$(UNIT_SOURCES) $(UNIT_KERNEL_SOURCES))
UNIT_FLAGS := -std=c++23 -g -fsanitize=address,undefined -fno-sanitize-recover=all $(WARNINGS) \
  -DTINE_DEBUG=1 -I test/unit/shadow -I test -I kernel -I include
GUEST_OBJECTS := $(patsubst %,$(HOST)/%.o,$(wildcard test/guest/*.cc))
GUEST_FLAGS := -std=c++20 -g $(WARNINGS) -I test

$(HOST)/flags: FORCE
	$(call stamp,$(HOST_CXX) $(UNIT_FLAGS) / $(GUEST_FLAGS) / $(UNIT_OBJECTS) $(GUEST_OBJECTS) $(LAB_OBJECTS))
$(HOST)/unit/kernel/%.o: OPTIMISE := -O1
$(HOST)/unit/%.o: % $(HOST)/flags | deps
	$(say) HOST $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CXX) $(UNIT_FLAGS) $(OPTIMISE) $(DEPFLAGS) -c $< -o $@
$(HOST)/test/guest/%.o: test/guest/% $(HOST)/flags | deps
	$(say) HOST $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CXX) $(GUEST_FLAGS) $(DEPFLAGS) -c $< -o $@
$(HOST)/unit-tests: $(UNIT_OBJECTS)
	$(say) LINK $@
	$(Q)$(HOST_CXX) $(UNIT_FLAGS) $^ $(CATCH_MAIN) -o $@
$(HOST)/guest-tests: $(GUEST_OBJECTS)
	$(say) LINK $@
	$(Q)$(HOST_CXX) $(GUEST_FLAGS) $^ $(CATCH_MAIN) -o $@

LOGS := build/logs$(patsubst -%,/%,$(B:build/$(MODE)%=%))
GUEST_ENV := TINE_KERNEL=$(B)/kernel.elf TINE_INITRD=$(B)/test.cpio TINE_LOGS=$(LOGS) \
  TINE_CROSS=$(CROSS) TINE_FOREIGN=$(B)/foreign.cpio TINE_ELF=$(O)/elf-table TINE_ORACLE='$(PROGRAM_ORACLE)'
UNIT_PART := $(if $(UNIT_SOURCES),unit:600=$(HOST)/unit-tests)
DOCS_PART := $(if $(wildcard $(TOOLS)/check-docs),docs=$(TOOLS)/check-docs)
GUEST_NEEDS := machine $(B)/kernel.elf $(B)/test.cpio $(HOST)/guest-tests
TEST_NEEDS := $(if $(UNIT_SOURCES),$(HOST)/unit-tests) $(GUEST_NEEDS) $(B)/initrd.cpio $(B)/foreign.cpio

.PHONY: test test-long test-unit test-guest test-wings test-wingless loop
# The kernel with its checks of locks and arithmetic (DEBUG=1), with all guest programs on one machine.
DEBUG_PART := "debug=TINE_KERNEL=build/debug/kernel.elf TINE_LOGS=build/logs/debug $(HOST)/guest-tests '[.one]'"
WAYS_RECORD = TINE_KERNEL=$(B)/kernel.elf $(TOOLS)/ways --program $(O)/test/ways
WAYS_PART = "ways:120=$(WAYS_RECORD) --check"
DEBUG_KERNEL = $(MAKE) --no-print-directory DEBUG=1 build/debug/kernel.elf
test: $(TEST_NEEDS) ## what a change must pass; ends with `N passed, N failed`
	+@$(DEBUG_KERNEL)
	@$(GUEST_ENV) $(TOOLS)/run-tests $(UNIT_PART) "guest=$(HOST)/guest-tests" $(DEBUG_PART) $(CORE_PART) $(DOCS_PART) \
	  $(WAYS_PART) $(if $(LAB_TOOL),"labs=$(LAB_FAST)")
test-long: $(TEST_NEEDS) ## the same, and more machines, interleavings, the debug build, the graders
	+@$(DEBUG_KERNEL)
	@$(GUEST_ENV) $(TOOLS)/run-tests $(UNIT_PART) "guest=$(HOST)/guest-tests" \
	  "machines=$(HOST)/guest-tests '[.long]'" \
	  "debug=TINE_KERNEL=build/debug/kernel.elf TINE_LOGS=build/logs/debug $(HOST)/guest-tests" $(DOCS_PART) \
	  $(if $(LAB_TOOL),"labs=$(LAB_PROOF)")
test-unit: $(HOST)/unit-tests ## the unit tests alone (ONLY="name or [tag]")
	@$(TOOLS)/run-tests 'unit:600=$(HOST)/unit-tests $(if $(ONLY),"$(ONLY)")'
test-guest: $(GUEST_NEEDS) $(B)/foreign.cpio ## the guest tests alone (ONLY="name or [tag]")
	@$(GUEST_ENV) $(TOOLS)/run-tests 'guest=$(HOST)/guest-tests $(if $(ONLY),"$(ONLY)")'
run-%: $(GUEST_NEEDS) ## run the one guest program /test/%, with CPUS=
	@mkdir -p build/logs
	@$(TOOLS)/run-qemu --cpus $(CPUS) --mem $(MEM) --kernel $(B)/kernel.elf --initrd $(B)/test.cpio \
	  --append "$(APPEND) -- /test/$* $(ARGS)" < /dev/null
# Catch2's test cases about a wing have the tag [wing-NAME]. `[.one]` is all guest programs on one machine.
no_wings = $(subst $(empty) ,,$(WINGS_OUT:%=~[wing-%]))
wingless_make = MAKEFLAGS= $(MAKE) --no-print-directory DEPS=$(DEPS)
wingless = "without-$(subst $(empty) ,-,$(strip $(1)))=$(wingless_make) WITHOUT='$(1)' test-wingless"
# What takes seconds only: no wing at all, what was compiled is linked again, and the shell is tried.
CORE_PART = $(if $(WINGS),"core=$(wingless_make) WITHOUT='$(WINGS)' ONLY='$(CORE_TESTS)' test-wingless")
CORE_TESTS = [shell]~[.]$(subst $(empty) ,,$(WINGS:%=~[wing-%]))
test-wings: $(HOST)/guest-tests ## leave out each wing in turn, then all: build, boot, pass the core's tests
	@$(TOOLS)/run-tests $(foreach w,$(WINGS),$(call wingless,$(w))) $(call wingless,$(WINGS))
test-wingless: $(GUEST_NEEDS) $(B)/foreign.cpio
	@$(GUEST_ENV) $(HOST)/guest-tests '$(or $(ONLY),[.one]$(no_wings)$(comma)~[suite]~[.]~[commands]$(no_wings))'
loop: $(GUEST_NEEDS) ## the guest programs N=100 times over harts and interleavings: the hunt for flakes
	@mkdir -p build/logs
	@$(GUEST_ENV) $(TOOLS)/loop $(N) $(HOST)/guest-tests

.PHONY: bench bench-baseline
bench: machine $(B)/kernel.elf $(B)/test.cpio ## guest instructions beside xv6 and Linux, against the committed baseline
	@$(TOOLS)/bench --kernel $(B)/kernel.elf --initrd $(B)/test.cpio --compiler "$$($(CXX) -dumpfullversion)"
bench-baseline: machine $(B)/kernel.elf $(B)/test.cpio ## the same, and write test/bench/baseline.tsv
	@$(TOOLS)/bench --kernel $(B)/kernel.elf --initrd $(B)/test.cpio --compiler "$$($(CXX) -dumpfullversion)" --write

.PHONY: measure
PROGRAM ?= fork_test
measure: machine $(B)/kernel.elf $(B)/test.cpio ## instructions and calls of a program: PROGRAM="fork_test"
	@TINE_KERNEL=$(B)/kernel.elf $(TOOLS)/measure $(if $(APPEND),--append '$(APPEND)') -- '$(PROGRAM)'

-include $(UNIT_OBJECTS:.o=.d) $(GUEST_OBJECTS:.o=.d)
