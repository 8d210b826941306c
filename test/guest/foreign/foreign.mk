# Programs not written for Tine (test/guest/foreign): busybox if it could be had, and one of the C++
# library's, one of the C library's, one that is linked for no address, and one that writes code on
# its stack. Two are dynamic: the toolchain's shared libraries are in /lib for them. /bin and /lib are
# links, as in a distribution with a merged /usr. And a folder of generated ELF files (test/tools/elf-table), with a
# program that executes each of them.
FOREIGN_PROGRAMS := $(patsubst %,$(O)/foreign/%,program glibc moved moved-far nested dynamic dynamic-cc exec-each)
FOREIGN_LIBRARIES := ld-linux-riscv64-lp64d.so.1 libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6
FOREIGN_FILES := $(wildcard test/guest/foreign/*.sh)
$(O)/foreign/program $(O)/foreign/glibc $(O)/foreign/exec-each: LINKED := -static -s
$(O)/foreign/nested: LINKED := -static -z execstack -s
$(O)/foreign/dynamic $(O)/foreign/dynamic-cc: LINKED := -fPIE -pie -s
$(O)/foreign/moved $(O)/foreign/moved-far: LINKED := -ffreestanding -fno-stack-protector -nostdlib -fPIE -static-pie \
  -Wl,--no-dynamic-linker
$(O)/foreign/moved-far: LINKED += -DALIGNMENT=0x200000 -Wl,-z,max-page-size=0x200000
define foreign
	$(say) $(if $(filter %.cc,$<),CXX,CC) $<
	@mkdir -p $(@D)
	$(Q)$(if $(filter %.cc,$<),$(CXX) -std=c++20,$(CC)) -O2 $(WARNINGS) $(LINKED) $< -o $@
endef
$(O)/foreign/%: test/guest/foreign/%.c test/guest/foreign/foreign.mk | deps
	$(foreign)
$(O)/foreign/%: test/guest/foreign/%.cc test/guest/foreign/foreign.mk | deps
	$(foreign)
$(O)/foreign/moved-far: test/guest/foreign/moved.c test/guest/foreign/foreign.mk | deps
	$(foreign)
$(O)/elf-check: test/guest/foreign/elf-check.S | deps
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,-Ttext=0,--build-id=none $< -o $@
$(O)/elf-table/plain: $(O)/elf-check $(TOOLS)/elf-table
	$(Q)$(CROSS)objcopy -O binary -j .text $< $<.bytes
	$(Q)$(TOOLS)/elf-table write $<.bytes $(@D)
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

