/* Files with buffers: the three that every program has, and those that fopen opens. stdio.h says
 * when they are written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE tine_stdin = {.fd = STDIN_FILENO, .reading = 1};
FILE tine_stdout = {.fd = STDOUT_FILENO, .by_line = 1};
FILE tine_stderr = {.fd = STDERR_FILENO, .by_call = 1};

static FILE* opened; /* by fopen, the last one first */

/* Writes out the whole buffer. Text that cannot be written is dropped, so that a program cannot
 * hang on it. */
static int flush(FILE* file) {
  size_t done = 0;
  if (file->reading) return 0;
  while (done < file->used) {
    ssize_t n = write(file->fd, file->buffer + done, file->used - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      file->failed = 1;
      break;
    }
    done += (size_t)n;
  }
  file->used = 0;
  return file->failed ? EOF : 0;
}

int fflush(FILE* file) {
  if (file != NULL) return flush(file);
  int failed = flush(stdout) | flush(stderr);
  for (file = opened; file != NULL; file = file->link) failed |= flush(file);
  return failed;
}

FILE* fopen(const char* path, const char* mode) {
  int how = *mode == 'r'   ? O_RDONLY
            : *mode == 'w' ? O_WRONLY | O_CREAT | O_TRUNC
                           : O_WRONLY | O_CREAT | O_APPEND;
  FILE* file = calloc(1, sizeof *file);
  if (file == NULL) return NULL;
  file->fd = open(path, how, 0666);
  if (file->fd < 0) {
    free(file);
    return NULL;
  }
  file->reading = how == O_RDONLY;
  file->link = opened;
  opened = file;
  return file;
}

int fclose(FILE* file) {
  FILE** link = &opened;
  while (*link != file) link = &(*link)->link;
  *link = file->link;
  int failed = flush(file) != 0;
  failed |= close(file->fd) != 0;
  free(file);
  return failed ? EOF : 0;
}

int ferror(FILE* file) { return file->failed; }
int feof(FILE* file) { return file->ended; }

static void put(FILE* file, int c) {
  if (file->used == BUFSIZ) flush(file);
  file->buffer[file->used++] = (char)c;
  if (c == '\n' && file->by_line) flush(file);
}

/* The end of a call that wrote. */
static int finish(FILE* file, int result) {
  if (file->by_call) flush(file);
  return file->failed ? EOF : result;
}

int fputc(int c, FILE* file) {
  put(file, c);
  return finish(file, (unsigned char)c);
}

int fputs(const char* s, FILE* file) {
  while (*s != 0) put(file, *s++);
  return finish(file, 0);
}

int putchar(int c) { return fputc(c, stdout); }

int puts(const char* s) {
  fputs(s, stdout);
  return putchar('\n');
}

/* The printf family to files; printf.c has the rest. */
void tine_format(void (*emit)(void* sink, char c), void* sink, const char* format, va_list list);

struct counter {
  FILE* file;
  int count;
};

static void emit_to_file(void* sink, char c) {
  struct counter* counter = sink;
  put(counter->file, c);
  counter->count++;
}

int vfprintf(FILE* file, const char* format, va_list arguments) {
  struct counter counter = {.file = file, .count = 0};
  tine_format(emit_to_file, &counter, format, arguments);
  return finish(file, counter.count);
}

int fprintf(FILE* file, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vfprintf(file, format, arguments);
  va_end(arguments);
  return count;
}

int vprintf(const char* format, va_list arguments) { return vfprintf(stdout, format, arguments); }

int printf(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vfprintf(stdout, format, arguments);
  va_end(arguments);
  return count;
}

int fgetc(FILE* file) {
  if (file->next == file->used) {
    fflush(stdout); /* a prompt must be seen before the answer is typed */
    ssize_t n;
    do {
      n = read(file->fd, file->buffer, BUFSIZ);
    } while (n < 0 && errno == EINTR);
    file->failed |= n < 0;
    file->ended |= n == 0;
    file->next = 0;
    file->used = n > 0 ? (size_t)n : 0;
    if (n <= 0) return EOF;
  }
  return (unsigned char)file->buffer[file->next++];
}

int getchar(void) { return fgetc(stdin); }

/* One line with its newline, cut at size - 1 characters. NULL at the end of the file. */
char* fgets(char* to, int size, FILE* file) {
  int n = 0;
  while (n + 1 < size) {
    int c = fgetc(file);
    if (c == EOF) break;
    to[n++] = (char)c;
    if (c == '\n') break;
  }
  to[n] = 0;
  return n > 0 ? to : NULL;
}

ssize_t getline(char** line, size_t* size, FILE* file) {
  size_t n = 0;
  if (*line == NULL) *size = 0;
  for (int c = 0; c != '\n'; (*line)[n++] = (char)c) {
    if (n + 2 > *size) {
      size_t larger = *size < 64 ? 128 : *size * 2;
      char* block = realloc(*line, larger);
      if (block == NULL) return -1;
      *line = block;
      *size = larger;
    }
    c = fgetc(file);
    if (c == EOF) break;
  }
  if (n == 0 || file->failed) return -1;
  (*line)[n] = 0;
  return (ssize_t)n;
}

void perror(const char* what) { fprintf(stderr, "%s: %s\n", what, strerror(errno)); }
