/*
 * A small world, the folder /tmp/w and some descriptors, and a description of it as text: names,
 * links, contents and times of the files, descriptors with their flags and positions, signal mask
 * and actions, break, current directory. A call that failed must leave the description as it was,
 * to the last character.
 */
#pragma once

#include <dirent.h>

#include "tap.h"

#define WORLD "/tmp/w"

enum { FILE_FD = 10, DIR_FD, READ_FD, WRITE_FD, WORLD_SIZE = 16 << 10 };

struct world {
  size_t length;
  char text[WORLD_SIZE];
};

static void __attribute__((format(printf, 2, 3))) tell(struct world* world, const char* format,
                                                       ...) {
  va_list arguments;
  va_start(arguments, format);
  world->length +=
      (size_t)vsnprintf(world->text + world->length, WORLD_SIZE - world->length, format, arguments);
  va_end(arguments);
  if (world->length >= WORLD_SIZE) tap_fail("the world has become too large");
}

static void tell_contents(struct world* world, const char* path) {
  char bytes[4096];
  unsigned long sum = 0;
  int fd = open(path, O_RDONLY);
  for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;) {
    for (ssize_t i = 0; i < got; i++) sum = sum * 31 + (unsigned char)bytes[i];
  }
  close(fd);
  tell(world, " sum %lx", sum);
}

static void tell_folder(struct world* world, const char* path) {
  DIR* directory = opendir(path);
  if (!directory) return;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    char name[300];
    struct stat about;
    if (strcmp(entry->d_name, "..") == 0) continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    lstat(name, &about);
    tell(world, "%s inode %lu mode %o links %u size %ld time %ld.%ld", name, about.st_ino,
         about.st_mode, about.st_nlink, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    if (S_ISREG(about.st_mode)) tell_contents(world, name);
    tell(world, "\n");
    if (S_ISDIR(about.st_mode) && entry->d_name[0] != '.') tell_folder(world, name);
  }
  closedir(directory);
}

static void tell_descriptors(struct world* world, int from, int behind) {
  for (int fd = from; fd < behind; fd++) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0) continue;
    tell(world, "fd %d: %x %x at %ld\n", fd, (unsigned)flags, (unsigned)fcntl(fd, F_GETFL),
         lseek(fd, 0, SEEK_CUR));
  }
}

static void tell_signals(struct world* world) {
  uint64_t mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8L);
  tell(world, "mask %lx\n", mask);
  for (long signal = 1; signal <= TINE_NSIG; signal++) {
    struct tine_sigaction action = {0};
    syscall(SYS_rt_sigaction, signal, NULL, &action, 8L);
    if (action.handler || action.flags || action.mask)
      tell(world, "signal %ld: %lx %lx %lx\n", signal, action.handler, action.flags, action.mask);
  }
}

static inline void describe(struct world* world) {
  char cwd[200] = "?";
  struct tine_memory_info info;
  world->length = 0;
  memory_info(&info);
  getcwd(cwd, sizeof cwd);
  tell(world, "in %s, break %p, %lu open files, %lu processes\n", cwd, sbrk(0), info.open_files,
       info.processes);
  tell_descriptors(world, 0, 64);
  tell_descriptors(world, 192, 256);
  tell_descriptors(world, 896, 928);
  tell_signals(world);
  tell_folder(world, WORLD);
}

/* Answers whether they are equal; if not, and that is a surprise, says where. */
static inline int same_world(const struct world* before, const struct world* after, int say) {
  size_t at = 0, line = 0;
  while (at < before->length && before->text[at] == after->text[at]) {
    if (before->text[at++] == '\n') line = at;
  }
  if (before->length == after->length && at == before->length) return 1;
  const char* end = strchr(before->text + line, '\n');
  const char* end_after = strchr(after->text + line, '\n');
  if (say)
    printf("# was: %.*s\n# is:  %.*s\n", end ? (int)(end - before->text - (long)line) : 0,
           before->text + line, end_after ? (int)(end_after - after->text - (long)line) : 0,
           after->text + line);
  return 0;
}

/* Whatever is in the folder; and the folder. */
static inline void sweep(const char* path) {
  for (int again = 1; again;) {
    DIR* directory = opendir(path);
    if (!directory) return;
    again = 0;
    for (struct dirent* entry; !again && (entry = readdir(directory)) != NULL;) {
      char name[300];
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
      if (entry->d_type == DT_DIR) {
        sweep(name);
      } else {
        unlink(name);
      }
      again = 1;
    }
    closedir(directory);
  }
  rmdir(path);
}

static inline void move_fd(int from, int to) {
  EQUAL(dup2(from, to), to);
  EQUAL(close(from), 0);
}

/* file (6000 bytes, open at 100), link -> file, dir with in, dir2 (empty), a pipe with 5 bytes; we
 * are in it. */
static inline void build_world(void) {
  char bytes[6000];
  int ends[2];
  memset(bytes, 'f', sizeof bytes);
  sweep(WORLD); /* what a failed case has left */
  EQUAL(mkdir(WORLD, 0755) + chdir(WORLD), 0);
  EQUAL(mkdir("dir", 0755) + mkdir("dir2", 0755) + symlink("file", "link"), 0);
  close(open("dir/in", O_WRONLY | O_CREAT, 0644));
  move_fd(open("file", O_RDWR | O_CREAT, 0644), FILE_FD);
  EQUAL(write(FILE_FD, bytes, sizeof bytes), sizeof bytes);
  EQUAL(lseek(FILE_FD, 100, SEEK_SET), 100);
  move_fd(open(".", O_RDONLY), DIR_FD);
  EQUAL(pipe2(ends, O_NONBLOCK), 0);
  move_fd(ends[0], READ_FD);
  move_fd(ends[1], WRITE_FD);
  EQUAL(write(WRITE_FD, "piped", 5), 5);
}

static inline void leave_world(void) {
  chdir("/");
  for (int fd = FILE_FD; fd <= WRITE_FD; fd++) close(fd);
  sweep(WORLD);
}
