/*
 * errno: why the last failing call failed. The stubs in syscall.S set it. A plain global: programs
 * of this library have one thread.
 */
#pragma once

#include <tine/errno.h>

#ifdef __cplusplus
extern "C" {
#endif

extern int errno;

#ifdef __cplusplus
}
#endif
