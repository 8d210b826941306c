/* Attributes of files, and making directories. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

/* The structure is the kernel's, under its POSIX name. */
#define stat tine_stat
#define st_atime st_atim.tv_sec
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec

#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define S_ISCHR(mode) (((mode) & S_IFMT) == S_IFCHR)
#define S_ISFIFO(mode) (((mode) & S_IFMT) == S_IFIFO)
#define S_ISLNK(mode) (((mode) & S_IFMT) == S_IFLNK)

#ifdef __cplusplus
extern "C" {
#endif

int stat(const char* path, struct stat* about);
int lstat(const char* path, struct stat* about); /* a symbolic link itself */
int fstat(int fd, struct stat* about);
int fstatat(int directory, const char* path, struct stat* about, int flags);
int mkdir(const char* path, mode_t mode);
int mkdirat(int directory, const char* path, mode_t mode);

#ifdef __cplusplus
}
#endif
