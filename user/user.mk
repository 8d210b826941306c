# The programs, the library that they are linked with, and the archives of files that the machine boots with.

USER_FLAGS := -O2 -g -march=rv64gc -mabi=lp64d -ffreestanding -fno-pic -fno-stack-protector -nostdinc \
  -fno-asynchronous-unwind-tables -I user/lib/include \
  -I user/lib -I include -isystem $$($(CC) -print-file-name=include) -isystem build/include/user \
  $(WARNINGS) -ffunction-sections -fdata-sections
USER_CFLAGS := -std=gnu11
USER_CXXFLAGS := -std=c++23 -fno-exceptions -fno-rtti -fno-threadsafe-statics
USER_LDFLAGS := -static -no-pie -nostdlib -Wl,--gc-sections,--build-id=none,--no-warn-rwx-segments \
  -Wl,-z,max-page-size=4096 -T linker/user.ld

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

$(O)/user.flags: FORCE
	$(call stamp,$(CC) $(USER_FLAGS) $(USER_CFLAGS) $(USER_CXXFLAGS) $(USER_LDFLAGS))
$(O)/library: FORCE
	$(call stamp,$(LIBRARY_OBJECTS))
$(B)/programs: FORCE
	$(call stamp,$(PROGRAMS) / $(TEST_PROGRAMS))


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
$(B)/initrd.cpio: $(IMAGE) $(SETTINGS) $(B)/programs user/user.mk
	$(say) CPIO $@
	$(call pack,root)
$(B)/test.cpio: $(IMAGE) $(TEST_IMAGE) $(SETTINGS) $(B)/programs user/user.mk
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

-include $(LIBRARY_OBJECTS:.o=.d) $(CRT0:.o=.d)
-include $(wildcard $(O)/user/bin/*.d $(O)/user/bin/*/*.d $(O)/test/guest/bin/*.d $(O)/test/guest/bin/*/*.d)
