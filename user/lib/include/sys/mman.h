/* Mapping memory. The PROT_ and MAP_ flags are the kernel's (tine/abi.h). */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#define MAP_ANON MAP_ANONYMOUS
#define MAP_FAILED ((void*)-1)

#ifdef __cplusplus
extern "C" {
#endif

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset);
int munmap(void* address, size_t size);
int mprotect(void* address, size_t size, int protection);
/* `where` matters with MREMAP_FIXED only. */
void* mremap(void* address, size_t size, size_t new_size, int flags, void* where);
int madvise(void* address, size_t size, int advice);
int msync(void* address, size_t size, int flags);

#ifdef __cplusplus
}
#endif
