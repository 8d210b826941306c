/* The system's name. */
#pragma once

#include <tine/abi.h>

#define utsname tine_utsname

#ifdef __cplusplus
extern "C" {
#endif

int uname(struct utsname* name);

#ifdef __cplusplus
}
#endif
