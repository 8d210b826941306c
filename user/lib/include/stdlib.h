/* Memory, numbers, the end of a program. */
#pragma once

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

#ifdef __cplusplus
extern "C" {
#endif

void* malloc(size_t size);
void* calloc(size_t count, size_t size);
void* realloc(void* old, size_t size);
void free(void* block);

int atoi(const char* s);
long strtol(const char* s, char** end, int base);
unsigned long strtoul(const char* s, char** end, int base);

char* getenv(const char* name);

typedef int compare_fn(const void* a, const void* b);
void qsort(void* base, size_t count, size_t size, compare_fn* compare);

void exit(int status) __attribute__((noreturn)); /* writes out stdout first */
void abort(void) __attribute__((noreturn));      /* dies by SIGABRT */

#ifdef __cplusplus
}
#endif
