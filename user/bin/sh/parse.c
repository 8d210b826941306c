/*
 * From text to the tree of one line. The grammar is in sh.h; each rule is a function here, which
 * returns its part of the tree, or NULL after it has printed an error. Words stay as they were
 * written, because the value of $NAME is known only when the command runs (A=1; echo $A).
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Those up to GREATER_AND are part of a command. BROKEN: an error was printed. */
enum token {
  WORD,
  LESS,
  GREATER,
  MORE,
  LESS_AND,
  GREATER_AND,
  BAR,
  OR_OR,
  AMPERSAND,
  AND_AND,
  SEMICOLON,
  NEWLINE,
  END,
  BROKEN,
};

static struct {
  const char* next; /* after the token */
  enum token token; /* the current one */
  int fd;           /* LESS..GREATER_AND: the digit before it, or -1 */
  char* word;       /* WORD */
} lexer;

/* ---- Tokens ---- */

/* Longer signs come first, because the first one that matches is taken. */
static const struct sign {
  const char* text;
  enum token token;
} signs[] = {{">>", MORE},     {">&", GREATER_AND}, {"<&", LESS_AND}, {"<", LESS},
             {">", GREATER},   {"||", OR_OR},       {"|", BAR},       {"&&", AND_AND},
             {"&", AMPERSAND}, {";", SEMICOLON},    {"\n", NEWLINE}};

static const char word_ends[] = " \t;&|<>\n"; /* the final 0 among them */

static const struct sign* find_sign(const char* text) {
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
    if (strncmp(text, signs[i].text, strlen(signs[i].text)) == 0) return &signs[i];
  }
  return NULL;
}

/* Puts the next character of the word into the arena. */
static void copy(void) { arena_put(*lexer.next++); }

/* Copies a quoted text with its quotes; returns 0 when the closing quote is missing. */
static int copy_quoted(void) {
  char quote = *lexer.next;
  copy();
  while (*lexer.next != quote) {
    if (quote == '"' && *lexer.next == '\\') copy();
    if (*lexer.next == 0) return 0;
    copy();
  }
  copy();
  return 1;
}

static enum token read_word(void) {
  while (strchr(word_ends, *lexer.next) == NULL) {
    if (*lexer.next == '\'' || *lexer.next == '"') {
      if (copy_quoted()) continue;
      fprintf(stderr, "sh: a quote is not closed\n");
      return BROKEN;
    }
    if (*lexer.next == '\\' && lexer.next[1] != 0) copy();
    copy();
  }
  lexer.word = arena_text();
  return lexer.word != NULL ? WORD : BROKEN;
}

static enum token read_token(void) {
  while (isblank(*lexer.next) || strncmp(lexer.next, "\\\n", 2) == 0) {
    lexer.next += *lexer.next == '\\' ? 2 : 1;
  }
  if (*lexer.next == '#') lexer.next += strcspn(lexer.next, "\n");
  if (*lexer.next == 0) return END;
  int digit = isdigit(*lexer.next) && (lexer.next[1] == '<' || lexer.next[1] == '>');
  lexer.fd = digit ? *lexer.next++ - '0' : -1;
  const struct sign* sign = find_sign(lexer.next);
  if (sign == NULL) return read_word();
  lexer.next += strlen(sign->text);
  return sign->token;
}

static void advance(void) { lexer.token = read_token(); }

/* After a sign that joins two parts the second one may be on the next line. */
static void advance_over_newlines(void) {
  do {
    advance();
  } while (lexer.token == NEWLINE);
}

static void* complain(const char* what) {
  if (lexer.token != BROKEN) fprintf(stderr, "sh: %s\n", what); /* else it was printed already */
  return NULL;
}

/* ---- Rules ---- */

static struct redirection* parse_redirection(void) {
  enum token sign = lexer.token;
  int fd = lexer.fd;
  struct redirection* redirection = arena_take(sizeof *redirection);
  if (redirection == NULL) return NULL;
  int reads = sign == LESS || sign == LESS_AND;
  redirection->fd = fd >= 0 ? fd : !reads;
  redirection->kind = sign == LESS ? READ : sign == GREATER ? WRITE : sign == MORE ? APPEND : COPY;
  advance();
  if (lexer.token != WORD) return complain("the file of a redirection is missing");
  redirection->target = lexer.word;
  if (redirection->kind == COPY && (!isdigit(lexer.word[0]) || lexer.word[1] != 0)) {
    return complain("one digit must follow >& and <&");
  }
  return redirection;
}

static struct command* parse_command(void) {
  struct command* command = arena_take(sizeof *command);
  if (command == NULL) return NULL;
  struct word** words = &command->words;
  struct redirection** redirections = &command->redirections;
  for (; lexer.token <= GREATER_AND; advance()) {
    if (lexer.token == WORD) {
      char* text = lexer.word;
      if ((*words = arena_take(sizeof **words)) == NULL) return NULL;
      (*words)->text = text;
      words = &(*words)->next;
    } else {
      if ((*redirections = parse_redirection()) == NULL) return NULL;
      redirections = &(*redirections)->next;
    }
  }
  int empty = command->words == NULL && command->redirections == NULL;
  return empty || lexer.token == BROKEN ? complain("a command is missing") : command;
}

static struct pipeline* parse_pipeline(enum joint joint) {
  struct pipeline* pipeline = arena_take(sizeof *pipeline);
  if (pipeline == NULL) return NULL;
  pipeline->joint = joint;
  struct command** link = &pipeline->commands;
  while ((*link = parse_command()) != NULL) {
    if (lexer.token != BAR) return pipeline;
    link = &(*link)->next;
    advance_over_newlines();
  }
  return NULL;
}

static struct and_or* parse_and_or(void) {
  struct and_or* and_or = arena_take(sizeof *and_or);
  if (and_or == NULL) return NULL;
  struct pipeline** link = &and_or->pipelines;
  enum joint joint = FIRST;
  while ((*link = parse_pipeline(joint)) != NULL) {
    and_or->background = lexer.token == AMPERSAND;
    if (lexer.token != AND_AND && lexer.token != OR_OR) return and_or;
    joint = lexer.token == AND_AND ? AND : OR;
    link = &(*link)->next;
    advance_over_newlines();
  }
  return NULL;
}

int parse_line(const char** text, struct and_or** tree) {
  lexer.next = *text;
  *tree = NULL;
  advance();
  while (lexer.token != NEWLINE && lexer.token != END) {
    if (lexer.token == BROKEN || (*tree = parse_and_or()) == NULL) return -1;
    tree = &(*tree)->next;
    if (lexer.token == SEMICOLON || lexer.token == AMPERSAND) advance();
  }
  *text = lexer.next;
  return 0;
}
