/*
 * stack WORD...: prints the stack that this program was started with: from argc, to which sp
 * points, to the end of the path (AT_EXECFN). A line for each 8 bytes: address, value, meaning.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tine/abi.h>

static const struct {
  uint64_t type;
  const char* name;
} names[] = {
    {AT_NULL, "AT_NULL"},     {AT_PHDR, "AT_PHDR"},     {AT_PHENT, "AT_PHENT"},
    {AT_PHNUM, "AT_PHNUM"},   {AT_PAGESZ, "AT_PAGESZ"}, {AT_BASE, "AT_BASE"},
    {AT_FLAGS, "AT_FLAGS"},   {AT_ENTRY, "AT_ENTRY"},   {AT_UID, "AT_UID"},
    {AT_EUID, "AT_EUID"},     {AT_GID, "AT_GID"},       {AT_EGID, "AT_EGID"},
    {AT_HWCAP, "AT_HWCAP"},   {AT_CLKTCK, "AT_CLKTCK"}, {AT_SECURE, "AT_SECURE"},
    {AT_RANDOM, "AT_RANDOM"}, {AT_EXECFN, "AT_EXECFN"}, {AT_MINSIGSTKSZ, "AT_MINSIGSTKSZ"},
};

static const char* name_of(uint64_t type) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (names[i].type == type) return names[i].name;
  }
  return "?";
}

static void show(const void* at, const char* meaning) {
  const unsigned char* bytes = at;
  printf("%p ", at);
  for (int i = 0; i < 8; i++) printf(" %02x", bytes[i]);
  printf("  %s\n", meaning);
}

/* Prints words that are addresses of strings, and the 0 after them. Returns a pointer after that.
 */
static uint64_t* show_vector(uint64_t* at, const char* name) {
  char meaning[80];
  for (int i = 0; *at; i++, at++) {
    snprintf(meaning, sizeof meaning, "%s[%d] -> \"%s\"", name, i, (const char*)*at);
    show(at, meaning);
  }
  snprintf(meaning, sizeof meaning, "the end of %s", name);
  show(at, meaning);
  return at + 1;
}

/* Prints pairs of words. Returns a pointer after them. */
static uint64_t* show_auxv(uint64_t* at) {
  char meaning[80];
  for (uint64_t type = ~0ul; type != AT_NULL; at += 2) {
    type = at[0];
    snprintf(meaning, sizeof meaning, "%s (%lu)", name_of(type), type);
    show(at, meaning);
    snprintf(meaning, sizeof meaning, "  = %#lx", at[1]);
    show(at + 1, meaning);
  }
  return at;
}

static void show_text(const char* at) {
  char meaning[9] = "";
  for (int i = 0; i < 8; i++) meaning[i] = at[i] > ' ' && at[i] <= '~' ? at[i] : at[i] ? ' ' : '.';
  show(at, meaning);
}

int main(int argc, char** argv) {
  uint64_t* at = (uint64_t*)argv - 1;
  char meaning[80];
  snprintf(meaning, sizeof meaning, "argc = %d, sp is here", argc);
  show(at, meaning);
  at = show_vector(at + 1, "argv");
  at = show_vector(at, "envp");
  const uint64_t* auxv = at;
  at = show_auxv(at);
  const char *random = NULL, *path = NULL;
  for (const uint64_t* pair = auxv; pair[0] != AT_NULL; pair += 2) {
    if (pair[0] == AT_RANDOM) random = (const char*)pair[1];
    if (pair[0] == AT_EXECFN) path = (const char*)pair[1];
  }
  if (!random || !path) return 1;
  const char* text = (const char*)at;
  for (; text < random; text += 8) show(text, "nothing: alignment");
  for (; text < random + 16; text += 8) show(text, "random bytes");
  for (; text <= path + strlen(path); text += 8) show_text(text);
  return 0;
}
