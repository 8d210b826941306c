/*
 * A heap over brk: first fit in one list of free blocks, ordered by address so that neighbours can
 * be joined.
 *
 * Every block, free or not, begins with a header that holds its size, itself included, in whole
 * headers of 16 bytes. That of a free block also links to the next free one. The heap only grows.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tine/syscall.h>
#include <unistd.h>

/* The kernel's brk returns where the break is now, unchanged when it failed. brk(0) only reads it.
 */
int brk(void* end) {
  if ((void*)syscall(SYS_brk, end) == end) return 0;
  errno = ENOMEM;
  return -1;
}

void* sbrk(ptrdiff_t change) {
  char* old = (char*)syscall(SYS_brk, NULL);
  if (change != 0 && brk(old + change) != 0) return (void*)-1;
  return old;
}

struct header {
  size_t size;
  struct header* next; /* while free */
};

enum {
  ALIGNMENT = sizeof(struct header),
  GROWTH = 16 << 10, /* ask the kernel for at least this much, because a call is slow */
};

static struct header* free_list;

static char* end_of(struct header* block) { return (char*)block + block->size; }

/* Puts a block into the list, joined with the free neighbours that touch it. */
static void insert(struct header* block) {
  struct header *before = NULL, *after = free_list;
  while (after != NULL && after < block) {
    before = after;
    after = after->next;
  }
  block->next = after;
  if (after != NULL && end_of(block) == (char*)after) {
    block->size += after->size;
    block->next = after->next;
  }
  if (before == NULL) {
    free_list = block;
  } else if (end_of(before) == (char*)block) {
    before->size += block->size;
    before->next = block->next;
  } else {
    before->next = block;
  }
}

/* Takes `size` bytes from the first free block that has them; its rest stays free. NULL: no block
 * has.
 * */
static struct header* take(size_t size) {
  for (struct header** link = &free_list; *link != NULL; link = &(*link)->next) {
    struct header* block = *link;
    if (block->size < size) continue;
    if (block->size == size) {
      *link = block->next;
      return block;
    }
    block->size -= size; /* returns the tail, so the list need not change */
    struct header* tail = (struct header*)end_of(block);
    tail->size = size;
    return tail;
  }
  return NULL;
}

static int grow(size_t size) {
  size_t amount = size < GROWTH ? GROWTH : size;
  uintptr_t old = (uintptr_t)sbrk(0);
  uintptr_t padding = -old % ALIGNMENT;
  if (amount > PTRDIFF_MAX - padding || sbrk((ptrdiff_t)(amount + padding)) == (void*)-1) {
    errno = ENOMEM;
    return -1;
  }
  struct header* block = (struct header*)(old + padding);
  block->size = amount;
  insert(block);
  return 0;
}

void* malloc(size_t size) {
  if (size > PTRDIFF_MAX - GROWTH) {
    errno = ENOMEM;
    return NULL;
  }
  size_t whole = (size + sizeof(struct header) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (whole < 2 * ALIGNMENT) whole = 2 * ALIGNMENT;
  struct header* block = take(whole);
  if (block == NULL && grow(whole) == 0) block = take(whole);
  return block == NULL ? NULL : block + 1;
}

void free(void* pointer) {
  if (pointer != NULL) insert((struct header*)pointer - 1);
}

void* calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) {
    errno = ENOMEM;
    return NULL;
  }
  void* block = malloc(total);
  return block == NULL ? NULL : memset(block, 0, total);
}

void* realloc(void* old, size_t size) {
  if (old == NULL) return malloc(size);
  size_t room = ((struct header*)old - 1)->size - sizeof(struct header);
  if (size <= room) return old;
  void* block = malloc(size);
  if (block == NULL) return NULL; /* the old block stays as it was */
  memcpy(block, old, room);
  free(old);
  return block;
}
