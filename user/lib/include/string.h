/* Memory and strings. The compiler itself emits calls to memcpy, memmove, memset and memcmp. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int byte, size_t n);
int memcmp(const void* a, const void* b, size_t n);
void* memchr(const void* in, int byte, size_t n);

size_t strlen(const char* s);
size_t strnlen(const char* s, size_t n);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t n);
char* strchr(const char* s, int c);
char* strrchr(const char* s, int c);
size_t strspn(const char* s, const char* set);  /* characters at the start that are in the set */
size_t strcspn(const char* s, const char* set); /* characters at the start that are not */
char* strstr(const char* s, const char* part);
char* strcpy(char* to, const char* from);
char* strncpy(char* to, const char* from, size_t n);
char* strcat(char* to, const char* from);
char* strdup(const char* s);

const char* strerror(int number);  /* "No such process" */
const char* strsignal(int number); /* "SIGSEGV": the name, which manuals list */

#ifdef __cplusplus
}
#endif
