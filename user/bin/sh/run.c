/* Running what parse.c made of a line, and watching the jobs in the background. */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_JOBS = 32 };

static struct job {
  pid_t pid; /* 0: the place is free */
  char name[32];
} jobs[MAX_JOBS];

/* Becomes the program; does not return. A name without / is one of /bin. */
static void become(const struct command* command) {
  char path[LINE_SIZE + 8];
  const char* directory = strchr(command->argv[0], '/') == NULL ? "/bin/" : "";
  snprintf(path, sizeof path, "%s%s", directory, command->argv[0]);
  execve(path, command->argv, environ);
  int missing = errno == ENOENT && *directory != 0;
  fprintf(stderr, "sh: %s: %s\n", command->argv[0],
          missing ? "command not found" : strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

/* "[exit 3]", "[killed by signal 11: SIGSEGV]"; nothing for success. */
static void report_status(int status) {
  if (WIFSIGNALED(status)) {
    printf("[killed by signal %d: %s]\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    printf("[exit %d]\n", WEXITSTATUS(status));
  }
}

static int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) != pid) {
    if (errno == EINTR) continue;
    perror("sh: wait");
    return 1;
  }
  report_status(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void add_job(pid_t pid, const char* name) {
  printf("[%d]\n", pid);
  for (struct job* job = jobs; job < jobs + MAX_JOBS; job++) {
    if (job->pid != 0) continue;
    job->pid = pid;
    snprintf(job->name, sizeof job->name, "%s", name);
    return;
  }
}

void report_jobs(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const char* name = "?"; /* more jobs than places: it ends all the same, without its name */
    for (struct job* job = jobs; job < jobs + MAX_JOBS; job++) {
      if (job->pid != pid) continue;
      job->pid = 0;
      name = job->name;
    }
    printf("[%d] done: %s%s", pid, name, status == 0 ? "\n" : " ");
    report_status(status);
  }
}

static int run_command(const struct command* command) {
  int status;
  if (run_builtin(command, &status)) return status;
  pid_t pid = fork();
  if (pid < 0) {
    perror("sh: fork");
    return 1;
  }
  if (pid == 0) become(command);
  if (command->connector != BACKGROUND) return wait_for(pid);
  add_job(pid, command->argv[0]);
  return 0;
}

int run_list(const struct command_list* list) {
  int status = 0;
  int skip = 0;
  for (int i = 0; i < list->count && !exit_requested; i++) {
    const struct command* command = &list->commands[i];
    if (!skip) status = run_command(command);
    enum connector connector = command->connector;
    skip = (connector == AND && status != 0) || (connector == OR && status == 0);
  }
  return status;
}
