/* Opening files. The O_ and AT_ flags are the kernel's (tine/abi.h). */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

int open(const char* path, int flags, ...); /* a mode follows when flags holds O_CREAT */
int openat(int directory, const char* path, int flags, ...);

#ifdef __cplusplus
}
#endif
