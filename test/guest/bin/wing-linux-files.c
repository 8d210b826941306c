/* The wing `linux`: reading and writing in pieces and at places, attributes of files. */
#include "signals.h"

struct piece {
  const void* at;
  size_t size;
};

static char memory[64];

static long vector_call(long number, int fd, const struct piece* pieces, unsigned long count) {
  return syscall(number, fd, pieces, count);
}

static int scratch(void) {
  int fd = open("/tmp/wing-linux", O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  EQUAL(unlink("/tmp/wing-linux"), 0);
  return fd;
}

static void vectors(void) {
  int fd = scratch();
  struct piece out[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
  EQUAL(vector_call(SYS_writev, fd, out, 3), 7);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  char a[3], b[10];
  struct piece in[] = {{a, sizeof a}, {b, sizeof b}};
  EQUAL(vector_call(SYS_readv, fd, in, 2), 7);
  EQUAL(memcmp(a, "one", 3), 0);
  EQUAL(memcmp(b, " two", 4), 0);
  EQUAL(vector_call(SYS_readv, fd, in, 2), 0);
  EQUAL(vector_call(SYS_readv, fd, in, 0), 0);
}

static void bad_vectors(void) {
  int fd = scratch();
  static struct piece many[1025];
  EQUAL(vector_call(SYS_writev, fd, many, 1024), 0);
  ERROR(vector_call(SYS_writev, fd, many, 1025), EINVAL);
  ERROR(vector_call(SYS_writev, fd, many, ~0ul), EINVAL);
  struct piece overflow[] = {{memory, 1}, {memory, ~0ul}};
  ERROR(vector_call(SYS_writev, fd, overflow, 2), EINVAL);
  struct piece negative[] = {{memory, 1ul << 63}};
  ERROR(vector_call(SYS_writev, fd, negative, 1), EINVAL);
  ERROR(vector_call(SYS_writev, fd, wild(UNMAPPED), 1), EFAULT);
  ERROR(vector_call(SYS_writev, fd, wild(KERNEL), 1), EFAULT);
  struct piece hole[] = {{"abc", 3}, {wild(UNMAPPED), 5}, {"def", 3}};
  EQUAL(vector_call(SYS_writev, fd, hole, 3), 3); /* what came before the hole */
  struct piece first_hole[] = {{wild(UNMAPPED), 5}, {"def", 3}};
  ERROR(vector_call(SYS_writev, fd, first_hole, 2), EFAULT);
  EQUAL(lseek(fd, 0, SEEK_CUR), 3);
  int reader = open("/dev/zero", O_RDONLY);
  ERROR(vector_call(SYS_writev, reader, hole, 1), EBADF);
  ERROR(vector_call(SYS_readv, 99, hole, 1), EBADF);
}

/* Pieces of all sizes out, pieces of other sizes in. */
static void many_vectors(void) {
  enum { PIECES = 1024, SIZE = 3 * 4096 };
  static unsigned char out[SIZE], in[SIZE];
  static struct piece pieces[PIECES];
  int fd = scratch();
  uint64_t random = 9;
  for (int i = 0; i < SIZE; i++) out[i] = (unsigned char)tap_random(&random);
  for (int turn = 0; turn < 2; turn++) {
    size_t at = 0;
    for (int i = 0; i < PIECES; i++) {
      size_t size = i == PIECES - 1 ? SIZE - at : tap_random(&random) % 20;
      if (i % 100 == 7) size = 0;
      if (i == 500) size = 2500; /* more than what is left of its page */
      if (size > SIZE - at) size = SIZE - at;
      pieces[i] = (struct piece){(turn ? in : out) + at, size};
      at += size;
    }
    EQUAL(lseek(fd, 0, SEEK_SET), 0);
    EQUAL(vector_call(turn ? SYS_readv : SYS_writev, fd, pieces, PIECES), SIZE);
  }
  CHECK(memcmp(in, out, SIZE) == 0);
}

/* Four bytes are there; who wrote them writes four more as soon as the reader sleeps. */
static void reads_what_is_there(void) {
  int ends[2];
  EQUAL(pipe(ends), 0);
  EQUAL(write(ends[1], "abcd", 4), 4);
  pid_t late = FORK();
  if (late == 0) {
    if (sleeps_for(getppid(), TINE_WAIT_PIPE)) write(ends[1], "efgh", 4);
    _exit(0);
  }
  char a[4], b[4];
  struct piece in[] = {{a, 4}, {b, 4}};
  EQUAL(vector_call(SYS_readv, ends[0], in, 2), 4);
  EQUAL(kill(late, SIGKILL), 0);
  ENDS(late, -SIGKILL);
}

/* Three processes write records of two pieces to what `open_writer` gives each of them. */
enum { WRITERS = 3, RECORDS = 3000, HALF = 8 };
static void write_records(int (*open_writer)(void)) {
  for (int w = 0; w < WRITERS; w++) {
    if (FORK() != 0) continue;
    char a[HALF], b[HALF];
    memset(a, 'A' + w, HALF);
    memset(b, 'A' + w, HALF);
    struct piece record[] = {{a, HALF}, {b, HALF}};
    int fd = open_writer();
    for (int i = 0; i < RECORDS; i++) EQUAL(vector_call(SYS_writev, fd, record, 2), 2 * HALF);
    _exit(0);
  }
}
static void check_records(int fd) {
  int count = 0;
  for (char record[2 * HALF]; read(fd, record, sizeof record) == sizeof record; count++) {
    for (int i = 1; i < 2 * HALF; i++) EQUAL(record[i], record[0]);
  }
  EQUAL(count, WRITERS * RECORDS);
  for (int status = -1; wait(&status) > 0; status = -1) EQUAL(status, 0);
}

/* A record for which there is not room enough does not begin. */
static void whole_or_not_at_all(void) {
  static char bytes[16 * 4096 - HALF];
  struct piece record[] = {{bytes, HALF}, {bytes, HALF}};
  int ends[2];
  EQUAL(pipe2(ends, O_NONBLOCK), 0);
  EQUAL(write(ends[1], bytes, sizeof bytes), (long)sizeof bytes);
  ERROR(vector_call(SYS_writev, ends[1], record, 2), EAGAIN);
  EQUAL(vector_call(SYS_writev, ends[1], record, 1), HALF);
}

static int record_pipe[2];
static int pipe_end(void) { return record_pipe[1]; }
static void pipe_records(void) {
  EQUAL(pipe(record_pipe), 0);
  write_records(pipe_end);
  EQUAL(close(record_pipe[1]), 0);
  check_records(record_pipe[0]);
}

static int append_end(void) { return open("/tmp/wing-linux", O_WRONLY | O_APPEND); }
static void appended_records(void) {
  int fd = open("/tmp/wing-linux", O_RDONLY | O_CREAT | O_TRUNC, 0644);
  write_records(append_end);
  for (int w = 0; w < WRITERS; w++) CHECK(wait(NULL) > 0);
  check_records(fd);
  EQUAL(unlink("/tmp/wing-linux"), 0);
}

static void places(void) {
  int fd = scratch();
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(syscall(SYS_pread64, fd, memory, 4, 3l), 4);
  EQUAL(memcmp(memory, "3456", 4), 0);
  EQUAL(syscall(SYS_pread64, fd, memory, 4, 10l), 0);
  EQUAL(syscall(SYS_pread64, fd, memory, 4, 1l << 40), 0);
  EQUAL(syscall(SYS_pwrite64, fd, "XY", 2, 12l), 2);
  EQUAL(lseek(fd, 0, SEEK_CUR), 10);
  EQUAL(syscall(SYS_pread64, fd, memory, 10, 8l), 6);
  EQUAL(memcmp(memory, "89\0\0XY", 6), 0);
  ERROR(syscall(SYS_pread64, fd, memory, 1, -1l), EINVAL);
  ERROR(syscall(SYS_pwrite64, fd, memory, 1, -1l), EINVAL);
  ERROR(syscall(SYS_pread64, fd, wild(UNMAPPED), 1, 0l), EFAULT);
  ERROR(syscall(SYS_pwrite64, 99, memory, 1, 0l), EBADF);
  int ends[2];
  EQUAL(pipe(ends), 0);
  ERROR(syscall(SYS_pread64, ends[0], memory, 1, 0l), ESPIPE);
  ERROR(syscall(SYS_pwrite64, ends[1], memory, 1, 0l), ESPIPE);
}

static void send_file(void) {
  int from = scratch(), ends[2];
  EQUAL(write(from, "0123456789", 10), 10);
  EQUAL(pipe(ends), 0);
  long at = 4;
  EQUAL(syscall(SYS_sendfile, ends[1], from, &at, 3), 3);
  EQUAL(at, 7);
  EQUAL(lseek(from, 2, SEEK_SET), 2);
  EQUAL(syscall(SYS_sendfile, ends[1], from, NULL, 100), 8);
  EQUAL(lseek(from, 0, SEEK_CUR), 10);
  EQUAL(read(ends[0], memory, sizeof memory), 11);
  EQUAL(memcmp(memory, "45623456789", 11), 0);
  at = -1;
  ERROR(syscall(SYS_sendfile, ends[1], from, &at, 1), EINVAL);
  ERROR(syscall(SYS_sendfile, ends[1], from, wild(UNMAPPED), 1), EFAULT);
  ERROR(syscall(SYS_sendfile, ends[1], ends[0], NULL, 1), EINVAL);
  ERROR(syscall(SYS_sendfile, ends[0], from, NULL, 1), EBADF);
  ERROR(syscall(SYS_sendfile, 99, from, NULL, 1), EBADF);
  handle(SIGPIPE, SIG_IGN, 0);
  close(ends[0]);
  at = 0;
  ERROR(syscall(SYS_sendfile, ends[1], from, &at, 1), EPIPE);
}

static void attributes(void) {
  struct stat about;
  struct timespec times[2] = {{1, 2}, {1000000000, 5}};
  CHECK(close(open("/tmp/wing-linux", O_WRONLY | O_CREAT, 0600)) == 0);
  EQUAL(syscall(SYS_fchmodat, AT_FDCWD, "/tmp/wing-linux", 0751), 0);
  EQUAL(stat("/tmp/wing-linux", &about), 0);
  EQUAL(about.st_mode & 07777, 0751);
  ERROR(syscall(SYS_fchmodat, AT_FDCWD, "/tmp/none", 0751), ENOENT);
  ERROR(syscall(SYS_fchmodat, AT_FDCWD, wild(UNMAPPED), 0751), EFAULT);
  ERROR(syscall(SYS_fchmod, 99, 0751), EBADF);
  EQUAL(syscall(SYS_utimensat, AT_FDCWD, "/tmp/wing-linux", times, 0), 0);
  EQUAL(stat("/tmp/wing-linux", &about), 0);
  EQUAL(about.st_mtim.tv_sec, 1000000000);
  EQUAL(about.st_mtim.tv_nsec, 5);
  times[1].tv_nsec = (1 << 30) - 2; /* UTIME_OMIT */
  EQUAL(syscall(SYS_utimensat, AT_FDCWD, "/tmp/wing-linux", times, 0), 0);
  EQUAL(stat("/tmp/wing-linux", &about), 0);
  EQUAL(about.st_mtim.tv_sec, 1000000000);
  times[1].tv_nsec = 1000000000;
  ERROR(syscall(SYS_utimensat, AT_FDCWD, "/tmp/wing-linux", times, 0), EINVAL);
  ERROR(syscall(SYS_utimensat, AT_FDCWD, "/tmp/wing-linux", times, 1), EINVAL);
  ERROR(syscall(SYS_utimensat, AT_FDCWD, "/tmp/wing-linux", wild(UNMAPPED), 0), EFAULT);
  ERROR(syscall(SYS_utimensat, 99, NULL, NULL, 0), EBADF);
  EQUAL(syscall(SYS_faccessat, AT_FDCWD, "/tmp/wing-linux", 7), 0);
  EQUAL(syscall(SYS_fchmodat, AT_FDCWD, "/tmp/wing-linux", 0), 0);
  EQUAL(syscall(SYS_faccessat, AT_FDCWD, "/tmp/wing-linux", 6), 0);
  ERROR(syscall(SYS_faccessat, AT_FDCWD, "/tmp/wing-linux", 1), EACCES);
  ERROR(syscall(SYS_faccessat, AT_FDCWD, "/tmp/wing-linux", 8), EINVAL);
  EQUAL(syscall(SYS_fchownat, AT_FDCWD, "/tmp/wing-linux", 5, 6, 0), 0);
  EQUAL(syscall(SYS_fchownat, AT_FDCWD, "/tmp/wing-linux", -1, 7, 0), 0);
  EQUAL(stat("/tmp/wing-linux", &about), 0);
  EQUAL(about.st_uid, 5);
  EQUAL(about.st_gid, 7);
  ERROR(syscall(SYS_fchownat, AT_FDCWD, "/tmp/none", 5, 6, 0), ENOENT);
  ERROR(syscall(SYS_fchownat, AT_FDCWD, "/tmp/wing-linux", 5, 6, 1), EINVAL);
  ERROR(syscall(SYS_fchown, 99, 5, 6), EBADF);
  EQUAL(syscall(SYS_umask, 027), 022);
  EQUAL(syscall(SYS_umask, 07777), 027);
  EQUAL(syscall(SYS_umask, 022), 0777);
  EQUAL(unlink("/tmp/wing-linux"), 0);
}

/* Sets an old time first: afterwards it must be a new one. */
static void touched(const char* path) {
  struct stat about;
  struct timespec old[2] = {{1, 2}, {1, 2}};
  EQUAL(syscall(SYS_utimensat, AT_FDCWD, path, old, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    execve("/bin/touch", (char*[]){"touch", (char*)path, NULL}, environ);
    _exit(1);
  }
  ENDS(child, 0);
  EQUAL(stat(path, &about), 0);
  CHECK(about.st_mtim.tv_sec != 1);
}

static void touch_program(void) {
  EQUAL(mkdir("/tmp/touched", 0755), 0);
  touched("/tmp/touched");
  CHECK(close(open("/tmp/touched/file", O_WRONLY | O_CREAT, 0400)) == 0);
  touched("/tmp/touched/file");
  EQUAL(unlink("/tmp/touched/file"), 0);
  EQUAL(rmdir("/tmp/touched"), 0);
}

static void folders(void) {
  char path[64];
  int tmp = open("/tmp", O_RDONLY | O_DIRECTORY), file = open("/dev/null", O_RDONLY);
  EQUAL(syscall(SYS_fchdir, tmp), 0);
  CHECK(getcwd(path, sizeof path) && strcmp(path, "/tmp") == 0);
  ERROR(syscall(SYS_fchdir, file), ENOTDIR);
  ERROR(syscall(SYS_fchdir, 99), EBADF);
  uint64_t about[15];
  EQUAL(syscall(SYS_statfs, "/tmp", about), 0);
  EQUAL(about[1], PAGE);
  CHECK(about[3] > 0 && about[3] < about[2]);
  ERROR(syscall(SYS_statfs, "/none", about), ENOENT);
  ERROR(syscall(SYS_statfs, "/", wild(KERNEL)), EFAULT);
  ERROR(syscall(SYS_fstatfs, 99, about), EBADF);
}

static void numbers(void) {
  uint64_t limit[2];
  EQUAL(syscall(SYS_prlimit64, 0, 7, NULL, limit), 0);
  EQUAL(limit[0], TINE_OPEN_MAX);
  EQUAL(syscall(SYS_prlimit64, 0, 7, limit, NULL), 0);
  limit[0] = limit[1] + 1;
  ERROR(syscall(SYS_prlimit64, 0, 7, limit, NULL), EINVAL);
  ERROR(syscall(SYS_prlimit64, 0, 16, NULL, limit), EINVAL);
  ERROR(syscall(SYS_prlimit64, 30000, 7, NULL, limit), ESRCH);
  ERROR(syscall(SYS_prlimit64, 0, 7, NULL, wild(UNMAPPED)), EFAULT);
  uint64_t usage[18];
  EQUAL(syscall(SYS_getrusage, 0, usage), 0);
  ERROR(syscall(SYS_getrusage, 2, usage), EINVAL);
  ERROR(syscall(SYS_getrusage, 0, wild(UNMAPPED)), EFAULT);
  CHECK(syscall(SYS_times, NULL) >= 0);
  ERROR(syscall(SYS_socket, 16, 3, 9), EAFNOSUPPORT); /* of the audit: su goes on without */
  ERROR(syscall(SYS_times, wild(UNMAPPED)), EFAULT);
}

static void futexes(void) {
  static uint32_t word = 5;
  struct timespec soon = {0, 1000000}, bad = {0, 1000000000};
  EQUAL(syscall(SYS_futex, &word, 1, 1, NULL, NULL, 0), 0);
  ERROR(syscall(SYS_futex, &word, 0, 4, NULL, NULL, 0), EAGAIN);
  ERROR(syscall(SYS_futex, &word, 128, 5, &soon, NULL, 0), ETIMEDOUT);
  ERROR(syscall(SYS_futex, &word, 9 | 256, 5, &soon, NULL, ~0u), ETIMEDOUT); /* long past */
  ERROR(syscall(SYS_futex, &word, 9, 5, &soon, NULL, 0), EINVAL);
  ERROR(syscall(SYS_futex, &word, 0, 5, &bad, NULL, 0), EINVAL);
  ERROR(syscall(SYS_futex, (char*)&word + 1, 0, 5, NULL, NULL, 0), EINVAL);
  ERROR(syscall(SYS_futex, wild(UNMAPPED), 0, 5, &soon, NULL, 0), EFAULT);
  ERROR(syscall(SYS_futex, &word, 0, 5, wild(UNMAPPED), NULL, 0), EFAULT);
  ERROR(syscall(SYS_futex, &word, 77, 5, NULL, NULL, 0), ENOSYS);
}

int main(void) {
  tap_begin("wing-linux-files");
  RUN("readv and writev go on from piece to piece", vectors);
  RUN("too many, too long and missing pieces", bad_vectors);
  RUN("1024 pieces, out and in again", many_vectors);
  RUN("readv does not wait for its second piece", reads_what_is_there);
  RUN("writev on a pipe: a record goes in whole or not at all", whole_or_not_at_all);
  RUN("writev on a pipe: records of two pieces stay whole", pipe_records);
  RUN("writev with O_APPEND: records of two pieces stay whole", appended_records);
  RUN("pread and pwrite leave the position alone", places);
  RUN("sendfile moves one position or the other", send_file);
  RUN("permissions, owners, times, umask", attributes);
  RUN("touch sets the times of files and folders", touch_program);
  RUN("fchdir and statfs", folders);
  RUN("limits, use of resources", numbers);
  RUN("futex, for one thread", futexes);
  return tap_end();
}
