/*
 * A QEMU plugin: the grader is told when the guest has executed `limit` instructions, exactly there
 * and on every host. So a kernel that hangs is found by what it did, not by how long that took. A
 * kernel that only waits executes next to nothing: each time that a hart goes to sleep (wfi) counts
 * as IDLE instructions.
 *
 * Written against the interface's few functions by hand, because the packages have no header for
 * them (QEMU: "TCG plugins"). VERSION comes from lab.mk: 1 up to QEMU 8, 2 from 9 on.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t Id;
struct qemu_plugin_tb; /* a block of instructions without a jump */

void qemu_plugin_register_vcpu_tb_trans_cb(Id id, void (*translated)(Id, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* block,
                                          void (*executed)(unsigned, void*), int flags, void* data);
void qemu_plugin_register_vcpu_idle_cb(Id id, void (*idle)(Id, unsigned));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = VERSION;

static volatile uint64_t executed;
static uint64_t limit;

enum { IDLE = 100000, STANDSTILL = 1 };

/* test/guest/guest.cc knows these words. */
static void say(const char* words) {
  if (write(STDERR_FILENO, words, strlen(words)) < 0) _exit(98);
}

static void __attribute__((noreturn)) end(const char* last_words) {
  say(last_words);
  _exit(99);
}

/* At the limit the grader is told, and stops the machine to see where its harts are. If it does
 * not, the machine ends when it has executed twenty times as much. */
static void spend(uint64_t instructions) {
  static volatile int told;
  executed += instructions;
  if (executed > limit && !told) {
    told = 1;
    say("\n[instruction limit]\n");
  }
  if (executed > 20 * limit) _exit(99);
}

/*
 * When every hart sleeps and no timer is set, QEMU 7.2 with sleep=off turns round and round without
 * an instruction, and hears no signal. That is known by its own CPU time, however busy the host is:
 * STANDSTILL seconds of it, and not one instruction.
 */
static void* watch(void* unused) {
  (void)unused;
  uint64_t last = 0;
  time_t since = 0;
  for (;; usleep(100000)) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    if (executed != last) {
      last = executed;
      since = used.tv_sec;
    } else if (used.tv_sec - since > STANDSTILL) {
      end("\n[all harts sleep]\n");
    }
  }
}

static void block_runs(unsigned hart, void* instructions) {
  (void)hart;
  spend((uintptr_t)instructions);
}

static void hart_sleeps(Id id, unsigned hart) {
  (void)id, (void)hart;
  spend(IDLE);
}

static void block_translated(Id id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(block, block_runs, 0,
                                       (void*)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

EXPORT int qemu_plugin_install(Id id, const void* about, int argc, char** argv) {
  (void)about;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "limit=", 6) == 0) limit = strtoull(argv[i] + 6, NULL, 10);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
  qemu_plugin_register_vcpu_idle_cb(id, hart_sleeps);
  pthread_t watcher;
  return pthread_create(&watcher, NULL, watch, NULL);
}
