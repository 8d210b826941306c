/* ETXTBSY: the file of a program that runs is not opened for writing, and a file that is open for
 * writing is not executed. A copy of this program is run for it. */
#include "tap.h"

#define SELF "/test/busy_files"
#define COPY "/tmp/busy_files.copy"

/* ---- What the copy does ---- */

/* Tells that it runs, by a byte to `news`, and ends when `life` has no other end any more. */
static int live(int news, int life) {
  char byte = 0;
  return write(news, &byte, 1) == 1 && read(life, &byte, 1) == 0 ? 0 : 1;
}

/* Leaves a child that is a copy, too, and becomes another program, which waits for the child. */
static int leave_a_child(char* news, char* life) {
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    char byte;
    return read(atoi(life), &byte, 1) == 0 ? 0 : 1;
  }
  char* argv[] = {"busy_files", "--become", news, life, NULL};
  execve(SELF, argv, environ);
  return 2;
}

static int wait_for_child(int news, int life) {
  int status = -1;
  if (live(news, life) != 0) return 1;
  return waitpid(-1, &status, 0) > 0 && status == 0 ? 0 : 2;
}

/* Whatever others do with the file: as long as it runs it cannot be written to. */
static int look(void) {
  if (open(COPY, O_WRONLY) != -1) return 1;
  return errno == ETXTBSY ? 42 : 2;
}

/* ---- The cases ---- */

static int news[2], life[2];

/* Starts the copy, which does `what`; returns when it runs. */
static pid_t start_copy(char* what) {
  char ends[2][8];
  EQUAL(pipe2(news, 0), 0);
  EQUAL(pipe2(life, 0), 0);
  snprintf(ends[0], sizeof ends[0], "%d", news[1]);
  snprintf(ends[1], sizeof ends[1], "%d", life[0]);
  char* argv[] = {"busy_files.copy", what, ends[0], ends[1], NULL};
  pid_t child = FORK();
  if (child == 0) {
    close(life[1]);
    execve(COPY, argv, environ);
    _exit(99);
  }
  close(news[1]);
  char byte;
  EQUAL(read(news[0], &byte, 1), 1);
  return child;
}

static void end_copy(pid_t child) {
  close(life[1]);
  ENDS(child, 0);
}

static void refuses_writers(void) {
  ERROR(open(COPY, O_WRONLY), ETXTBSY);
  ERROR(open(COPY, O_RDWR | O_APPEND), ETXTBSY);
  ERROR(open(COPY, O_RDONLY | O_TRUNC), ETXTBSY);
  ERROR(open(COPY, O_WRONLY | O_CREAT | O_TRUNC, 0644), ETXTBSY);
  int fd = open(COPY, O_RDONLY);
  CHECK(fd >= 0);
  close(fd);
}

static void takes_writers(void) {
  for (int i = 0; i < 2; i++) {
    int fd = open(COPY, i ? O_RDWR : O_WRONLY);
    CHECK(fd >= 0);
    close(fd);
  }
}

static void running(void) {
  takes_writers();
  pid_t child = start_copy("--live");
  refuses_writers();
  end_copy(child);
  takes_writers();
}

static void running_twice(void) {
  pid_t first = start_copy("--live");
  int life_of_first = life[1];
  pid_t second = start_copy("--live");
  end_copy(second);
  refuses_writers();
  life[1] = life_of_first;
  end_copy(first);
  takes_writers();
}

static void forked(void) {
  pid_t child = start_copy("--leave-a-child");
  refuses_writers(); /* the child that was started is another program already */
  end_copy(child);
  takes_writers();
}

static void killed(void) {
  pid_t child = start_copy("--live");
  EQUAL(kill(child, SIGKILL), 0);
  EQUAL(waitpid(child, NULL, 0), child);
  takes_writers();
}

/* A zombie runs no program. */
static void zombie(void) {
  pid_t child = start_copy("--live");
  struct tine_process_info info;
  close(life[1]);
  while (tap_info(child, &info) && info.state != TINE_ZOMBIE) sleep_ms(1);
  takes_writers();
  ENDS(child, 0);
}

static void open_for_writing(void) {
  char* argv[] = {"busy_files.copy", "--look", NULL};
  static const int modes[] = {O_WRONLY, O_RDWR};
  for (int i = 0; i < 2; i++) {
    int fd = open(COPY, modes[i]);
    int other = dup(fd);
    ERROR(execve(COPY, argv, environ), ETXTBSY);
    close(fd);
    ERROR(execve(COPY, argv, environ), ETXTBSY);
    takes_writers(); /* what failed denies nothing */
    close(other);
  }
  int reader = open(COPY, O_RDONLY);
  pid_t child = FORK();
  if (child == 0) {
    execve(COPY, argv, environ);
    _exit(99);
  }
  ENDS(child, 42);
  close(reader);
}

/* Other errors come first, and leave nothing behind. */
static void other_errors(void) {
  make_file("/tmp/busy_files.text"); /* no user may execute it */
  int fd = open("/tmp/busy_files.text", O_RDWR);
  EQUAL(write(fd, "no program", 10), 10);
  ERROR(execve("/tmp/busy_files.text", NULL, NULL), EACCES);
  close(fd);
  EQUAL(unlink("/tmp/busy_files.text"), 0);
  fd = open("/tmp/busy_files.text", O_WRONLY | O_CREAT | O_EXCL, 0755);
  EQUAL(write(fd, "no program", 10), 10);
  ERROR(execve("/tmp/busy_files.text", NULL, NULL), ETXTBSY);
  close(fd);
  ERROR(execve("/tmp/busy_files.text", NULL, NULL), ENOEXEC);
  fd = open("/tmp/busy_files.text", O_WRONLY);
  CHECK(fd >= 0);
  close(fd);
  EQUAL(unlink("/tmp/busy_files.text"), 0);
}

static void spin_a_little(uint64_t* random) {
  for (volatile uint64_t left = tap_random(random) % 2000; left > 0;) left--;
}

/* The pauses make each slice of the writer another one. With slices of one length, on a machine
 * that counts instructions, each would end where the one before did: with the file open. */
static void write_and_run_at_once(void) {
  char* argv[] = {"busy_files.copy", "--look", NULL};
  pid_t writer = FORK();
  if (writer == 0) {
    for (uint64_t random = 1;;) {
      int fd = open(COPY, O_WRONLY);
      spin_a_little(&random);
      close(fd);
      spin_a_little(&random);
    }
  }
  int ran = 0, refused = 0;
  while (ran < 20 || refused < 20) {
    pid_t child = FORK();
    if (child == 0) {
      execve(COPY, argv, environ);
      _exit(errno == ETXTBSY ? 43 : 99);
    }
    int status = -1;
    EQUAL(waitpid(child, &status, 0), child);
    if (status == 42 << 8) ran++;
    if (status == 43 << 8) refused++;
    CHECK(status == 42 << 8 || status == 43 << 8);
    if (ran > 0 && ran + refused >= 2000) break;
  }
  kill(writer, SIGKILL);
  EQUAL(waitpid(writer, NULL, 0), writer);
  printf("# %d ran, %d were refused\n", ran, refused);
  takes_writers();
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--look") == 0) return look();
  if (argc > 3 && strcmp(argv[1], "--live") == 0) return live(atoi(argv[2]), atoi(argv[3]));
  if (argc > 3 && strcmp(argv[1], "--leave-a-child") == 0) return leave_a_child(argv[2], argv[3]);
  if (argc > 3 && strcmp(argv[1], "--become") == 0) {
    return wait_for_child(atoi(argv[2]), atoi(argv[3]));
  }
  tap_begin("busy_files");
  copy_file(SELF, COPY);
  RUN("a program's file is not opened for writing nor cut while it runs; afterwards it is",
      running);
  RUN("two run the same file: it is busy until the second one ends", running_twice);
  RUN("a forked child keeps the file busy when its parent has become another program", forked);
  RUN("a killed program's file may be written to", killed);
  RUN("a zombie's file may be written to", zombie);
  RUN("a file that is open for writing is not executed; afterwards it is", open_for_writing);
  RUN("EACCES comes first; a failed execve leaves the file free", other_errors);
  RUN("while one opens a file for writing and others execute it, no program runs with a writer",
      write_and_run_at_once);
  unlink(COPY);
  return tap_end();
}
