/*
 * From a line to a list of commands. Words are separated by blanks and signs; '...' takes
 * everything literally,
 * "..." all but \" and \\; outside of quotes \ takes the next character literally.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum token { WORD, SIGN, END, BROKEN };

struct lexer {
  const char* next;
  char* out;    /* where the next word goes */
  char sign[3]; /* the last SIGN */
  char* word;   /* the last WORD */
};

static const char signs[] = ";&|<>";

/* Copies what stands in quotes; answers 0 when the closing one is missing. */
static int quoted(struct lexer* lexer) {
  char quote = *lexer->next++;
  while (*lexer->next != quote) {
    const char* n = lexer->next;
    if (quote == '"' && *n == '\\' && (n[1] == '"' || n[1] == '\\')) lexer->next++;
    if (*lexer->next == 0) return 0;
    *lexer->out++ = *lexer->next++;
  }
  lexer->next++;
  return 1;
}

static enum token next_word(struct lexer* lexer) {
  lexer->word = lexer->out;
  for (;;) {
    char c = *lexer->next;
    if (isblank(c) || strchr(signs, c) != NULL) break; /* strchr finds the final 0 too */
    if (c == '\'' || c == '"') {
      if (!quoted(lexer)) return BROKEN;
      continue;
    }
    if (c == '\\' && lexer->next[1] != 0) lexer->next++;
    *lexer->out++ = *lexer->next++;
  }
  *lexer->out++ = 0;
  return WORD;
}

static enum token next_token(struct lexer* lexer) {
  while (isblank(*lexer->next)) lexer->next++;
  char c = *lexer->next;
  if (c == 0 || c == '#') return END;
  if (strchr(signs, c) == NULL) return next_word(lexer);
  int doubled = c != ';' && lexer->next[1] == c; /* && || << >> */
  memcpy(lexer->sign, (char[]){c, doubled ? c : (char)0, 0}, sizeof lexer->sign);
  lexer->next += doubled ? 2 : 1;
  return SIGN;
}

/* Answers the connector that a sign means, or -1 for those that are not there yet. */
static int connector_of(const char* sign) {
  if (strcmp(sign, ";") == 0) return THEN;
  if (strcmp(sign, "&") == 0) return BACKGROUND;
  if (strcmp(sign, "&&") == 0) return AND;
  if (strcmp(sign, "||") == 0) return OR;
  return -1;
}

static int complain(const char* what, const char* sign) {
  fprintf(stderr, "sh: %s%s\n", what, sign);
  return -1;
}

/* Closes the command whose words have been gathered so far. */
static int end_command(struct command_list* list, int* words, enum connector connector) {
  struct command* command = &list->commands[list->count];
  if (command->argc == 0) return complain("a command is missing", "");
  command->connector = connector;
  list->words[(*words)++] = NULL;
  list->count++;
  if (list->count == MAX_COMMANDS) return complain("too many commands in one line", "");
  list->commands[list->count] = (struct command){.argv = &list->words[*words]};
  return 0;
}

int parse(const char* line, struct command_list* list) {
  struct lexer lexer = {.next = line, .out = list->text};
  int words = 0;
  list->count = 0;
  list->commands[0] = (struct command){.argv = list->words};
  for (;;) {
    struct command* command = &list->commands[list->count];
    enum token token = next_token(&lexer);
    if (token == BROKEN) return complain("a quote is not closed", "");
    if (token == WORD) {
      if (words - list->count == MAX_WORDS) return complain("too many words in one line", "");
      list->words[words++] = lexer.word;
      command->argc++;
    } else if (token == SIGN) {
      int connector = connector_of(lexer.sign);
      if (connector < 0) return complain("not supported yet: ", lexer.sign);
      if (end_command(list, &words, (enum connector)connector) != 0) return -1;
    } else {
      /* the end: nothing need follow ; and & but a command must follow && and || */
      int open = list->count > 0 && list->commands[list->count - 1].connector >= AND;
      if (command->argc == 0 && !open) return 0;
      return end_command(list, &words, THEN);
    }
  }
}
