/* The shell's children: waiting for one, and watching those that run in the background. */
#include "sh.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { MAX_JOBS = 32 };

static struct job {
  pid_t pid; /* 0: the place is free */
  char name[32];
} jobs[MAX_JOBS];

pid_t last_job;

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* "[exit 3]", "[killed by signal 11: SIGSEGV]"; nothing for success. */
void report_status(int status) {
  if (WIFSIGNALED(status)) {
    printf("[killed by signal %d: %s]\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    printf("[exit %d]\n", WEXITSTATUS(status));
  }
}

/* A ^C interrupts the wait, but the child may catch it and continue; so waits again. */
int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) != pid) {
    if (errno == EINTR) continue;
    perror("sh: wait");
    return 1 << 8;
  }
  return status;
}

/* A job for which the table has no place runs too; its end is reported without a name. */
void add_job(pid_t pid, const char* name) {
  last_job = pid;
  if (interactive) printf("[%d]\n", pid);
  for (struct job* job = jobs; job < jobs + MAX_JOBS; job++) {
    if (job->pid != 0) continue;
    job->pid = pid;
    snprintf(job->name, sizeof job->name, "%s", name);
    return;
  }
}

static void end_job(pid_t pid, int status) {
  const char* name = "?";
  for (struct job* job = jobs; job < jobs + MAX_JOBS; job++) {
    if (job->pid != pid) continue;
    job->pid = 0;
    name = job->name;
  }
  if (!interactive) return;
  printf("[%d] done: %s%s", pid, name, status == 0 ? "\n" : " ");
  report_status(status);
}

void report_jobs(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) end_job(pid, status);
}

void wait_for_jobs(void) {
  while (!interrupted) {
    int status;
    pid_t pid = wait(&status);
    if (pid > 0) end_job(pid, status);
    if (pid < 0 && errno != EINTR) return;
  }
}
