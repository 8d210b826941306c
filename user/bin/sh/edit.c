/*
 * Editing a typed line. Meanwhile the terminal passes on every byte without echo (ICANON, ECHO and
 * ISIG off), and the shell prints the line; while a program runs, the terminal has its old
 * settings. Input that is no terminal is read as plain lines, and so is a terminal without
 * settings (in a kernel without the wing `tty`).
 *
 * Bytes are read one at a time: bytes typed or pasted after the line belong to the program that
 * the line starts, or to the next line.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { HISTORY = 64 };

/* Keys: bytes stand for themselves, escape sequences become these. */
enum key { NO_KEY = 256, UP, DOWN, LEFT, RIGHT, HOME, LAST, DELETE };

#define CONTROL(letter) ((letter) & 0x1f)

struct editor {
  const char* prompt;
  char* line; /* LINE_SIZE bytes, always ended by 0 */
  int length;
  int cursor;            /* 0..length */
  int recall;            /* the line of the history that is shown; history_count: the new line */
  char draft[LINE_SIZE]; /* the new line, while an old one is shown */
};

static char history[HISTORY][LINE_SIZE]; /* a ring: line i is at i % HISTORY */
static int history_count;

static void remember(const char* line) {
  if (line[0] == 0) return;
  if (history_count > 0 && strcmp(history[(history_count - 1) % HISTORY], line) == 0) return;
  strcpy(history[history_count++ % HISTORY], line);
}

/* ---- Reading keys ---- */

/* A program that ended may have left O_NONBLOCK set on the open file, which is the shell's too.
 * Then a read fails when nothing is typed yet, which must not be taken for the end of the
 * input. */
static void make_blocking(void) {
  int flags = fcntl(STDIN_FILENO, F_GETFL);
  fcntl(STDIN_FILENO, F_SETFL, flags & ~O_NONBLOCK);
}

static int read_byte(void) {
  unsigned char byte;
  ssize_t n;
  fflush(stdout);
  do {
    n = read(STDIN_FILENO, &byte, 1);
    if (n < 0 && interrupted) return CONTROL('C'); /* a SIGINT from another process */
    if (n < 0 && errno == EAGAIN) make_blocking();
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  return n == 1 ? byte : EOF;
}

/* ESC [ A and the like (ESC O A from some terminals), ESC [ 3 ~ with a number. */
static int read_escape(void) {
  int c = read_byte();
  if (c == EOF) return EOF;
  if (c != '[' && c != 'O') return NO_KEY;
  int number = 0;
  while ((c = read_byte()) >= '0' && c <= ';') {
    number = c >= ';' || number > 99 ? 0 : number * 10 + c - '0';
  }
  static const char letters[] = "ABCDHF"; /* as the keys that follow */
  static const enum key keys[] = {UP, DOWN, RIGHT, LEFT, HOME, LAST};
  static const enum key numbered[] = {NO_KEY, HOME,   NO_KEY, DELETE, LAST,
                                      NO_KEY, NO_KEY, HOME,   LAST};
  if (c == EOF) return EOF;
  if (c == '~') return number <= 8 ? numbered[number] : NO_KEY;
  const char* letter = strchr(letters, c);
  return letter != NULL && c != 0 ? keys[letter - letters] : NO_KEY;
}

static int read_key(void) {
  int c = read_byte();
  return c == '\033' ? read_escape() : c;
}

/* ---- Showing and changing the line ---- */

/* Moves the terminal's cursor; nothing else changes. */
static void move_by(int columns) {
  if (columns > 0) printf("\033[%dC", columns);
  if (columns < 0) printf("\033[%dD", -columns);
}

static void move_to(struct editor* editor, int cursor) {
  move_by(cursor - editor->cursor);
  editor->cursor = cursor;
}

/* Prints the text after the cursor again; the cursor stays. */
static void show_tail(const struct editor* editor) {
  printf("%s\033[K", editor->line + editor->cursor);
  move_by(editor->cursor - editor->length);
}

static void type(struct editor* editor, char c) {
  if (editor->length + 1 == LINE_SIZE) {
    putchar('\a');
    return;
  }
  char* at = editor->line + editor->cursor;
  memmove(at + 1, at, (size_t)(editor->length - editor->cursor) + 1);
  *at = c;
  editor->length++;
  editor->cursor++;
  putchar(c);
  /* At the end of the line only the character is printed, so that a log of the session is easy to
   * read. */
  if (editor->cursor < editor->length) show_tail(editor);
}

/* Removes the characters from `from` up to `to`; the cursor moves to `from`. */
static void cut(struct editor* editor, int from, int to) {
  if (from == to) return;
  move_to(editor, from);
  memmove(editor->line + from, editor->line + to, (size_t)(editor->length - to) + 1);
  editor->length -= to - from;
  show_tail(editor);
}

static int word_start(const struct editor* editor) {
  int i = editor->cursor;
  while (i > 0 && editor->line[i - 1] == ' ') i--;
  while (i > 0 && editor->line[i - 1] != ' ') i--;
  return i;
}

static void recall(struct editor* editor, int change) {
  int wanted = editor->recall + change;
  if (wanted > history_count || wanted < 0 || wanted < history_count - HISTORY) return;
  if (editor->recall == history_count) strcpy(editor->draft, editor->line);
  editor->recall = wanted;
  move_to(editor, 0);
  strcpy(editor->line, wanted == history_count ? editor->draft : history[wanted % HISTORY]);
  editor->length = editor->cursor = (int)strlen(editor->line);
  printf("%s\033[K", editor->line);
}

static void clear_screen(const struct editor* editor) {
  printf("\033[H\033[2J%s%s", editor->prompt, editor->line);
  move_by(editor->cursor - editor->length);
}

/* ---- The keys' meanings ---- */

/* The keys that only move the cursor. Returns 0 when `key` is none of them. */
static int apply_move(struct editor* editor, int key) {
  switch (key) {
    case LEFT:
    case CONTROL('B'):
      if (editor->cursor > 0) move_to(editor, editor->cursor - 1);
      return 1;
    case RIGHT:
    case CONTROL('F'):
      if (editor->cursor < editor->length) move_to(editor, editor->cursor + 1);
      return 1;
    case HOME:
    case CONTROL('A'): move_to(editor, 0); return 1;
    case LAST:
    case CONTROL('E'): move_to(editor, editor->length); return 1;
    case UP:
    case CONTROL('P'): recall(editor, -1); return 1;
    case DOWN:
    case CONTROL('N'): recall(editor, 1); return 1;
    default: return 0;
  }
}

/* The keys that change the line; every other byte but a control character is typed text. */
static void apply_change(struct editor* editor, int key) {
  int cursor = editor->cursor, length = editor->length;
  switch (key) {
    case '\b':
    case 0x7f:
      if (cursor > 0) cut(editor, cursor - 1, cursor);
      break;
    case DELETE:
    case CONTROL('D'):
      if (cursor < length) cut(editor, cursor, cursor + 1);
      break;
    case CONTROL('U'): cut(editor, 0, cursor); break;
    case CONTROL('K'): cut(editor, cursor, length); break;
    case CONTROL('W'): cut(editor, word_start(editor), cursor); break;
    case CONTROL('L'): clear_screen(editor); break;
    case '\t': type(editor, ' '); break;
    default:
      if (key >= ' ' && key < NO_KEY) type(editor, (char)key);
  }
}

/* Edits until Enter. Returns the length, 0 after ^C, -1 at the end of input: ^D on an empty line.
 */
static int edit(const char* prompt, char* line) {
  static struct editor editor; /* static: it is large */
  editor = (struct editor){.prompt = prompt, .line = line, .recall = history_count};
  line[0] = 0;
  fputs(prompt, stdout);
  for (;;) {
    int key = read_key();
    if (key == '\n' || key == '\r') break;
    if (key == CONTROL('C')) {
      fputs("^C", stdout);
      line[0] = 0;
      break;
    }
    if (key == EOF || (key == CONTROL('D') && editor.length == 0)) {
      putchar('\n');
      return -1;
    }
    if (!apply_move(&editor, key)) apply_change(&editor, key);
  }
  putchar('\n');
  remember(line);
  return (int)strlen(line);
}

static volatile int reading_plain;

/* A ^C just before a read does not interrupt the read, which would then wait although the line was
 * dropped. So the next read must not wait. */
void end_reading(void) {
  if (reading_plain) fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
}

/* For input that is no terminal, or one that only the kernel can edit. Text that does not fit is
 * dropped, with a message. */
static int read_plain(const char* prompt, char* line) {
  int length = 0, c;
  reading_plain = interactive;
  if (interactive) fputs(prompt, stdout);
  while ((c = read_byte()) != '\n' && c != EOF && !interrupted) {
    if (length + 1 < LINE_SIZE) line[length++] = (char)c;
  }
  reading_plain = 0;
  if (interrupted) { /* there is no line */
    make_blocking();
    line[0] = 0;
    return 0;
  }
  line[length] = 0;
  if (length + 1 == LINE_SIZE) fprintf(stderr, "sh: the line was cut\n");
  if (interactive && c == EOF) putchar('\n');
  return c == EOF && length == 0 ? -1 : length;
}

int read_line(const char* prompt, char* line) {
  struct termios saved;
  if (tcgetattr(STDIN_FILENO, &saved) != 0) return read_plain(prompt, line);
  struct termios raw = saved;
  raw.c_lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) return read_plain(prompt, line);
  int length = edit(prompt, line);
  fflush(stdout);
  tcsetattr(STDIN_FILENO, TCSANOW, &saved);
  return length;
}
