/*
 * ps: prints a line for each process. WAIT says what a sleeping one waits for (child:N for child
 * N), TICKS how many timer ticks came while it ran since its last exec, SCHED how often it was
 * given a hart, RES how many pages it has mapped, SHR how many of their frames have other owners
 * too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tine.h>

static const char* state_name(int state) {
  static const char* const names[] = {"running", "ready", "sleeping", "zombie"};
  return state >= 0 && state < 4 ? names[state] : "?";
}

static void describe_wait(const struct tine_process_info* info, char* to, size_t size) {
  static const char* const names[] = {"-", "child", "ipc", "console", "sleep", "lock", "pipe"};
  int reason = info->state == TINE_SLEEPING ? info->wait_reason : TINE_WAIT_NONE;
  int known = reason >= 0 && reason < (int)(sizeof names / sizeof names[0]);
  snprintf(to, size, "%s", known ? names[reason] : "?");
  if (reason == TINE_WAIT_CHILD && info->wait_pid > 0) {
    snprintf(to, size, "child:%d", info->wait_pid);
  }
}

static void show(const struct tine_process_info* info) {
  char waiting[16];
  describe_wait(info, waiting, sizeof waiting);
  printf("%5d %5d %-8s %-9s %4d %6lu %6lu %5lu %5lu  APP=%s", info->pid, info->parent,
         state_name(info->state), waiting, info->hart, info->run_ticks, info->schedules,
         info->resident_pages, info->shared_pages, info->name);
  for (int i = 1; i < info->args.argc && i < TINE_ARG_COUNT; i++) printf(" %s", info->args.argv[i]);
  putchar('\n');
}

int main(void) {
  struct tine_process_info info;
  printf("%5s %5s %-8s %-9s %4s %6s %6s %5s %5s  %s\n", "PID", "PPID", "STATE", "WAIT", "HART",
         "TICKS", "SCHED", "RES", "SHR", "PROGRAM");
  for (pid_t pid = 0; (pid = process_info(pid, &info)) > 0; pid++) show(&info);
  if (errno == ESRCH) return 0;
  perror("ps");
  return 1;
}
