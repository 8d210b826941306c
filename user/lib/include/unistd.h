/*
 * The system calls that POSIX puts here. All return -1 (getcwd: NULL) and set errno on failure.
 * There is no execv(path, argv): that name belongs to Tine's own execv(app_id, argv) in tine.h.
 */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#ifdef __cplusplus
extern "C" {
#endif

extern char** environ;

/* Any system call by number (tine/syscall.h), also one that has no wrapper yet. */
long syscall(long number, ...);

ssize_t read(int fd, void* to, size_t size);
ssize_t write(int fd, const void* from, size_t size);
int close(int fd);
off_t lseek(int fd, off_t offset, int whence);
int ftruncate(int fd, off_t size);
int isatty(int fd);

int dup(int fd);
int dup2(int old, int fd);
int dup3(int old, int fd, int flags);
int pipe(int fds[2]); /* fds[0] is read, fds[1] written */
int pipe2(int fds[2], int flags);

int chdir(const char* path);
char* getcwd(char* to, size_t size);
int rmdir(const char* path);
int unlink(const char* path);
int unlinkat(int directory, const char* path, int flags);
int link(const char* old, const char* path);
int linkat(int from, const char* old, int directory, const char* path, int flags);
int symlink(const char* target, const char* path);
int symlinkat(const char* target, int directory, const char* path);
ssize_t readlink(const char* path, char* to, size_t size); /* without a final 0 */
ssize_t readlinkat(int directory, const char* path, char* to, size_t size);

pid_t fork(void);
int execve(const char* path, char* const argv[], char* const envp[]);
int execvp(const char* name, char* const argv[]); /* searches PATH; sh runs a text file */
pid_t getpid(void);
pid_t getppid(void);
pid_t gettid(void);
void _exit(int status) __attribute__((noreturn)); /* immediately: stdout's buffer is dropped */

unsigned sleep(unsigned seconds); /* returns the seconds that were left if a signal ended it */
int usleep(useconds_t microseconds);

/* The next option letter, -1 after the last one, '?' after it has printed an error. In `letters` a
 * : follows those that have an argument, which is then in optarg. argv[optind] is the first word
 * that is no option. */
int getopt(int argc, char* const argv[], const char* letters);
extern char* optarg;
extern int optind;

int brk(void* end);
void* sbrk(ptrdiff_t change);

#ifdef __cplusplus
}
#endif
