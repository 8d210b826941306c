/*
 * Offsets and constants that both assembly and C++ use. Offsets are checked against the structures
 * that they describe (trap_frame.hh, sync/hart.cc), so a change on one side alone does not compile.
 */
#pragma once

/* The window through which the kernel sees physical memory: virtual = physical + this. */
#define DIRECT_MAP_BASE 0xffffffc000000000

/* TrapFrame: x0 is always 0, so its slot holds the Hart (the kernel's tp). */
#define TF_HART 0
#define TF_X(n) ((n) * 8)
#define TF_SEPC 256
#define TF_SSTATUS 264
#define TF_SIZE 272

/* Context */
#define CTX_RA 0
#define CTX_SP 8
#define CTX_S(n) (16 + (n) * 8)

/* Hart */
#define HART_EMERGENCY_TOP 0
#define HART_START_SP 8
#define HART_START_SATP 16
#define HART_ID 24
#define HART_SIZE 192

#define BOOT_STACK_SIZE 16384
