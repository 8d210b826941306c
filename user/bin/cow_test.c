/*
 * cow_test: copy-on-write as a program sees it. Shows one page before a fork, after it on both
 * sides, after the child's write (the child has another frame; the old one's count falls), and
 * after the parent's (the same frame: its only owner just gets the right to write again).
 *
 * Parent and child take turns by messages, so the order of the steps does not depend on time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <tine.h>
#include <unistd.h>

static volatile char page[TINE_PAGE_SIZE] __attribute__((aligned(TINE_PAGE_SIZE)));

static int failures;

static void check(int good, const char* what) {
  if (good) return;
  failures++;
  printf("cow_test: FAIL: %s\n", what);
}

/* Prints and returns how the page is mapped here; all zeros when the call fails. */
static struct tine_page_info look(const char* who, const char* when) {
  struct tine_page_info info = {0, 0, 0};
  if (page_info((const void*)page, &info) != 0) {
    printf("cow_test: FAIL: page_info: %s\n", strerror(errno));
    failures++;
  }
  printf("%-6s  %-24s  frame %6lu  references %u  %c%c%c%s\n", who, when, info.frame,
         info.references, (info.flags & TINE_PAGE_READ) != 0 ? 'r' : '-',
         (info.flags & TINE_PAGE_WRITE) != 0 ? 'w' : '-',
         (info.flags & TINE_PAGE_EXEC) != 0 ? 'x' : '-',
         (info.flags & TINE_PAGE_COW) != 0 ? " cow" : "");
  return info;
}

static int is_writable(const struct tine_page_info* info) {
  return (info->flags & TINE_PAGE_WRITE) != 0 && (info->flags & TINE_PAGE_COW) == 0;
}

static int is_shared(const struct tine_page_info* info) {
  return (info->flags & TINE_PAGE_WRITE) == 0 && (info->flags & TINE_PAGE_COW) != 0;
}

/* Waits for the other side's message; returns its word. */
static uint64_t turn(void) {
  struct tine_message message = {0};
  check(ipc_recv(&message) == 0, "ipc_recv");
  return message.word;
}

static void hand_over(pid_t to, uint64_t word) { check(ipc_send(to, word) == 0, "ipc_send"); }

static int in_child(pid_t parent, uint64_t old_frame) {
  struct tine_page_info before = look("child", "after fork");
  check(before.frame == old_frame, "the child does not share the parent's frame");
  check(before.references == 2, "the shared frame has not two references");
  check(is_shared(&before), "the child's page is not read-only and COW");

  page[0] = 'c';
  struct tine_page_info after = look("child", "after its own write");
  check(after.frame != old_frame, "the child's write did not get a new frame");
  check(after.references == 1, "the child's new frame has not one reference");
  check(is_writable(&after), "the child's new page is not writable");
  check(page[1] == 'b', "the child's new frame is not a copy");
  hand_over(parent, after.frame);

  turn(); /* the parent has written */
  check(page[0] == 'c', "the child sees the parent's write");
  return failures == 0 ? 0 : 1;
}

static void in_parent(pid_t child, uint64_t old_frame) {
  uint64_t child_frame = turn(); /* the child has written */
  struct tine_page_info before = look("parent", "after the child's write");
  check(page[0] == 'a', "the parent sees the child's write");
  check(before.frame == old_frame, "the parent's frame changed by the child's write");
  check(before.frame != child_frame, "parent and child write to the same frame");
  check(before.references == 1, "the parent's count did not fall to one");

  page[0] = 'p';
  struct tine_page_info after = look("parent", "after its own write");
  check(after.frame == old_frame, "the only owner's page was copied");
  check(after.references == 1, "the parent's frame has not one reference");
  check(is_writable(&after), "the parent's page is not writable again");
  check(page[0] == 'p' && page[1] == 'b', "the parent's page has wrong contents");
  hand_over(child, 0);

  int status = -1;
  check(waitpid(child, &status, 0) == child && status == 0, "the child's checks");
}

int main(void) {
  page[0] = 'a';
  page[1] = 'b';
  struct tine_page_info start = look("parent", "before fork");
  check(start.references == 1 && is_writable(&start), "before fork: one writable reference");
  if (failures > 0) { /* the two sides would wait for each other */
    printf("cow_test: FAIL\n");
    return 1;
  }
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) return in_child(parent, start.frame);
  check(child > 0, "fork");
  if (child > 0) in_parent(child, start.frame);
  printf("cow_test: %s\n", failures == 0 ? "PASS" : "FAIL");
  return failures == 0 ? 0 : 1;
}
