/* How much memory the machine has, as on Linux. */
#pragma once

#include <tine/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

int sysinfo(struct sysinfo* info);

#ifdef __cplusplus
}
#endif
