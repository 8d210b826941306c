/* The three files that every program has, and their buffers. stdio.h says when they are written. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

FILE tine_stdin = {.fd = STDIN_FILENO, .by_line = 1};
FILE tine_stdout = {.fd = STDOUT_FILENO, .by_line = 1};
FILE tine_stderr = {.fd = STDERR_FILENO, .by_line = 0};

/* Writes the whole buffer out. What cannot be written is dropped: no program gets stuck on it. */
static int flush(FILE* file) {
  size_t done = 0;
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
  if (file == stdin) return 0;
  if (file != NULL) return flush(file);
  int failed = flush(stdout);
  return flush(stderr) != 0 || failed ? EOF : 0;
}

int ferror(FILE* file) { return file->failed; }
int feof(FILE* file) { return file->ended; }

static void put(FILE* file, int c) {
  if (file->used == BUFSIZ) flush(file);
  file->buffer[file->used++] = (char)c;
  if (c == '\n' && file->by_line) flush(file);
}

/* The end of a call that wrote: a file without lines is written out now. */
static int finish(FILE* file, int result) {
  if (!file->by_line) flush(file);
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

/* vfprintf lives here and not beside vsnprintf: it is put() that it feeds. */
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

/* One line with its newline, cut at size - 1 characters. NULL when there is nothing more. */
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

void perror(const char* what) { fprintf(stderr, "%s: %s\n", what, strerror(errno)); }
