/* The kernel's log. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* `action` is one of SYSLOG_ACTION_... of <tine/abi.h>. Returns how many bytes. */
int klogctl(int action, char* text, int size);

#ifdef __cplusplus
}
#endif
