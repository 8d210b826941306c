/*
 * Input and output through small buffers. stdout is written at each newline, when its buffer is
 * full, and before a file is read; stderr at the end of each call; files opened by fopen when
 * their buffer is full, and by fclose. fork, exec and exit write all of them, so that no text is
 * lost or written twice. A line that fits into the buffer goes out in one write, so that lines of
 * several processes do not mix.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#define EOF (-1)
#define BUFSIZ 512

typedef struct tine_file {
  struct tine_file* link; /* the files that fopen opened */
  int fd;
  int reading; /* else writing */
  int by_line; /* written at a newline */
  int by_call; /* written by the end of each call */
  int failed;  /* a read or write failed */
  int ended;   /* a read met the end */
  size_t next; /* reading: buffer[next..used) is still to be read */
  size_t used;
  char buffer[BUFSIZ];
} FILE;

#ifdef __cplusplus
extern "C" {
#endif

extern FILE tine_stdin, tine_stdout, tine_stderr;
#define stdin (&tine_stdin)
#define stdout (&tine_stdout)
#define stderr (&tine_stderr)

int printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
int fprintf(FILE* file, const char* format, ...) __attribute__((format(printf, 2, 3)));
int snprintf(char* to, size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));
int vprintf(const char* format, va_list arguments);
int vfprintf(FILE* file, const char* format, va_list arguments);
int vsnprintf(char* to, size_t size, const char* format, va_list arguments);

int puts(const char* s);
int fputs(const char* s, FILE* file);
int putchar(int c);
int fputc(int c, FILE* file);
int getchar(void);
int fgetc(FILE* file);
char* fgets(char* to, int size, FILE* file);
FILE* fopen(const char* path, const char* mode); /* r, w or a, without + */
int fclose(FILE* file);                          /* only for files from fopen */
/* Reads a whole line with its newline into *line, which must be NULL or from malloc, and grows.
 * Returns its length; -1 at the end, after a failed read, and with ENOMEM. */
ssize_t getline(char** line, size_t* size, FILE* file);

int fflush(FILE* file); /* NULL: all files */
int ferror(FILE* file);
int feof(FILE* file);
void perror(const char* what);

int rename(const char* old, const char* path);
int renameat2(int from, const char* old, int directory, const char* path, unsigned flags);

#ifdef __cplusplus
}
#endif
