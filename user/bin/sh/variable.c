/*
 * Variables: a list of NAME=VALUE texts. The exported ones are the environment of programs; so are
 * those from the shell's own environment.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct variable {
  struct variable* next;
  char* entry; /* NAME=VALUE, or NAME alone: exported, but not set */
  int exported;
};

static struct variable* variables;

size_t name_length(const char* text) {
  size_t length = 0;
  while (isalnum(text[length]) || text[length] == '_') length++;
  return isdigit(*text) ? 0 : length;
}

int is_assignment(const char* word) {
  size_t length = name_length(word);
  return length > 0 && word[length] == '=';
}

/* The link that points to the variable, or the end of the list when there is none. */
static struct variable** find(const char* name, size_t length) {
  struct variable** link = &variables;
  for (; *link != NULL; link = &(*link)->next) {
    const char* entry = (*link)->entry;
    if (name_length(entry) == length && memcmp(entry, name, length) == 0) break;
  }
  return link;
}

const char* get_variable(const char* name, size_t length) {
  const struct variable* variable = *find(name, length);
  if (variable == NULL || variable->entry[length] == 0) return NULL;
  return variable->entry + length + 1;
}

/* Takes over the entry, which malloc made; NULL: malloc failed. */
static int put_entry(char* entry) {
  struct variable** link = entry != NULL ? find(entry, name_length(entry)) : NULL;
  if (link != NULL && *link == NULL) *link = calloc(1, sizeof **link);
  if (link == NULL || *link == NULL) {
    perror("sh: a variable");
    free(entry);
    return -1;
  }
  free((*link)->entry);
  (*link)->entry = entry;
  return 0;
}

int set_variable(const char* entry) { return put_entry(strdup(entry)); }

int set_named(const char* name, const char* value) {
  size_t size = strlen(name) + strlen(value) + 2;
  char* entry = malloc(size);
  if (entry != NULL) snprintf(entry, size, "%s=%s", name, value);
  return put_entry(entry);
}

int export_variable(const char* name, size_t length) {
  struct variable** link = find(name, length);
  if (*link == NULL) {
    char* entry = strdup(name);
    if (entry != NULL) entry[length] = 0;
    if (put_entry(entry) != 0) return -1;
  }
  (*link)->exported = 1;
  return 0;
}

void unset_variable(const char* name) {
  struct variable** link = find(name, strlen(name));
  struct variable* variable = *link;
  if (variable == NULL) return;
  *link = variable->next;
  free(variable->entry);
  free(variable);
}

int import_environment(void) {
  for (char** entry = environ; *entry != NULL; entry++) {
    if (!is_assignment(*entry)) continue;
    if (set_variable(*entry) != 0 || export_variable(*entry, name_length(*entry)) != 0) return -1;
  }
  return 0;
}

char** exported_variables(void) {
  size_t count = 0;
  for (struct variable* v = variables; v != NULL; v = v->next) count++;
  char** entries = arena_take((count + 1) * sizeof *entries);
  if (entries == NULL) return NULL;
  char** next = entries;
  for (struct variable* v = variables; v != NULL; v = v->next) {
    if (v->exported && strchr(v->entry, '=') != NULL) *next++ = v->entry;
  }
  return entries;
}
