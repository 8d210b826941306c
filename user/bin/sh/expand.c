/*
 * Turns words into the arguments ("fields") of a program: replaces $NAME, removes quotes. The
 * value of an unquoted $NAME is split at blanks, so a word may become several fields, or none.
 *
 * The characters of a field are put into the arena one by one; end_field closes it.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char** parameters;

static struct {
  struct word** link; /* where the next field goes */
  int open;           /* a field has begun: even "" is one */
  int splits;         /* unquoted values make several fields */
  int quoted;         /* inside "..." */
  int failed;         /* no memory */
} state;

static void put(char c) {
  arena_put(c);
  state.open = 1;
}

static void end_field(void) {
  if (!state.open || state.failed) return;
  char* text = arena_text();
  struct word* field = text != NULL ? arena_take(sizeof *field) : NULL;
  if (field == NULL) {
    state.failed = 1;
    return;
  }
  field->text = text;
  *state.link = field;
  state.link = &field->next;
  state.open = 0;
}

static void put_value(const char* value) {
  for (; *value != 0; value++) {
    if (state.splits && !state.quoted && isspace(*value)) {
      end_field();
    } else {
      put(*value);
    }
  }
}

static void put_number(long number) {
  char digits[24];
  snprintf(digits, sizeof digits, "%ld", number);
  put_value(digits);
}

/* $1 $2 ...: each one becomes a field, also in quotes. */
static void put_all_parameters(void) {
  if (parameters[0] == NULL) return;
  for (char** parameter = parameters + 1; *parameter != NULL; parameter++) {
    if (state.quoted) state.open = 1; /* an empty one counts */
    put_value(*parameter);
    if (parameter[1] == NULL) return;
    if (state.splits) {
      end_field();
    } else {
      put(' ');
    }
  }
}

static void put_parameter(int number) {
  for (int i = 0; i <= number; i++) {
    if (parameters[i] == NULL) return;
  }
  put_value(parameters[number]);
}

static int count_parameters(void) {
  int count = 0;
  while (parameters[count] != NULL) count++;
  return count > 0 ? count - 1 : 0;
}

/* The names of one character. Returns 0 when `c` is none. */
static int put_special(char c) {
  if (isdigit(c)) {
    put_parameter(c - '0');
    return 1;
  }
  switch (c) {
    case '?': put_number(last_status); return 1;
    case '$': put_number(shell_pid); return 1;
    case '!': put_number(last_job); return 1;
    case '#': put_number(count_parameters()); return 1;
    case '@':
    case '*': put_all_parameters(); return 1;
    default: return 0;
  }
}

/* `s` points after the $. Returns a pointer after the name. A $ before anything else is an
 * ordinary character. */
static const char* put_dollar(const char* s) {
  int braces = *s == '{';
  const char* name = s + braces;
  size_t length = 0;
  while (isalnum(name[length]) || name[length] == '_') length++;
  if (length == 0 || isdigit(*name)) length = 1;
  if (braces && name[length] != '}') length = 0;
  const char* behind = name + length + braces;
  if (length == 1 && put_special(*name)) return behind;
  if (length == 0 || !(isalpha(*name) || *name == '_')) {
    put('$');
    return s;
  }
  const char* value = get_variable(name, length);
  if (value != NULL) put_value(value);
  return behind;
}

/* `s` points after the \. In "..." a \ is an ordinary character, except before those that need it.
 */
static const char* put_escaped(const char* s) {
  if (*s == '\n') return s + 1; /* the line continues */
  if (*s == 0 || (state.quoted && strchr("\"\\$`", *s) == NULL)) {
    put('\\');
    return s;
  }
  put(*s);
  return s + 1;
}

static void expand(const char* s) {
  state.open = state.quoted = 0;
  while (*s != 0) {
    char c = *s++;
    if (c == '\'' && !state.quoted) {
      for (state.open = 1; *s != '\''; s++) put(*s);
      s++;
    } else if (c == '"') {
      state.quoted = !state.quoted;
      /* "" is a field, but "$@" without parameters is none */
      if (state.quoted && strcmp(s, "$@\"") != 0) state.open = 1;
    } else if (c == '\\') {
      s = put_escaped(s);
    } else if (c == '$') {
      s = put_dollar(s);
    } else {
      put(c);
    }
  }
}

int expand_words(const struct word* words, struct word** fields) {
  *fields = NULL;
  state.link = fields;
  state.splits = 1;
  state.failed = 0;
  for (; words != NULL && !state.failed; words = words->next) {
    expand(words->text);
    end_field();
  }
  return state.failed ? -1 : 0;
}

char* expand_text(const char* word) {
  state.splits = 0;
  expand(word);
  return arena_text();
}
