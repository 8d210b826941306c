# Tine's commands: `make help` lists them. Everything is built in build/; nothing is written beside the sources.
#
# Variables:  CPUS=4  MEM=256M  APPEND="log=fork hz=1000"  DEBUG=1  WITHOUT="mmap trace"  DEPS=no  V=1  ARGS=
#             ROOTFS=folder of your own files for `make qemu`   BUSYBOX=no

CPUS ?= 4
MEM ?= 256M
APPEND ?=
DEBUG ?= 0
WITHOUT ?=
DEPS ?= yes
BUSYBOX ?= yes
ROOTFS ?=
N ?= 100

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-6s %s\n'
endif

# Whoever only wants to read needs no folder to write to.
ifneq ($(filter-out help lines doctor,$(or $(MAKECMDGOALS),help)),)
ifneq ($(shell mkdir -p build 2>&1 && test -w build || echo no),)
$(error $(CURDIR)/build cannot be written (a read-only folder?): copy the tree to where you may write)
endif
endif

MODE := $(if $(filter 1,$(DEBUG)),debug,release)
TOOLS := test/tools

.DEFAULT_GOAL := help

# ---- The cross compiler (docs: what each flag is for) ----

CROSS ?= riscv64-linux-gnu-
CC := $(CROSS)gcc
CXX := $(CROSS)g++
NM := $(CROSS)nm
AR := $(CROSS)ar
STRIP := $(CROSS)strip

WARNINGS := -Wall -Wextra -Werror

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

USER_FLAGS := -O2 -g -march=rv64gc -mabi=lp64d -ffreestanding -fno-pic -fno-stack-protector -nostdinc \
  -fno-asynchronous-unwind-tables -I user/lib/include \
  -I user/lib -I include -isystem $$($(CC) -print-file-name=include) -isystem build/include/user \
  $(WARNINGS) -ffunction-sections -fdata-sections
USER_CFLAGS := -std=gnu11
USER_CXXFLAGS := -std=c++23 -fno-exceptions -fno-rtti -fno-threadsafe-statics
USER_LDFLAGS := -static -no-pie -nostdlib -Wl,--gc-sections,--build-id=none,--no-warn-rwx-segments \
  -Wl,-z,max-page-size=4096 -T linker/user.ld

DEPFLAGS = -MMD -MP

# ---- What there is to build ----

# Leaving out a wing leaves out those that need it, too (a line `Needs: a, b` of a wing's README.md).
WINGS := $(notdir $(patsubst %/,%,$(wildcard kernel/wings/*/)))
ifneq ($(filter-out $(WINGS),$(WITHOUT)),)
$(error WITHOUT names a wing that does not exist: $(filter-out $(WINGS),$(WITHOUT)) (there are: $(WINGS)))
endif
comma := ,
needs = $(subst $(comma), ,$(shell sed -n 's/^Needs: //p' kernel/wings/$(1)/README.md))
needing = $(foreach w,$(WINGS),$(if $(filter $(1),$(call needs,$(w))),$(w)))
with_needing = $(if $(filter-out $(1),$(call needing,$(1))),$(call with_needing,$(1) $(call needing,$(1))),$(sort $(1)))
WINGS_OUT := $(if $(WITHOUT),$(call with_needing,$(WITHOUT)))
WINGS_IN := $(filter-out $(WINGS_OUT),$(WINGS))
empty :=
# What is compiled is the same with and without a wing, and lies in O; what is made of it, in B. (Only the
# wing ubsan has a flag of its own.)
B := build/$(MODE)$(subst $(empty) ,,$(WINGS_OUT:%=-without-%))
O := build/$(MODE)$(if $(filter debug,$(MODE)),$(if $(filter ubsan,$(WINGS_OUT)),-without-ubsan))

ifeq ($(MODE) $(filter ubsan,$(WINGS_IN)),debug ubsan)
KERNEL_CXXFLAGS += -fsanitize=undefined -fno-sanitize=vptr
endif
CORE_SOURCES := $(wildcard kernel/*.cc kernel/*.S kernel/*/*.cc kernel/*/*.S)
KERNEL_SOURCES := $(CORE_SOURCES) $(foreach w,$(WINGS_IN),$(wildcard kernel/wings/$(w)/*.cc kernel/wings/$(w)/*.S))
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(O)/%.o)

CRT0 := $(O)/user/lib/crt0.S.o
LIBRARY := $(O)/libtine.a
LIBRARY_OBJECTS := $(patsubst %,$(O)/%.o,$(filter-out user/lib/crt0.S,\
  $(wildcard user/lib/*.c user/lib/*.cc user/lib/*.S)))

# A program is one file in bin/, or a folder of them. Its sources, by its name: $(call sources,user/bin,NAME).
names = $(sort $(notdir $(basename $(wildcard $(1)/*.c $(1)/*.cc)) \
  $(patsubst %/,%,$(dir $(wildcard $(1)/*/*.c $(1)/*/*.cc)))))
sources = $(wildcard $(1)/$(2).c $(1)/$(2).cc $(1)/$(2)/*.c $(1)/$(2)/*.cc)
PROGRAMS := $(call names,user/bin)
# Tests of a wing are named after it, wing-NAME or wing-NAME-MORE, and are left out with it.
TEST_PROGRAMS := $(filter-out $(foreach w,$(WINGS_OUT),wing-$(w) wing-$(w)-%),$(call names,test/guest/bin))
ORPHANS := $(filter-out $(foreach w,$(WINGS),wing-$(w) wing-$(w)-%),$(filter wing-%,$(TEST_PROGRAMS)))
ifneq ($(ORPHANS),)
$(error test/guest/bin has tests of a wing that does not exist: $(ORPHANS))
endif

# ---- Rules: compile, assemble, link ----

# A stamp changes when the flags (or the list of objects) change, and only then: what depends on it is made again.
define stamp
	@mkdir -p $(@D); printf '%s\n' '$(strip $(1))' | cmp -s - $@ || printf '%s\n' '$(strip $(1))' > $@
endef
.PHONY: FORCE
FORCE:
$(O)/kernel.flags: FORCE
	$(call stamp,$(CXX) $(KERNEL_FLAGS) $(KERNEL_CXXFLAGS))
$(O)/user.flags: FORCE
	$(call stamp,$(CC) $(USER_FLAGS) $(USER_CFLAGS) $(USER_CXXFLAGS) $(USER_LDFLAGS))
$(B)/kernel.objects: FORCE
	$(call stamp,$(KERNEL_OBJECTS) $(KERNEL_LDFLAGS))
$(O)/library: FORCE
	$(call stamp,$(LIBRARY_OBJECTS))
$(B)/programs: FORCE
	$(call stamp,$(PROGRAMS) / $(TEST_PROGRAMS))

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
$(B)/kernel.elf: $(KERNEL_OBJECTS) $(B)/kernel.objects linker/kernel.ld $(TOOLS)/symbols.awk
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

$(O)/%.c.o: %.c $(O)/user.flags build/include/empty | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_FLAGS) $(USER_CFLAGS) $(DEPFLAGS) -c $< -o $@
$(O)/%.cc.o: %.cc $(O)/user.flags build/include/empty | deps
	$(say) CXX $<
	@mkdir -p $(@D)
	$(Q)$(CXX) $(USER_FLAGS) $(USER_CXXFLAGS) $(DEPFLAGS) -c $< -o $@
$(O)/%.S.o: %.S $(O)/user.flags build/include/empty | deps
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_FLAGS) $(DEPFLAGS) -c $< -o $@

$(LIBRARY): $(LIBRARY_OBJECTS) $(O)/library
	$(say) AR $@
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(LIBRARY_OBJECTS)

# One rule a program: crt0 first, the library last. $(1): folder of the sources, $(2): NAME, $(3): where to.
define program
$(O)/$(3)/$(2): $(patsubst %,$(O)/%.o,$(call sources,$(1),$(2))) $(CRT0) $(LIBRARY) linker/user.ld
	$$(say) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(USER_FLAGS) $$(USER_LDFLAGS) $(CRT0) $$(filter-out $(CRT0),$$(filter %.o,$$^)) $(LIBRARY) -lgcc -o $$@
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,user/bin,$(p),bin)))
$(foreach p,$(TEST_PROGRAMS),$(eval $(call program,test/guest/bin,$(p),test)))

# All calls of the kernel, for the test that has work for each of them.
CALL_LIST := build/include/user/calls.h
$(CALL_LIST): $(wildcard kernel/*/*.cc kernel/wings/*/*.cc) include/tine/syscall.h $(TOOLS)/calls build/include/empty
	$(Q)$(TOOLS)/calls --list > $@
$(O)/test/guest/bin/wing-linux-bounded.c.o: $(CALL_LIST)

# hello.elf is linked as foreign programs are: headers inside its first segment, a base of its own.
FOREIGN := $(patsubst user/bin/%.S,%,$(wildcard user/bin/*.elf.S))
$(O)/bin/%.elf: $(O)/user/bin/%.elf.S.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -static -no-pie -nostdlib -Wl,-Ttext-segment=0x400000,-z,separate-code,--build-id=none $< -o $@

# The initial files. Stripped copies go in; the programs with their debug information stay in $(B) for gdb.
IMAGE := $(PROGRAMS:%=$(O)/bin/%) $(FOREIGN:%=$(O)/bin/%)
TEST_IMAGE := $(TEST_PROGRAMS:%=$(O)/test/%) $(O)/foreign/glibc
define pack
	@rm -rf $(@D)/$(1) && mkdir -p $(@D)/$(1)/{bin,tmp,dev,etc,home/student}
	@cd $(@D)/$(1)/dev && mkdir shm && ln -s /proc/self/fd fd && \
	  for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/$${n%:*} $${n#*:}; done
	@chmod 1777 $(@D)/$(1)/{tmp,dev/shm} && cp $(SETTINGS) $(@D)/$(1)/etc/ && chmod 644 $(@D)/$(1)/etc/*
	@$(if $(IMAGE),cp $(IMAGE) $(@D)/$(1)/bin/ && $(STRIP) $(@D)/$(1)/bin/*)
	@$(if $(FOREIGN),cp $(FOREIGN:%=$(@D)/$(1)/bin/%) $(@D)/$(1)/tmp/)
	@$(if $(2),mkdir -p $(@D)/$(1)/test && cp $(2) $(@D)/$(1)/test/ && $(STRIP) $(@D)/$(1)/test/*)
	$(call archive,$(1))
endef
define archive
	@find $(@D)/$(1) -exec touch -h -d @0 {} +
	@cd $(@D)/$(1) && find . -mindepth 1 -not -path './home/*' -printf '%P\n' | LC_ALL=C sort | \
	  cpio --quiet -o -H newc -R 0:0 --reproducible > ../$(@F)
	@cd $(@D)/$(1) && find home -mindepth 1 | LC_ALL=C sort | \
	  cpio --quiet -o -A -H newc -R 1000:1000 --reproducible -O ../$(@F)
endef
SETTINGS := $(wildcard user/etc/*)
$(B)/initrd.cpio: $(IMAGE) $(SETTINGS) $(B)/programs
	$(say) CPIO $@
	$(call pack,root)
$(B)/test.cpio: $(IMAGE) $(TEST_IMAGE) $(SETTINGS) $(B)/programs
	$(say) CPIO $@
	$(call pack,test-root,$(TEST_IMAGE))

# What `make qemu` boots has more: Debian's busybox, then Tine's programs over it, then the folder ROOTFS over both.
# Where ROOTFS has a link in place of a folder (/bin of a merged /usr), Tine's files go where the link leads in the
# guest: its path begins at the new root, and ".." stays inside.
# $(1): the folder of Tine's files, $(2): where to put it all, $(3): ROOTFS.
define pack_more
	@rm -rf $(@D)/$(2) && mkdir -p $(@D)/$(2)
	@$(if $(filter-out no,$(BUSYBOX)),if [ -d $(USERLAND)/bin ]; then cp -a $(USERLAND)/bin $(@D)/$(2)/; fi)
	@cp -a --remove-destination $(@D)/$(1)/. $(@D)/$(2)/
	@$(if $(3),more=$$(realpath $(3)) && cd $(@D)/$(2) && for name in *; do \
	  if [ -d $$name ] && [ -L $$more/$$name ]; then \
	    to=.$$(realpath -ms "/$$(readlink $$more/$$name)") && \
	    mkdir -p $$to && cp -a --remove-destination $$name/. $$to/ && rm -r $$name || exit 1; \
	  fi; done && cp -a --remove-destination $$more/. .)
	$(call archive,$(2))
endef
ifneq ($(ROOTFS),)
ifneq ($(words $(ROOTFS)),1)
$(error ROOTFS=$(ROOTFS): its name has a space, which make cannot handle. Cure: a link to it)
endif
ifeq ($(wildcard $(ROOTFS)/.),)
$(error ROOTFS=$(ROOTFS) is no folder)
endif
endif
USERLAND := build/userland
.PHONY: userland
userland:
	@$(if $(filter-out no,$(BUSYBOX)),$(TOOLS)/fetch-busybox $(USERLAND))
# Each `make qemu` has files of its own, named after its process, and takes them away in the end.
QEMU_FILES := $(B)/qemu$(if $(filter qemu,$(MAKECMDGOALS)),-$(shell echo $$PPID)).cpio
$(QEMU_FILES): $(B)/initrd.cpio userland FORCE
	$(call pack_more,root,$(basename $(@F))-root,$(ROOTFS))
	@rm -rf $(basename $@)-root

# Programs not written for Tine (test/guest/foreign): busybox if it could be had, and one of the C++
# library's, one of the C library's, one that is linked for no address, and one that writes code on
# its stack. Two are dynamic: the toolchain's shared libraries are in /lib for them. /bin and /lib are
# links, as in a distribution with a merged /usr. And a folder of generated ELF files (test/tools/elf-table), with a
# program that executes each of them.
FOREIGN_PROGRAMS := $(patsubst %,$(O)/foreign/%,program glibc moved moved-far nested dynamic dynamic-cc exec-each)
FOREIGN_LIBRARIES := ld-linux-riscv64-lp64d.so.1 libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6
FOREIGN_FILES := $(wildcard test/guest/foreign/*.sh)
$(O)/foreign/program: test/guest/foreign/program.cc | deps
	$(say) CXX $<
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 -O2 $(WARNINGS) -static $< -o $@ && $(STRIP) $@
$(O)/foreign/glibc: test/guest/foreign/glibc.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -static $< -o $@ && $(STRIP) $@
$(O)/foreign/moved: test/guest/foreign/moved.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -ffreestanding -fno-stack-protector -nostdlib -fPIE -static-pie \
	  -Wl,--no-dynamic-linker $< -o $@
$(O)/foreign/moved-far: test/guest/foreign/moved.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -ffreestanding -fno-stack-protector -nostdlib -fPIE -static-pie \
	  -DALIGNMENT=0x200000 -Wl,--no-dynamic-linker,-z,max-page-size=0x200000 $< -o $@
$(O)/foreign/exec-each: test/guest/foreign/exec-each.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -static $< -o $@ && $(STRIP) $@
$(O)/elf-check: test/guest/foreign/elf-check.S | deps
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,-Ttext=0,--build-id=none $< -o $@
$(O)/elf-table/plain: $(O)/elf-check $(TOOLS)/elf-table
	$(Q)$(CROSS)objcopy -O binary -j .text $< $<.bytes
	$(Q)$(TOOLS)/elf-table write $<.bytes $(@D)
$(O)/foreign/nested: test/guest/foreign/nested.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -static -z execstack $< -o $@ && $(STRIP) $@
$(O)/foreign/dynamic: test/guest/foreign/dynamic.c | deps
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 $(WARNINGS) -fPIE -pie $< -o $@ && $(STRIP) $@
$(O)/foreign/dynamic-cc: test/guest/foreign/dynamic-cc.cc | deps
	$(say) CXX $<
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 -O2 $(WARNINGS) -fPIE -pie $< -o $@ && $(STRIP) $@
$(B)/foreign.cpio: $(B)/initrd.cpio $(FOREIGN_PROGRAMS) $(FOREIGN_FILES) $(O)/test/exhaust $(O)/elf-table/plain \
  userland FORCE
	@rm -rf $(@D)/foreign-files && mkdir -p $(@D)/foreign-files/{foreign,usr/bin,usr/lib}
	@ln -s usr/bin $(@D)/foreign-files/bin && ln -s usr/lib $(@D)/foreign-files/lib
	@cp $(FOREIGN_PROGRAMS) $(FOREIGN_FILES) $(O)/test/exhaust $(@D)/foreign-files/foreign/
	@cp -r $(O)/elf-table $(@D)/foreign-files/foreign/
	@cp $(O)/foreign/dynamic $(@D)/foreign-files/foreign/set-user-id
	@chmod 4755 $(@D)/foreign-files/foreign/set-user-id
	@for library in $(FOREIGN_LIBRARIES); do \
	  cp -L $$($(CC) -print-file-name=$$library) $(@D)/foreign-files/usr/lib/ || exit 1; done
	@$(STRIP) $(@D)/foreign-files/usr/lib/*
	$(call pack_more,root,foreign-root,$(@D)/foreign-files)

# What the two print under qemu-riscv64 on this machine, for whoever changes them. (Oracle: test/tools/busybox-oracle.)
PROGRAM_ORACLE := { qemu-riscv64 $(O)/foreign/program two\ words three \
  < test/guest/foreign/start-program.sh 2>&1; echo exit $$?; }
.PHONY: busybox-expected program-expected
busybox-expected: userland
	$(TOOLS)/busybox-oracle $(USERLAND) test/guest/foreign/busybox.sh > build/busybox.expected
	mv build/busybox.expected test/guest/foreign/busybox.expected
program-expected: $(O)/foreign/program
	$(PROGRAM_ORACLE) > test/guest/foreign/program.expected

# ---- Build, run, debug ----

.PHONY: all kernel deps machine qemu qemu-gdb gdb
all: kernel $(B)/initrd.cpio ## build the kernel and the initial files
kernel: $(B)/kernel.elf

# What this call of make needs is looked for (and installed) in one go, before anything is built.
wants = $(if $(filter $(1),$(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))),$(2))
deps:
	@DEPS=$(DEPS) $(TOOLS)/deps $(call wants,test% run-% loop measure build/host/%,test) $(call wants,gdb,gdb) \
	  $(call wants,lint format,lint) $(call wants,docs test-docs,docs) $(call wants,test-docs,browser)
machine: | deps
	@$(TOOLS)/run-qemu --check --cpus $(CPUS)

RUN = $(TOOLS)/run-qemu --cpus $(CPUS) --mem $(MEM) --kernel $(B)/kernel.elf --append "$(APPEND)" --initrd
qemu: machine $(B)/kernel.elf $(QEMU_FILES) ## boot to the shell (^A x ends QEMU)
	@trap 'rm -f $(QEMU_FILES)' EXIT; $(RUN) $(QEMU_FILES) --end-with-input
qemu-gdb: machine $(B)/kernel.elf $(B)/initrd.cpio ## boot, stopped at the first instruction, waiting for `make gdb`
	@$(RUN) $(B)/initrd.cpio --gdb
gdb: $(B)/kernel.elf | deps ## debug what `make qemu-gdb` started, with kernel and user symbols
	@gdb-multiarch -q -ex 'set architecture riscv:rv64' -ex 'source $(TOOLS)/tine-gdb.py' \
	  -ex 'tine attach' $(B)/kernel.elf

# ---- Tests ----

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
	$(call stamp,$(HOST_CXX) $(UNIT_FLAGS) / $(GUEST_FLAGS) / $(UNIT_OBJECTS) $(GUEST_OBJECTS))
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
	@$(DEBUG_KERNEL)
	@$(GUEST_ENV) $(TOOLS)/run-tests $(UNIT_PART) "guest=$(HOST)/guest-tests" $(DEBUG_PART) $(CORE_PART) $(DOCS_PART) \
	  $(WAYS_PART)
test-long: $(TEST_NEEDS) ## the same, and more machines, interleavings, the debug build, the graders
	@$(DEBUG_KERNEL)
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

# ---- The book ----

.PHONY: docs test-docs
docs: | deps ## the book as a site, build/docs/index.html, and (with Chromium) as a PDF, build/docs/tine.pdf
	@$(TOOLS)/build-docs
test-docs: docs all $(B)/test.cpio $(B)/foreign.cpio | deps
test-docs: ## the book: is it true, and does it read well in a browser (headless Chromium)
	@$(TOOLS)/run-tests "docs=$(TOOLS)/check-docs" "site=$(TOOLS)/test-site"

-include test/labs/lab.mk

# ---- The tree ----

.PHONY: lint format doctor lines ways clean help
lint: build/include/empty | deps ## rooms, sizes, calls, format, lock annotations, labs
	@$(TOOLS)/lint
format: | deps ## let clang-format-19 rewrite the sources
	clang-format-19 -i $$(find kernel user include test -name '*.c' -o -name '*.cc' -o -name '*.h' -o -name '*.hh')
doctor: ## every tool: is it there, is it new enough, what cures it
	@$(TOOLS)/doctor
lines: ## lines of code, for each room, the core and each way
	@$(TOOLS)/lines
ways: machine $(B)/kernel.elf $(B)/test.cpio ## the functions on each way, from a recorded run (docs/ways.tsv)
	@$(WAYS_RECORD) --write
clean: ## remove build/
	rm -rf build
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z%-]*:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' \
	  $(wildcard Makefile test/labs/*.mk)
	@sed -n '3,4s/^# //p' Makefile

-include $(KERNEL_OBJECTS:.o=.d) $(LIBRARY_OBJECTS:.o=.d) $(CRT0:.o=.d) $(UNIT_OBJECTS:.o=.d) $(GUEST_OBJECTS:.o=.d)
-include $(wildcard $(O)/user/bin/*.d $(O)/user/bin/*/*.d $(O)/test/guest/bin/*.d $(O)/test/guest/bin/*/*.d)
