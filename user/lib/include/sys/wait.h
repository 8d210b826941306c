/* Waiting for children, and reading their status. */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#define WTERMSIG(status) ((status) & 0x7f)
#define WIFEXITED(status) (WTERMSIG(status) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WIFSIGNALED(status) (WTERMSIG(status) != 0 && WTERMSIG(status) != 0x7f)

#ifdef __cplusplus
extern "C" {
#endif

pid_t wait(int* status);
pid_t waitpid(pid_t pid, int* status, int options); /* pid -1: any child */

#ifdef __cplusplus
}
#endif
