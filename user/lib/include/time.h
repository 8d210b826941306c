/* Clocks and sleeping. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

/* The structure is the kernel's, under its POSIX name. */
#define timespec tine_timespec

typedef int clockid_t;
typedef long clock_t;
#define CLOCKS_PER_SEC 1000000l

#ifdef __cplusplus
extern "C" {
#endif

clock_t clock(void); /* how long this process has run, in CLOCKS_PER_SEC; -1: not known */
int clock_gettime(clockid_t clock, struct timespec* now);
int nanosleep(const struct timespec* duration, struct timespec* left);

#ifdef __cplusplus
}
#endif
