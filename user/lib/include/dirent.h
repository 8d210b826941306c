/* Reading directories. The entry is the kernel's (tine/abi.h), under its POSIX name. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#define dirent tine_dirent64

typedef struct tine_directory DIR;

#ifdef __cplusplus
extern "C" {
#endif

DIR* opendir(const char* path);
/* The next entry, valid until the next call; NULL at the end, or with errno set (set it to 0
 * before). */
struct dirent* readdir(DIR* directory);
int closedir(DIR* directory);

/* The kernel's own call: fills `to` with whole entries; returns their size in bytes, 0 at the end.
 */
ssize_t getdents64(int fd, void* to, size_t size);

#ifdef __cplusplus
}
#endif
