/* Requests to devices. */
#pragma once

#include <tine/abi.h>

#define winsize tine_winsize

#ifdef __cplusplus
extern "C" {
#endif

int ioctl(int fd, unsigned long request, ...);

#ifdef __cplusplus
}
#endif
