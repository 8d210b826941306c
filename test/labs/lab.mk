# The labs (docs/labs): graders, and on the instructor's side what makes and judges students' trees. In a
# student's tree the file LAB names the lab.
LAB ?= $(if $(wildcard LAB),$(shell cat LAB))
LABS := $(patsubst test/labs/bin/lab_%.c,%,$(wildcard test/labs/bin/lab_*.c))

LAB_PROGRAMS := $(LABS:%=lab_%)
LAB_IMAGE := $(LAB_PROGRAMS:%=$(O)/lab/%)
$(foreach p,$(LAB_PROGRAMS),$(eval $(call program,test/labs/bin,$(p),lab)))
$(B)/lab.cpio: $(IMAGE) $(LAB_IMAGE) $(B)/programs
	$(say) CPIO $@
	$(call pack,lab-root,$(LAB_IMAGE))

LAB_OBJECTS := $(patsubst %,$(HOST)/%.o,$(wildcard test/labs/*.cc) $(addprefix test/guest/,guest.cc machine.cc debugger.cc))
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

.PHONY: lab-guest lab-host
lab-guest: $(B)/kernel.elf $(B)/lab.cpio
lab-host: $(HOST)/lab-tests $(HOST)/limit.so

.PHONY: grade
grade: ## a lab's points (LAB=fork), with a reason for each that is lost; build/grade has them as files
	@$(if $(LAB),test/labs/tools/grade $(LAB),echo 'which lab? make grade LAB=$(firstword $(LABS))'; exit 1)

# The instructor's side. In a student's tree there is none.
ifneq ($(wildcard test/labs/tools/labs.py),)
.PHONY: lab gradescope grade-all test-labs same-scores
LAB_TOOL := python3 test/labs/tools/labs.py
LAB_PROOF := python3 test/labs/tools/prove.py --only skeleton,reference,partial,wrong $(LABS)
need = $(if $($(1)),,$(error $(2)))
lab: ## a student's tree: LAB=fork DIR=/where/to
	$(call need,LAB,which lab? make lab LAB=fork DIR=...)$(call need,DIR,where to? make lab LAB=fork DIR=...)
	@$(LAB_TOOL) tree $(LAB) $(DIR)
gradescope: ## the autograder of a lab, to be uploaded: LAB=fork
	$(call need,LAB,which lab? make gradescope LAB=fork)
	@$(LAB_TOOL) gradescope $(LAB) build/gradescope/$(LAB).zip
grade-all: ## the trees in a folder, in parallel; a CSV: LAB=fork SUBMISSIONS=dir (JOBS=2)
	$(call need,LAB,which lab? make grade-all LAB=fork SUBMISSIONS=...)$(call need,SUBMISSIONS,whose? SUBMISSIONS=dir)
	@JOBS=$(JOBS) $(LAB_TOOL) grade-all $(LAB) $(SUBMISSIONS)
test-labs: ## the graders are right: skeleton, reference, mutants, wrong solutions (LAB=fork for one of them)
	@python3 test/labs/tools/prove.py $(or $(LAB),$(LABS))
same-scores: ## a score does not depend on the host: N=20 times idle, loaded, pinned
	@python3 test/labs/tools/same-scores $(if $(filter command,$(firstword $(origin N))),$(N),20) $(or $(LAB),$(LABS))
endif

-include $(LAB_OBJECTS:.o=.d) $(wildcard $(O)/test/labs/bin/*.d)
