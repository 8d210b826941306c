/*
 * What there is only so much of, used up: descriptors, pipes, names, entries of a directory. The
 * call says so with its errno, and when something is given back it works again. `exhaust --pids`
 * uses up the process ids (it takes a machine of 4 GiB and some time: make test-long); `exhaust
 * --hog` takes all memory and dies of it; `exhaust --left` tells what is left of failalloc=N.
 */
#include "world.h"

static void descriptors(void) {
  int last = -1, got, ends[2];
  build_world();
  while ((got = dup(FILE_FD)) >= 0) last = got;
  CHECK(errno == EMFILE);
  EQUAL(last, TINE_OPEN_MAX - 1);
  ERROR(open("file", O_RDONLY), EMFILE);
  ERROR(open("new", O_WRONLY | O_CREAT, 0644), EMFILE);
  struct stat about;
  ERROR(lstat("new", &about), ENOENT); /* and it was not made */
  ERROR(pipe(ends), EMFILE);
  ERROR(fcntl(FILE_FD, F_DUPFD, 500), EMFILE);
  EQUAL(dup2(FILE_FD, last), last); /* takes no new one */
  pid_t child = FORK();
  if (child == 0) _exit(dup(FILE_FD) == -1 && errno == EMFILE ? 0 : 1);
  ENDS(child, 0);

  EQUAL(close(700), 0);
  ERROR(pipe(ends), EMFILE); /* one is not enough, and is not kept */
  EQUAL(open("file", O_RDONLY), 700);
  for (int fd = WRITE_FD + 1; fd < TINE_OPEN_MAX; fd++) close(fd);
  EQUAL(dup(FILE_FD), WRITE_FD + 1);
  close(WRITE_FD + 1);
  leave_world();
}

static void a_full_pipe(void) {
  static char bytes[4096];
  long total = 5, got;
  build_world();
  while ((got = write(WRITE_FD, bytes, sizeof bytes)) > 0) total += got;
  CHECK(got == -1 && errno == EAGAIN);
  CHECK(total >= 4096);
  ERROR(write(WRITE_FD, bytes, sizeof bytes), EAGAIN);
  fcntl(WRITE_FD, F_SETFL, 0);
  pid_t child = FORK();
  if (child == 0) _exit(write(WRITE_FD, bytes, sizeof bytes) == sizeof bytes ? 0 : 1);
  CHECK(sleeps_for(child, TINE_WAIT_PIPE));
  long left = total + (long)sizeof bytes;
  fcntl(READ_FD, F_SETFL, 0);
  while (left > 0 && (got = read(READ_FD, bytes, sizeof bytes)) > 0) left -= got;
  EQUAL(left, 0);
  ENDS(child, 0);
  fcntl(READ_FD, F_SETFL, O_NONBLOCK);
  ERROR(read(READ_FD, bytes, sizeof bytes), EAGAIN);
  leave_world();
}

/* As many pipes as there are descriptors, each one full. */
static void many_pipes(void) {
  static char bytes[4096];
  int ends[2], count = 0;
  while (pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], bytes, sizeof bytes) == sizeof bytes)
    count++;
  CHECK(errno == EMFILE);
  CHECK(count > 500);
}

static void long_names(void) {
  static char path[TINE_PATH_MAX + 2];
  char name[TINE_NAME_MAX + 2];
  build_world();
  memset(name, 'n', sizeof name);
  name[TINE_NAME_MAX + 1] = 0;
  ERROR(mkdir(name, 0755), ENAMETOOLONG);
  ERROR(symlink("to", name), ENAMETOOLONG);
  ERROR(link("file", name), ENAMETOOLONG);
  ERROR(rename("file", name), ENAMETOOLONG);
  ERROR(unlink(name), ENAMETOOLONG);
  ERROR(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
  name[TINE_NAME_MAX] = 0;
  EQUAL(mkdir(name, 0755), 0);
  EQUAL(rename(name, "short"), 0);
  EQUAL(rename("short", name), 0);
  EQUAL(rmdir(name), 0);

  memset(path, '/', sizeof path); /* slashes do not end a path, but count */
  memcpy(path + TINE_PATH_MAX - 5, "file", 5);
  path[0] = '.';
  EQUAL(close(open(path, O_RDONLY)), 0);
  memcpy(path + TINE_PATH_MAX - 4, "file", 5);
  path[TINE_PATH_MAX - 5] = '/';
  ERROR(open(path, O_RDONLY), ENAMETOOLONG);
  path[TINE_PATH_MAX] = 'x'; /* no end at all */
  ERROR(open(path, O_RDONLY), ENAMETOOLONG);
  memset(path, 't', sizeof path);
  path[TINE_PATH_MAX] = 0;
  ERROR(symlink(path, "new"), ENAMETOOLONG);
  path[TINE_PATH_MAX - 1] = 0;
  EQUAL(symlink(path, "new"), 0);
  EQUAL(readlink("new", path, sizeof path), TINE_PATH_MAX - 1);
  ERROR(open("new", O_RDONLY), ENAMETOOLONG);
  leave_world();
}

static int entries; /* of the folder that is filled */

static void many_files(void) {
  char name[20];
  build_world();
  EQUAL(chdir("dir2"), 0);
  for (int i = 0; i < entries; i++) {
    snprintf(name, sizeof name, "%d", i);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    close(fd);
  }
  ERROR(open("0", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
  snprintf(name, sizeof name, "%d", entries - 1);
  ERROR(mkdir(name, 0755), EEXIST);
  DIR* directory = opendir(".");
  int seen = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) seen++;
  closedir(directory);
  EQUAL(seen, entries + 2);
  ERROR(rmdir("../dir2"), ENOTEMPTY);
  for (int i = entries - 1; i >= 0; i--) {
    snprintf(name, sizeof name, "%d", i);
    EQUAL(unlink(name), 0);
  }
  EQUAL(rmdir("../dir2"), 0);
  leave_world();
}

/* Folders in folders, and the path from the top as far as one path reaches. */
static void deep_folders(void) {
  enum { DEEP = 1000 };
  char path[TINE_PATH_MAX];
  build_world();
  EQUAL(chdir("dir2"), 0);
  for (int i = 0; i < DEEP; i++) EQUAL(mkdir("d", 0755) + chdir("d"), 0);
  CHECK(getcwd(path, sizeof path) != NULL);
  EQUAL(strlen(path), strlen(WORLD "/dir2") + 2 * DEEP);
  EQUAL(chdir("/"), 0);
  EQUAL(chdir(path), 0);
  ERROR(rmdir(WORLD "/dir2"), ENOTEMPTY);
  for (int i = 0; i < DEEP; i++) EQUAL(chdir("..") + rmdir("d"), 0);
  leave_world();
}

/* ---- For the host's tests: see the head of the file ---- */

/* No parent that waits: the children are zombies, which keep their pids. */
static int all_pids(void) {
  struct tine_memory_info info;
  memory_info(&info);
  long expected = TINE_PID_MAX - 1 - (long)info.processes, made = 0;
  for (;; made++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) break;
  }
  int error = errno; /* ENOMEM: of kernel stacks there are about as many as pids */
  long most = made;
  printf("%ld processes of %ld, then %s\n", made, expected, strerror(error));
  while (wait(NULL) > 0) made--;
  pid_t child = fork();
  if (child == 0) _exit(7);
  int status = 0;
  int again = child > 0 && waitpid(child, &status, 0) == child && status == 7 << 8;
  memory_info(&info);
  int good = (error == EAGAIN || error == ENOMEM) && expected - most < 100 && made == 0 && again &&
             TINE_PID_MAX - 1 - (long)info.processes == expected;
  printf("exhaust: %s\n", good ? "PASS" : "FAIL");
  return !good;
}

static int hog(void) {
  size_t size = 1ul << 34;
  volatile char* at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < size; i += 4096) at[i] = 1;
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--pids") == 0) return all_pids();
  if (argc == 2 && strcmp(argv[1], "--hog") == 0) return hog();
  if (argc == 2 && strcmp(argv[1], "--left") == 0) return printf("left %ld\n", fail_alloc(0)), 0;
  entries = argc == 2 ? atoi(argv[1]) : 1000;
  tap_begin("exhaust");
  RUN("no descriptor is left: EMFILE, and nothing was opened or made", descriptors);
  RUN("a full pipe is EAGAIN or sleeps; what was written comes", a_full_pipe);
  RUN("pipes until there are no descriptors", many_pipes);
  RUN("names of 255 bytes and paths of 4095; one more is ENAMETOOLONG", long_names);
  RUN("a folder full of files", many_files);
  RUN("a thousand folders in each other", deep_folders);
  return tap_end();
}
