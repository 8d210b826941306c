/* What is known about a file. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

/* The structure is the kernel's, under its POSIX name. */
#define stat tine_stat

#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define S_ISCHR(mode) (((mode) & S_IFMT) == S_IFCHR)
#define S_ISFIFO(mode) (((mode) & S_IFMT) == S_IFIFO)

#ifdef __cplusplus
extern "C" {
#endif

int fstat(int fd, struct stat* about);

#ifdef __cplusplus
}
#endif
