/* The wing `linux`: pipes with a name (mknod), how they are opened, and mount. */
#include "signals.h"

#define FIFO "/tmp/fifo"

static long make_node(const char* path, unsigned mode) {
  return syscall(SYS_mknodat, AT_FDCWD, path, mode, 0);
}
static void fresh_fifo(void) { EQUAL(make_node(FIFO, S_IFIFO | 0644), 0); }
static int open_fifo(int flags) {
  int fd = open(FIFO, flags);
  if (fd < 0) tap_fail("open(" FIFO ", %d): %s", flags, strerror(errno));
  return fd;
}

/* Is the wing procfs there? */
static int has_procfs(void) {
  struct stat about;
  return stat("/proc/self", &about) == 0;
}

/* A child that opens the pipe, and ends with 0 when it could; else with the errno. */
static pid_t opener(int flags) {
  pid_t child = FORK();
  if (child == 0) _exit(open(FIFO, flags) >= 0 ? 0 : errno);
  return child;
}

/* ---- mknod ---- */

static void kinds(void) {
  struct stat about;
  fresh_fifo();
  EQUAL(stat(FIFO, &about), 0);
  EQUAL(about.st_mode, S_IFIFO | 0644);
  EQUAL(about.st_nlink, 1);
  ERROR(make_node(FIFO, S_IFIFO | 0644), EEXIST);
  EQUAL(rename(FIFO, "/tmp/fifo2"), 0);
  EQUAL(link("/tmp/fifo2", FIFO), 0);
  EQUAL(unlink("/tmp/fifo2"), 0);
  EQUAL(unlink(FIFO), 0);
  EQUAL(make_node("/tmp/plain", 0600), 0);
  EQUAL(stat("/tmp/plain", &about), 0);
  EQUAL(about.st_mode, S_IFREG | 0600);
  EQUAL(unlink("/tmp/plain"), 0);
}

static void bad_nodes(void) {
  ERROR(make_node("/tmp/bad", S_IFCHR | 0600), EPERM);
  ERROR(make_node("/tmp/bad", S_IFBLK | 0600), EPERM);
  ERROR(make_node("/tmp/bad", S_IFSOCK | 0600), EPERM);
  ERROR(make_node("/tmp/bad", S_IFDIR | 0600), EPERM);
  ERROR(make_node("/tmp/bad", S_IFLNK | 0600), EINVAL);
  ERROR(make_node("/tmp/bad", 0170000), EINVAL);
  ERROR(make_node("/tmp/no/bad", S_IFIFO), ENOENT);
  ERROR(make_node("/tmp/bad/", S_IFIFO), ENOENT);
  ERROR(make_node("/dev/null/bad", S_IFIFO), ENOTDIR);
  ERROR(make_node("/tmp/..", S_IFIFO), EEXIST);
  if (has_procfs()) ERROR(make_node("/proc/bad", S_IFIFO), EPERM);
  ERROR(make_node(wild(UNMAPPED), S_IFIFO), EFAULT);
  ERROR(make_node(wild(KERNEL), S_IFIFO), EFAULT);
  ERROR(syscall(SYS_mknodat, 99, "bad", S_IFIFO), EBADF);
  ERROR(open("/tmp/bad", O_RDONLY), ENOENT);
}

/* ---- Opening ---- */

static void waits_for_other_end(void) {
  fresh_fifo();
  for (int reads = 0; reads <= 1; reads++) {
    pid_t child = opener(reads ? O_RDONLY : O_WRONLY);
    CHECK(sleeps_for(child, TINE_WAIT_PIPE));
    int fd = open_fifo(reads ? O_WRONLY : O_RDONLY);
    ENDS(child, 0);
    close(fd);
  }
  EQUAL(unlink(FIFO), 0);
}

/* Who has come and gone again before the other one could look has come. */
static void short_visit(void) {
  fresh_fifo();
  for (int i = 0; i < 20; i++) {
    pid_t child = opener(O_WRONLY);
    CHECK(sleeps_for(child, TINE_WAIT_PIPE));
    close(open_fifo(O_RDONLY | O_NONBLOCK));
    ENDS(child, 0);
  }
  EQUAL(unlink(FIFO), 0);
}

static void without_waiting(void) {
  char byte;
  fresh_fifo();
  ERROR(open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO);
  int reader = open_fifo(O_RDONLY | O_NONBLOCK);
  EQUAL(read(reader, &byte, 1), 0);
  int writer = open_fifo(O_WRONLY | O_NONBLOCK);
  ERROR(read(reader, &byte, 1), EAGAIN);
  EQUAL(write(writer, "a", 1), 1);
  EQUAL(read(reader, &byte, 1), 1);
  close(writer);
  EQUAL(read(reader, &byte, 1), 0);
  close(reader);
  ERROR(open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO);
  EQUAL(unlink(FIFO), 0);
}

static short answer_of_poll(int fd) {
  struct tine_pollfd what = {.fd = fd, .events = POLLIN | POLLOUT};
  struct timespec at_once = {0, 0};
  EQUAL(syscall(SYS_ppoll, &what, 1, &at_once, NULL, 8), what.revents != 0);
  return what.revents;
}
/* Only who has had a writer can have lost the last one. */
static void no_writer_yet(void) {
  fresh_fifo();
  for (int round = 0; round < 2; round++) {
    int reader = open_fifo(O_RDONLY | O_NONBLOCK);
    EQUAL(answer_of_poll(reader), 0);
    int writer = open_fifo(O_WRONLY);
    EQUAL(answer_of_poll(reader), 0);
    EQUAL(write(writer, "x", 1), 1);
    EQUAL(close(writer), 0);
    EQUAL(answer_of_poll(reader), POLLIN | POLLHUP);
    EQUAL(close(reader), 0);
  }
  EQUAL(unlink(FIFO), 0);
}

static void both_ends(void) {
  char byte = 0;
  fresh_fifo();
  int both = open_fifo(O_RDWR);
  EQUAL(answer_of_poll(both), POLLOUT);
  EQUAL(write(both, "z", 1), 1);
  EQUAL(answer_of_poll(both), POLLIN | POLLOUT);
  EQUAL(read(both, &byte, 1), 1);
  EQUAL(byte, 'z');
  ENDS(opener(O_RDONLY), 0);
  ENDS(opener(O_WRONLY), 0);
  close(both);
  ERROR(open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO);
  EQUAL(read(open_fifo(O_RDONLY | O_NONBLOCK), &byte, 1), 0);
  EQUAL(unlink(FIFO), 0);
}

/* Bytes live as long as somebody has the pipe open. */
static void forgets(void) {
  static char page[PAGE];
  char byte;
  fresh_fifo();
  int reader = open_fifo(O_RDONLY | O_NONBLOCK), writer = open_fifo(O_WRONLY);
  EQUAL(write(writer, page, sizeof page), sizeof page);
  close(writer);
  EQUAL(read(reader, &byte, 1), 1);
  close(reader);
  struct tine_memory_info books;
  memory_info(&books);
  uint64_t frames = books.file_frames;
  reader = open_fifo(O_RDONLY | O_NONBLOCK);
  EQUAL(read(reader, &byte, 1), 0);
  writer = open_fifo(O_WRONLY);
  EQUAL(write(writer, page, 1), 1);
  memory_info(&books);
  EQUAL(books.file_frames, frames + 1);
  close(reader);
  close(writer);
  EQUAL(unlink(FIFO), 0);
}

static void interrupted_open(void) {
  fresh_fifo();
  for (int restarts = 0; restarts <= 1; restarts++) {
    pid_t child = FORK();
    if (child == 0) {
      handle(SIGUSR1, note, restarts ? SA_RESTART : 0);
      _exit(open(FIFO, O_RDONLY) >= 0 ? 0 : errno);
    }
    CHECK(sleeps_for(child, TINE_WAIT_PIPE));
    EQUAL(kill(child, SIGUSR1), 0);
    if (restarts) {
      sleep_ms(10);
      CHECK(sleeps_for(child, TINE_WAIT_PIPE));
      close(open_fifo(O_WRONLY));
    }
    ENDS(child, restarts ? 0 : EINTR);
    ERROR(open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO); /* who gave up is no reader */
  }
  EQUAL(unlink(FIFO), 0);
}

static void no_program(void) {
  EQUAL(make_node(FIFO, S_IFIFO | 0755), 0);
  char* arguments[] = {"fifo", NULL};
  ERROR(execve(FIFO, arguments, NULL), EACCES);
  EQUAL(unlink(FIFO), 0);
}

/* ---- mount ---- */

static long mount_on(const char* target, const char* type, uint64_t flags, const char* options) {
  return syscall(SYS_mount, "none", target, type, flags, options);
}

static void bad_mounts(void) {
  EQUAL(mkdir("/tmp/bad", 0755), 0);
  make_file("/tmp/file");
  ERROR(mount_on("/tmp/bad", "ext9", 0, NULL), ENODEV);
  ERROR(mount_on("/tmp/bad", "a kind with a name of more than thirty letters", 0, NULL), EINVAL);
  ERROR(mount_on("/tmp/bad", "", 0, NULL), ENODEV);
  ERROR(mount_on("/tmp/bad", "tmpfs", MS_BIND, NULL), EINVAL);
  ERROR(mount_on("/tmp/bad", "tmpfs", MS_REMOUNT, NULL), EINVAL);
  ERROR(mount_on("/tmp/bad", "tmpfs", ~0ul, NULL), EINVAL);
  ERROR(mount_on("/tmp/bad", "tmpfs", 0, "size=1m"), EINVAL);
  ERROR(mount_on("/tmp/bad", "tmpfs", 0, wild(UNMAPPED)), EFAULT);
  ERROR(mount_on("/tmp/bad", wild(KERNEL), 0, NULL), EFAULT);
  ERROR(mount_on(wild(UNMAPPED), "tmpfs", 0, NULL), EFAULT);
  ERROR(mount_on("/tmp/not there", "tmpfs", 0, NULL), ENOENT);
  ERROR(mount_on("/tmp/file", "tmpfs", 0, NULL), ENOTDIR);
  ERROR(mount_on("/", "tmpfs", 0, NULL), EBUSY);
  EQUAL(unlink("/tmp/file"), 0);
  EQUAL(chdir("/tmp/bad"), 0);
  EQUAL(rmdir("/tmp/bad"), 0);
  ERROR(mount_on(".", "tmpfs", 0, NULL), ENOENT); /* removed, and still in use */
}

/* A mount stays for good, so the books are compared around what comes after it. */
#define PLACE "/tmp/mounted"
static void tmpfs_is_mounted(void) {
  struct stat root, place;
  char text[1024] = "";
  EQUAL(stat("/", &root), 0);
  EQUAL(stat(PLACE, &place), 0);
  CHECK(root.st_dev != place.st_dev);
  make_file(PLACE "/inside");
  ERROR(link(PLACE "/inside", "/tmp/outside"), EXDEV);
  EQUAL(stat(PLACE "/inside/../..", &place), -1);
  EQUAL(stat(PLACE "/..", &root), 0);
  EQUAL(stat("/tmp", &place), 0);
  EQUAL(root.st_ino, place.st_ino);
  ERROR(rmdir(PLACE), EBUSY);
  ERROR(rename(PLACE, "/tmp/elsewhere"), EBUSY);
  ERROR(mount_on(PLACE, "tmpfs", 0, NULL), EBUSY);
  int expected = has_procfs() ? EBUSY : ENODEV;
  ERROR(mount_on(PLACE, "proc", 0, NULL), expected);
  EQUAL(chdir(PLACE), 0);
  EQUAL(syscall(SYS_getcwd, text, sizeof text), sizeof PLACE);
  EQUAL(strcmp(text, PLACE), 0);
  EQUAL(unlink("inside"), 0);
  int fd = open("/proc/mounts", O_RDONLY);
  if (fd >= 0) {
    memset(text, 0, sizeof text);
    CHECK(read(fd, text, sizeof text - 1) > 0);
    CHECK(strstr(text, "tmpfs / tmpfs ") == text);
    CHECK(strstr(text, "\nproc /proc proc "));
    CHECK(strstr(text, "\ntmpfs " PLACE " tmpfs "));
  }
}

/* A second procfs is one of its own: its directories lead back to it. */
#define PROC_PLACE "/tmp/proc"
static void proc_is_mounted(void) {
  struct stat here, there;
  if (!has_procfs()) return;
  EQUAL(stat(PROC_PLACE "/self/status", &here), 0);
  EQUAL(stat(PROC_PLACE "/self/..", &here), 0);
  EQUAL(stat(PROC_PLACE, &there), 0);
  CHECK(here.st_ino == there.st_ino);
  EQUAL(stat(PROC_PLACE "/self/fd/../../..", &here), 0);
  EQUAL(stat("/tmp", &there), 0);
  CHECK(here.st_ino == there.st_ino && here.st_dev == there.st_dev);
  EQUAL(stat("/proc/self/../..", &here), 0);
  EQUAL(stat("/", &there), 0);
  CHECK(here.st_ino == there.st_ino);
}

int main(void) {
  tap_begin("wing-linux-nodes");
  RUN("mknod makes pipes and files with a name", kinds);
  RUN("mknod: bad kinds, names and pointers", bad_nodes);
  RUN("who opens a pipe waits for the other end", waits_for_other_end);
  RUN("who comes and goes at once has come", short_visit);
  RUN("O_NONBLOCK: a reader need not wait, a writer gets ENXIO", without_waiting);
  RUN("poll: a writer that was not there yet has not hung up", no_writer_yet);
  RUN("O_RDWR is both ends", both_ends);
  RUN("a pipe that no process has open forgets what is in it", forgets);
  RUN("a signal ends the wait, or it is restarted", interrupted_open);
  RUN("a pipe is no program", no_program);
  RUN("mount: bad kinds, flags, options and places", bad_mounts);
  mkdir(PLACE, 0755);
  mount_on(PLACE, "tmpfs", MS_SILENT, "");
  RUN("mount of a tmpfs", tmpfs_is_mounted);
  mkdir(PROC_PLACE, 0755);
  mount_on(PROC_PLACE, "proc", 0, NULL);
  RUN("mount of a procfs", proc_is_mounted);
  return tap_end();
}
