/* Signals: the numbers are in tine/signal.h. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

int kill(pid_t pid, int number);
int raise(int number);

#ifdef __cplusplus
}
#endif
