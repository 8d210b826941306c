/* Copy-on-write in all its cases, seen through page_info: SEEDS.md section 3. */
#include "tap.h"

static volatile char page[4096] __attribute__((aligned(4096)));

static struct tine_page_info look(const volatile void* at) {
  struct tine_page_info info = {0, 0, 0};
  EQUAL(page_info((const void*)at, &info), 0);
  return info;
}

enum { OWN = TINE_PAGE_READ | TINE_PAGE_WRITE, SHARED = TINE_PAGE_READ | TINE_PAGE_COW };

#define LOOKS(info, wanted_flags, count) \
  do {                                   \
    EQUAL((info).flags, wanted_flags);   \
    EQUAL((info).references, count);     \
  } while (0)

static uint64_t receive(void) {
  struct tine_message message = {0};
  EQUAL(ipc_recv(&message), 0);
  return message.word;
}

/* ---- The plain story ---- */

static void story_child(pid_t parent, uint64_t frame) {
  struct tine_page_info info = look(page);
  LOOKS(info, SHARED, 2);
  EQUAL(info.frame, frame);
  page[0] = 'c';
  info = look(page);
  LOOKS(info, OWN, 1);
  CHECK(info.frame != frame);
  EQUAL(page[1], 'b');
  EQUAL(ipc_send(parent, 1), 0);
  receive();
  EQUAL(page[0], 'c');
  _exit(0);
}

static void story(void) {
  page[0] = 'a';
  page[1] = 'b';
  struct tine_page_info info = look(page);
  LOOKS(info, OWN, 1);
  uint64_t frame = info.frame;
  pid_t parent = getpid(), child = FORK();
  if (child == 0) story_child(parent, frame);
  receive();
  info = look(page);
  LOOKS(info, SHARED, 1);
  EQUAL(info.frame, frame);
  EQUAL(page[0], 'a');
  page[0] = 'p';
  info = look(page);
  LOOKS(info, OWN, 1);
  EQUAL(info.frame, frame);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
  EQUAL(page[0], 'p');
}

static void parent_writes_first(void) {
  page[0] = 'a';
  uint64_t frame = look(page).frame;
  pid_t child = FORK();
  if (child == 0) {
    receive();
    struct tine_page_info info = look(page);
    LOOKS(info, SHARED, 1);
    EQUAL(info.frame, frame);
    EQUAL(page[0], 'a');
    page[0] = 'c';
    info = look(page);
    LOOKS(info, OWN, 1);
    EQUAL(info.frame, frame);
    _exit(0);
  }
  struct tine_page_info info = look(page);
  LOOKS(info, SHARED, 2);
  page[0] = 'p';
  info = look(page);
  LOOKS(info, OWN, 1);
  CHECK(info.frame != frame);
  EQUAL(ipc_send(child, 0), 0);
  ENDS(child, 0);
  EQUAL(page[0], 'p');
}

static void after_child_exit(void) {
  page[0] = 'a';
  uint64_t frame = look(page).frame;
  pid_t child = FORK();
  if (child == 0) _exit(0);
  ENDS(child, 0);
  LOOKS(look(page), SHARED, 1);
  page[0] = 'b';
  LOOKS(look(page), OWN, 1);
  EQUAL(look(page).frame, frame);
}

static void three_generations(void) {
  page[0] = 'a';
  uint64_t frame = look(page).frame;
  pid_t child = FORK();
  if (child == 0) {
    pid_t grandchild = FORK();
    if (grandchild == 0) {
      struct tine_page_info info = look(page);
      LOOKS(info, SHARED, 3);
      EQUAL(info.frame, frame);
      page[0] = 'g';
      LOOKS(look(page), OWN, 1);
      _exit(0);
    }
    ENDS(grandchild, 0);
    LOOKS(look(page), SHARED, 2);
    EQUAL(page[0], 'a');
    page[0] = 'c';
    _exit(0);
  }
  ENDS(child, 0);
  LOOKS(look(page), SHARED, 1);
  EQUAL(page[0], 'a');
}

static void ten_owners(void) {
  pid_t children[9];
  page[0] = 'a';
  for (int i = 0; i < 9; i++) {
    children[i] = FORK();
    if (children[i] == 0) {
      receive();
      CHECK(page[0] == 'a');
      page[0] = (char)i;
      receive();
      _exit(page[0] == (char)i ? 0 : 2);
    }
  }
  LOOKS(look(page), SHARED, 10);
  for (unsigned left = 10; left > 1; left--) {
    pid_t child = children[left - 2];
    EQUAL(ipc_send(child, 0), 0);
    for (int tries = 0; tries < 5000 && look(page).references == left; tries++) sleep_ms(1);
    EQUAL(look(page).references, left - 1);
    while (ipc_send(child, 0) != 0) sleep_ms(1);
    ENDS(child, 0);
  }
  EQUAL(page[0], 'a');
}

/* ---- Pages that may not be written ---- */

static const char constant[4096] __attribute__((aligned(4096))) = {'r', 'o'};

static void dies_writing(volatile char* at) {
  pid_t child = FORK();
  if (child == 0) {
    *at = 'x';
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
}

static void read_only_stays(void) {
  char* map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  map[0] = 'm';
  EQUAL(mprotect(map, PAGE, PROT_READ), 0);
  EQUAL(look(map).flags & TINE_PAGE_WRITE, 0);
  dies_writing(map);
  dies_writing((volatile char*)constant);
  dies_writing((volatile char*)read_only_stays);
  EQUAL(map[0], 'm');
  EQUAL(constant[0], 'r');
  /* Writable again on one side, after a fork: still a copy. */
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(mprotect(map, PAGE, PROT_READ | PROT_WRITE), 0);
    EQUAL(look(map).flags & TINE_PAGE_WRITE, 0);
    map[0] = 'c';
    LOOKS(look(map), OWN, 1);
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(map[0], 'm');
}

/* ---- The kernel as the writer ---- */

static void kernel_writes(void (*write_into)(volatile char* at)) {
  page[0] = 'a';
  page[4000] = 'z';
  uint64_t frame = look(page).frame;
  pid_t child = FORK();
  if (child == 0) {
    LOOKS(look(page), SHARED, 2);
    write_into(page);
    LOOKS(look(page), OWN, 1);
    CHECK(look(page).frame != frame);
    EQUAL(page[4000], 'z');
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(page[0], 'a');
  EQUAL(look(page).frame, frame);
}

static void by_read(volatile char* at) {
  int fd = open("/dev/zero", O_RDONLY);
  EQUAL(read(fd, (void*)at, 100), 100);
  EQUAL(at[0], 0);
}
static void by_file_read(volatile char* at) {
  int fd = open("/tmp/hello.elf", O_RDONLY);
  EQUAL(read(fd, (void*)at, 4), 4);
  EQUAL(at[0], 0x7f);
}
static void by_receive(volatile char* at) {
  EQUAL(ipc_send(getpid(), 0x55), 0);
  EQUAL(ipc_recv((struct tine_message*)at), 0);
  EQUAL(((volatile struct tine_message*)at)->word, 0x55);
}
static void by_wait(volatile char* at) {
  pid_t child = FORK();
  if (child == 0) _exit(9);
  EQUAL(waitpid(child, (int*)at, 0), child);
  EQUAL(*(volatile int*)at, 9 << 8);
}
static void by_memory_info(volatile char* at) {
  EQUAL(memory_info((struct tine_memory_info*)at), 0);
  CHECK(((volatile struct tine_memory_info*)at)->total_frames > 1000);
}
static void by_getcwd(volatile char* at) {
  EQUAL(syscall(SYS_getcwd, at, 100), 2);
  EQUAL(at[0], '/');
}

static void kernel_read(void) { kernel_writes(by_read); }
static void kernel_file_read(void) { kernel_writes(by_file_read); }
static void kernel_receive(void) { kernel_writes(by_receive); }
static void kernel_wait(void) { kernel_writes(by_wait); }
static void kernel_memory_info(void) { kernel_writes(by_memory_info); }
static void kernel_getcwd(void) { kernel_writes(by_getcwd); }

/* ---- Two sides at once ---- */

enum { PAGES = 64, ROUNDS = 20 };

static void write_and_verify(volatile char* pages, char mark) {
  for (int i = 0; i < PAGES; i++) {
    volatile char* at = pages + i * PAGE;
    CHECK(at[0] == 'o' && at[PAGE - 1] == (char)i);
    at[0] = mark;
  }
  for (int i = 0; i < PAGES; i++)
    CHECK(pages[i * PAGE] == mark && pages[i * PAGE + PAGE - 1] == (char)i);
}

static void both_write(void) {
  volatile char* pages =
      mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < PAGES; i++) {
      pages[i * PAGE] = 'o';
      pages[i * PAGE + PAGE - 1] = (char)i;
    }
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
      children[i] = FORK();
      if (children[i] == 0) {
        write_and_verify(pages, (char)('0' + i));
        _exit(0);
      }
    }
    write_and_verify(pages, 'p');
    ENDS(children[0], 0);
    ENDS(children[1], 0);
  }
}

static void counted_by_process_info(void) {
  struct tine_process_info before, after;
  CHECK(tap_info(getpid(), &before));
  pid_t child = FORK();
  if (child == 0) {
    receive();
    _exit(0);
  }
  CHECK(tap_info(getpid(), &after));
  CHECK(after.shared_pages + 3 > after.resident_pages);
  CHECK(after.resident_pages >= before.resident_pages);
  EQUAL(ipc_send(child, 0), 0);
  ENDS(child, 0);
}

int main(void) {
  tap_begin("cow");
  RUN("both sides read-only and COW, count 2; the child's write copies; the last owner keeps its "
      "frame",
      story);
  RUN("the parent's write copies as well, and then the child is the last owner",
      parent_writes_first);
  RUN("when the child has ended the parent's write changes the page in place", after_child_exit);
  RUN("a grandchild makes three owners of a frame", three_generations);
  RUN("ten owners leave a frame one by one", ten_owners);
  RUN("what is read-only stays so across fork: a write is SIGSEGV", read_only_stays);
  RUN("read() from a device breaks sharing", kernel_read);
  RUN("read() from a file breaks sharing", kernel_file_read);
  RUN("ipc_recv breaks sharing", kernel_receive);
  RUN("wait4's status breaks sharing", kernel_wait);
  RUN("memory_info breaks sharing", kernel_memory_info);
  RUN("getcwd breaks sharing", kernel_getcwd);
  RUN("three processes write the same pages at the same time", both_write);
  RUN("process_info counts the shared pages", counted_by_process_info);
  return tap_end();
}
