/*
 * The system calls that POSIX puts here. All answer -1 and set errno on failure.
 * There is no execv(path, argv): that name belongs to Tine's own execv(app_id, argv) in tine.h.
 */
#pragma once

#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#ifdef __cplusplus
extern "C" {
#endif

extern char** environ;

/* Any system call by number (tine/syscall.h): what has no wrapper yet can be tried with it. */
long syscall(long number, ...);

ssize_t read(int fd, void* to, size_t size);
ssize_t write(int fd, const void* from, size_t size);
int close(int fd);
int isatty(int fd);

pid_t fork(void);
int execve(const char* path, char* const argv[], char* const envp[]);
pid_t getpid(void);
pid_t getppid(void);
pid_t gettid(void);
void _exit(int status) __attribute__((noreturn)); /* at once: stdout's buffer is dropped */

unsigned sleep(unsigned seconds); /* answers the seconds that were left if a signal cut it short */
int usleep(useconds_t microseconds);

int brk(void* end);
void* sbrk(ptrdiff_t change);

#ifdef __cplusplus
}
#endif
