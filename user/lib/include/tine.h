/*
 * The calls that only Tine has; tine/syscall.h describes them. All return -1 and set errno on
 * failure.
 */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>
#include <tine/app.h>
#include <tine/limits.h>

#ifdef __cplusplus
extern "C" {
#endif

int exec(int app_id);
int execv(int app_id, char* const argv[]);
int getargs(struct tine_args* args);

int ipc_send(pid_t pid, uint64_t word);
int ipc_recv(struct tine_message* message);

pid_t process_info(pid_t pid, struct tine_process_info* info);
int memory_info(struct tine_memory_info* info);
int page_info(const void* address, struct tine_page_info* info);

int power(int action, int code);
long fail_alloc(long n);
int trace(int mode);

#ifdef __cplusplus
}
#endif
