/* SEEDS.md section 2, test_getpid: who am I, who made me, which thread am I. */
#include "tap.h"

static void own_ids(void) {
  CHECK(getpid() > 0);
  EQUAL(gettid(), getpid());
  EQUAL(getpid(), tap.owner);
}

static void child_ids(void) {
  pid_t self = getpid();
  pid_t child = FORK();
  if (child == 0) {
    CHECK(getpid() != self);
    EQUAL(getppid(), self);
    EQUAL(gettid(), getpid());
    _exit(0);
  }
  ENDS(child, 0);
}

static void child_knows_its_pid(void) {
  pid_t self = getpid();
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(ipc_send(self, (uint64_t)getpid()), 0);
    _exit(0);
  }
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
  EQUAL(message.word, child);
  EQUAL(message.sender, child);
  ENDS(child, 0);
}

static void pids_differ(void) {
  pid_t children[10];
  for (int i = 0; i < 10; i++) {
    children[i] = FORK();
    if (children[i] == 0) _exit(0);
    for (int j = 0; j < i; j++) CHECK(children[i] != children[j]);
  }
  for (int i = 0; i < 10; i++) ENDS(children[i], 0);
}

static void parent_stays(void) {
  pid_t parent = getppid();
  for (int i = 0; i < 100; i++) {
    EQUAL(getppid(), parent);
    sched_yield();
  }
}

int main(void) {
  tap_begin("test_getpid");
  RUN("a process has a pid, and its first thread has the same number", own_ids);
  RUN("a child has a pid of its own, and its maker as parent", child_ids);
  RUN("fork tells the parent the pid that the child sees", child_knows_its_pid);
  RUN("ten children have ten pids", pids_differ);
  RUN("getppid stays the same while the parent lives", parent_stays);
  return tap_end();
}
