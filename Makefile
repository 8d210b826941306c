# Tine's commands: `make help` lists them. Everything is built in build/; nothing is written beside the sources.
# The parts by subject are in files NAME.mk in the folders of their sources.
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

# ---- The cross compiler ----

CROSS ?= riscv64-linux-gnu-
CC := $(CROSS)gcc
CXX := $(CROSS)g++
NM := $(CROSS)nm
AR := $(CROSS)ar
STRIP := $(CROSS)strip

WARNINGS := -Wall -Wextra -Werror

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

# A stamp changes when the flags (or the list of objects) change, and only then: what depends on it is made again.
define stamp
	@mkdir -p $(@D); printf '%s\n' '$(strip $(1))' | cmp -s - $@ || printf '%s\n' '$(strip $(1))' > $@
endef
.PHONY: FORCE
FORCE:

include kernel/kernel.mk
include user/user.mk
include test/guest/foreign/foreign.mk

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

include test/test.mk
include docs/docs.mk

# ---- The tree ----

.PHONY: lint format doctor lines ways compile_commands.json clean help
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
# How each file is compiled, by the flags above, for the language server of an editor (clangd looks into build/).
# clang knows neither the flag that is left out nor all of gcc's warnings.
# $(1): the files, $(2): compiler and flags.
define database
	@for f in $(1); do printf '{"directory": "%s", "file": "%s", "command": "%s -c %s"},\n' \
	  "$(CURDIR)" "$$f" "$(strip $(filter-out -Werror -fno-devirtualize-speculatively,$(2)))" "$$f"; done >> $@.new
endef
HOST_FILES = $(wildcard test/guest/*.cc test/labs/*.cc $(LABS:%=test/labs/%/*.cc))
compile_commands.json: build/compile_commands.json ## for editors: how each file is compiled (in build/, for clangd)
build/compile_commands.json: build/include/empty FORCE | deps
	@rm -f $@.new
	$(call database,$(filter %.cc,$(KERNEL_SOURCES)),$(CXX) $(KERNEL_FLAGS) $(KERNEL_CXXFLAGS))
	$(call database,$(wildcard user/lib/*.c user/bin/*.c user/bin/*/*.c test/guest/bin/*.c test/labs/bin/*.c),\
	  $(CC) $(USER_FLAGS) $(USER_CFLAGS))
	$(call database,$(wildcard user/lib/*.cc user/bin/*.cc test/guest/bin/*.cc),$(CC) $(USER_FLAGS) $(USER_CXXFLAGS))
	$(call database,$(UNIT_SOURCES),$(HOST_CXX) $(UNIT_FLAGS))
	$(call database,$(HOST_FILES),$(HOST_CXX) $(GUEST_FLAGS))
	@{ echo '['; sed '$$s/,$$//' $@.new; echo ']'; } > $@ && rm $@.new
clean: ## remove build/
	rm -rf build
help: ## this list
	@awk -F ':.*## ' 'function list(file) { while ((getline < file) > 0) { \
	    if (/^[a-z][a-z._%-]*:.*## /) printf "  make %-15s %s\n", $$1, $$2; \
	    if (sub(/^-?include /, "")) list($$0) } } \
	  BEGIN { list("Makefile") }'
	@sed -n '4,5s/^# //p' Makefile

-include test/labs/lab.mk
