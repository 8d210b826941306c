/* Clocks and sleeping. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

/* The structure is the kernel's, under its POSIX name. */
#define timespec tine_timespec

typedef int clockid_t;

#ifdef __cplusplus
extern "C" {
#endif

int clock_gettime(clockid_t clock, struct timespec* now);
int nanosleep(const struct timespec* duration, struct timespec* left);

#ifdef __cplusplus
}
#endif
