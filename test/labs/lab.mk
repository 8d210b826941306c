# The labs (docs/labs): their graders. In a student's tree the file LAB names the lab.

LAB ?= $(if $(wildcard LAB),$(shell cat LAB))
LABS := $(or $(patsubst test/labs/%/lab.py,%,$(wildcard test/labs/*/lab.py)),$(LAB))
-include test/labs/instructor.mk

# The observer includes nothing and is linked with nothing: no line of a submission is in it.
OBSERVER := $(O)/lab/observer
$(OBSERVER): test/labs/bin/observer.S $(O)/user.flags | deps
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -march=rv64gc -mabi=lp64d -static -no-pie -nostdlib \
	  -Wl,-Ttext-segment=0x5a000000,-z,separate-code,-z,max-page-size=4096,--build-id=none $< -o $@
LAB_PROGRAMS := $(call names,test/labs/bin)
LAB_IMAGE := $(OBSERVER) $(LAB_PROGRAMS:%=$(O)/lab/%)
$(foreach p,$(LAB_PROGRAMS),$(eval $(call program,test/labs/bin,$(p),lab)))
$(B)/lab.cpio: $(IMAGE) $(LAB_IMAGE) $(SETTINGS) $(B)/programs
	$(say) CPIO $@
	$(call pack,lab-root,$(LAB_IMAGE))

LAB_OBJECTS := $(patsubst %,$(HOST)/%.o,$(wildcard test/labs/*.cc $(LABS:%=test/labs/%/*.cc)) \
  $(addprefix test/guest/,guest.cc options.cc machine.cc debugger.cc))
$(HOST)/test/labs/%.o: test/labs/% $(HOST)/flags | deps
	$(say) HOST $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CXX) $(GUEST_FLAGS) $(DEPFLAGS) -c $< -o $@
$(HOST)/lab-tests: $(LAB_OBJECTS)
	$(say) LINK $@
	$(Q)$(HOST_CXX) $(GUEST_FLAGS) $^ $(CATCH_MAIN) -o $@

# From QEMU 9 on plugins speak version 2 of their interface.
PLUGIN_VERSION = $(shell qemu-system-riscv64 --version | awk -F '[ .]' 'NR == 1 { print ($$4 < 9 ? 1 : 2) }')
$(HOST)/limit.so: test/labs/limit.c | deps
	$(say) HOST $<
	@mkdir -p $(@D)
	$(Q)gcc -O2 -Wall -Wextra -Werror -DVERSION=$(PLUGIN_VERSION) -pthread -shared -fPIC $< -o $@

# A grader compiles the student's files with warnings, but not with warnings as errors.
ifeq ($(GRADING),1)
LAB_FILES := $(if $(wildcard LAB.files),$(shell cat LAB.files))
$(foreach f,$(filter %.cc %.S %.c,$(LAB_FILES)),$(eval $(O)/$(f).o: KERNEL_FLAGS += -Wno-error))
$(foreach f,$(filter %.cc %.S %.c,$(LAB_FILES)),$(eval $(O)/$(f).o: USER_FLAGS += -Wno-error))
endif

.PHONY: lab-guest lab-host
lab-guest: $(B)/kernel.elf $(B)/lab.cpio $(B)/test.cpio
lab-host: $(HOST)/lab-tests $(HOST)/limit.so $(OBSERVER)

need = $(if $($(1)),,$(error $(2)))
which_lab = $(call need,LAB,which lab? $(1) LAB=$(firstword $(LABS)))
.PHONY: grade task upgrade
grade: ## a lab's points, with a reason for each that is lost (LAB=fork; QUICK=1: without the whole system, in 15 s)
	$(call which_lab,make grade)
	@test/labs/tools/grade $(LAB) $(if $(filter 1,$(QUICK)),--quick)
task: ## the part of a lab that only the id in the file STUDENT has (LAB=fork)
	$(call which_lab,make task)
	@python3 test/labs/tools/task.py $(LAB) .
upgrade: ## a student's tree gets the kernel of a newer hand-out and keeps the work: NEW=folder
	$(call need,NEW,which hand-out? make upgrade NEW=folder)
	@test/labs/tools/upgrade $(NEW)

-include $(LAB_OBJECTS:.o=.d)
