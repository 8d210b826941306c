/* mkdirat, unlinkat, linkat, symlinkat, renameat2, getdents64: names come, go and change
 * (under four processes at once: directory_races.c). Every case works below /tmp/d and leaves
 * nothing. */
#include <dirent.h>

#include "directories.h"
#include "sums.h"

/* ---- mkdir, rmdir, unlink ---- */

static void come_and_go(void) {
  begin();
  EQUAL(mkdir(A, 0777), 0);
  CHECK(S_ISDIR(about(A).st_mode) && (about(A).st_mode & 0777) == 0755); /* umask */
  EQUAL(about(A).st_nlink, 2);
  EQUAL(about(ROOT).st_nlink, 3);
  ERROR(mkdir(A, 0755), EEXIST);
  EQUAL(mkdir(A "/below/", 0755), 0);
  EQUAL(about(A).st_nlink, 3);
  ERROR(rmdir(A), ENOTEMPTY);
  EQUAL(rmdir(A "/below/"), 0);
  EQUAL(about(A).st_nlink, 2);
  EQUAL(rmdir(A), 0);
  ERROR(rmdir(A), ENOENT);
  EQUAL(about(ROOT).st_nlink, 2);
  make(A);
  EQUAL(about(A).st_nlink, 1);
  EQUAL(unlink(A), 0);
  ERROR(unlink(A), ENOENT);
  end();
}

static uint64_t changed_at(const char* path) {
  struct stat file = about(path);
  return (uint64_t)file.st_mtim.tv_sec * 1000000000u + (uint64_t)file.st_mtim.tv_nsec;
}
/* Whatever changes a directory's names sets its time. */
static void times(void) {
  begin();
  uint64_t before = changed_at(ROOT);
  for (int step = 0; step < 6; step++) {
    sleep_ms(1);
    if (step == 0) EQUAL(mkdir(A, 0755), 0);
    if (step == 1) EQUAL(rmdir(A), 0);
    if (step == 2) make(A);
    if (step == 3) EQUAL(link(A, B), 0);
    if (step == 4) EQUAL(rename(A, C), 0);
    if (step == 5) EQUAL(unlink(C), 0);
    uint64_t after = changed_at(ROOT);
    if (after <= before) tap_fail("step %d does not set the time", step);
    before = after;
  }
  EQUAL(unlink(B), 0);
  end();
}

enum call { MKDIR, RMDIR, UNLINK };
static void removal_errors(void) {
  static char long_name[300];
  memset(long_name, 'x', 299);
  static const struct {
    enum call call;
    const char* path;
    int error;
  } rows[] = {
      {MKDIR, "", ENOENT},
      {MKDIR, "/", EEXIST},
      {MKDIR, ".", EEXIST},
      {MKDIR, "..", EEXIST},
      {MKDIR, "/nothing/below", ENOENT},
      {MKDIR, "/dev/null/below", ENOTDIR},
      {MKDIR, "/dev/null", EEXIST},
      {MKDIR, long_name, ENAMETOOLONG},
      {RMDIR, "", ENOENT},
      {RMDIR, "/", EBUSY},
      {RMDIR, "///", EBUSY},
      {RMDIR, ROOT "/.", EINVAL},
      {RMDIR, ROOT "/..", ENOTEMPTY},
      {RMDIR, "/nothing", ENOENT},
      {RMDIR, "/dev/null", ENOTDIR},
      {RMDIR, "/dev/null/", ENOTDIR},
      {RMDIR, "/tmp", ENOTEMPTY},
      {RMDIR, long_name, ENAMETOOLONG},
      {UNLINK, "", ENOENT},
      {UNLINK, "/", EISDIR},
      {UNLINK, ".", EISDIR},
      {UNLINK, "/tmp", EISDIR},
      {UNLINK, "/tmp/", EISDIR},
      {UNLINK, "/nothing", ENOENT},
      {UNLINK, "/nothing/", ENOENT},
      {UNLINK, "/dev/null/", ENOTDIR},
      {UNLINK, "/dev/null/x", ENOTDIR},
      {UNLINK, long_name, ENAMETOOLONG},
  };
  begin();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    errno = 0;
    int got = rows[i].call == MKDIR   ? mkdir(rows[i].path, 0755)
              : rows[i].call == RMDIR ? rmdir(rows[i].path)
                                      : unlink(rows[i].path);
    if (got != -1 || errno != rows[i].error) {
      tap_fail("row %d (%s): expected %s, got %d, %s", (int)i, rows[i].path,
               strerror(rows[i].error), got, strerror(errno));
    }
  }
  ERROR(unlinkat(AT_FDCWD, A, 1), EINVAL);
  ERROR(unlinkat(AT_FDCWD, A, -1), EINVAL);
  ERROR(unlinkat(-7, "x", 0), EBADF);
  ERROR(mkdirat(1, "x", 0755), ENOTDIR);
  end();
}

/* ---- Removed, but in use ---- */

static void a_file_lives_while_it_is_open(void) {
  begin();
  int fd = open(A, O_RDWR | O_CREAT, 0644);
  CHECK(fd >= 0);
  EQUAL(write(fd, "still here", 10), 10);
  EQUAL(unlink(A), 0);
  ERROR(open(A, O_RDONLY), ENOENT);
  char text[20];
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(read(fd, text, sizeof text), 10);
  CHECK(memcmp(text, "still here", 10) == 0);
  struct stat gone;
  EQUAL(fstat(fd, &gone), 0);
  EQUAL(gone.st_nlink, 0);
  EQUAL(close(fd), 0);
  end();
}

static void a_removed_directory_takes_nothing_in(void) {
  begin();
  EQUAL(mkdir(A, 0755), 0);
  make(B);
  int fd = open(A, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  EQUAL(chdir(A), 0);
  EQUAL(rmdir(A), 0);
  ERROR(open("new", O_WRONLY | O_CREAT, 0644), ENOENT);
  ERROR(mkdir("new", 0755), ENOENT);
  ERROR(symlink("x", "new"), ENOENT);
  ERROR(link(B, "new"), ENOENT);
  ERROR(rename(B, "new"), ENOENT);
  ERROR(openat(fd, "new", O_WRONLY | O_CREAT, 0644), ENOENT);
  struct stat above, through;
  EQUAL(stat(ROOT, &above) + stat("..", &through), 0); /* it keeps its parent */
  EQUAL(through.st_ino, above.st_ino);
  EQUAL(fstatat(fd, "../b", &through, 0), 0);
  char buffer[200];
  ERROR(getdents64(fd, buffer, sizeof buffer), ENOENT);
  CHECK(getcwd(buffer, sizeof buffer) == NULL && errno == ENOENT);
  struct stat gone;
  EQUAL(stat(".", &gone), 0);
  EQUAL(gone.st_nlink, 0);
  EQUAL(chdir(".."), 0);
  EQUAL(stat(".", &through), 0);
  EQUAL(through.st_ino, above.st_ino);
  EQUAL(close(fd), 0);
  EQUAL(unlink(B), 0);
  end();
}

/* Each removed directory holds the one that it was in, up to the first that is still there. */
static void a_chain_of_removed_directories(void) {
  enum { DEPTH = 3000 };
  begin();
  EQUAL(chdir(ROOT), 0);
  for (int i = 0; i < DEPTH; i++) EQUAL(mkdir("d", 0755) + chdir("d"), 0);
  pid_t child = FORK();
  if (child == 0) {
    for (int i = 0; i < DEPTH; i++) EQUAL(chdir("..") + rmdir("d"), 0);
    _exit(0);
  }
  ENDS(child, 0);
  char path[100];
  CHECK(getcwd(path, sizeof path) == NULL && errno == ENOENT);
  for (int i = 0; i < DEPTH / 2; i++) EQUAL(chdir(".."), 0);
  ERROR(mkdir("new", 0755), ENOENT);
  EQUAL(chdir(ROOT), 0); /* and there they die */
  end();
}

static void a_deep_tree(void) {
  enum { DEPTH = 2000 };
  begin();
  EQUAL(chdir(ROOT), 0);
  for (int i = 0; i < DEPTH; i++) {
    EQUAL(mkdir("d", 0755), 0);
    EQUAL(chdir("d"), 0);
  }
  char path[TINE_PATH_MAX], name[100] = "";
  memset(name, 'n', sizeof name - 1);
  EQUAL(syscall(SYS_getcwd, path, sizeof path), (long)strlen(ROOT) + 2 * DEPTH + 1);
  EQUAL(mkdir(name, 0755), 0);
  EQUAL(chdir(name), 0);
  ERROR(syscall(SYS_getcwd, path, sizeof path), ENAMETOOLONG);
  EQUAL(chdir(".."), 0);
  EQUAL(rmdir(name), 0);
  for (int i = 0; i < DEPTH; i++) {
    EQUAL(chdir(".."), 0);
    EQUAL(rmdir("d"), 0);
  }
  end();
}

/* ---- link, symlink ---- */

static void links(void) {
  begin();
  make(A);
  EQUAL(link(A, B), 0);
  EQUAL(about(A).st_ino, about(B).st_ino);
  EQUAL(about(A).st_nlink, 2);
  ERROR(link(A, B), EEXIST);
  ERROR(link(A, B "/"), EEXIST);
  ERROR(link(A, C "/"), ENOENT);
  ERROR(link(A, "/"), EEXIST);
  ERROR(link(ROOT "/nothing", C), ENOENT);
  ERROR(link(ROOT, C), EPERM);
  ERROR(linkat(AT_FDCWD, A, AT_FDCWD, C, 1), EINVAL);
  EQUAL(unlink(A), 0);
  EQUAL(about(B).st_nlink, 1);
  EQUAL(symlink("b", A), 0);
  EQUAL(linkat(AT_FDCWD, A, AT_FDCWD, C, 0), 0); /* the link itself */
  CHECK(S_ISLNK(about(C).st_mode) && about(C).st_ino == about(A).st_ino);
  EQUAL(unlink(C), 0);
  EQUAL(linkat(AT_FDCWD, A, AT_FDCWD, C, AT_SYMLINK_FOLLOW), 0);
  EQUAL(about(C).st_ino, about(B).st_ino);
  EQUAL(unlink(A) + unlink(B) + unlink(C), 0);
  end();
}

static void symlinks(void) {
  begin();
  ERROR(symlink("", A), ENOENT);
  EQUAL(symlink("nowhere", A), 0);
  ERROR(symlink("x", A), EEXIST);
  ERROR(symlink("x", B "/"), ENOENT);
  ERROR(mkdir(A, 0755), EEXIST);
  ERROR(open(A, O_RDONLY), ENOENT);
  char text[20];
  EQUAL(readlink(A, text, sizeof text), 7);
  CHECK(memcmp(text, "nowhere", 7) == 0);
  EQUAL(readlink(A, text, 3), 3);
  ERROR(readlink(A, text, 0), EINVAL);
  ERROR(readlinkat(AT_FDCWD, A, text, (size_t)-1), EINVAL);
  ERROR(readlink(ROOT, text, sizeof text), EINVAL);
  ERROR(readlink(A, wild(KERNEL), 7), EFAULT);
  static char target[TINE_PATH_MAX];
  memset(target, 't', TINE_PATH_MAX - 1);
  EQUAL(symlink(target, B), 0);
  EQUAL(about(B).st_size, TINE_PATH_MAX - 1);
  EQUAL(unlink(A) + unlink(B), 0); /* the links, not what they name */
  EQUAL(symlink(ROOT, ROOT "/self"), 0);
  ERROR(rmdir(ROOT "/self"), ENOTDIR);
  ERROR(rmdir(ROOT "/self/"), ENOTDIR);
  CHECK(is_there(ROOT "/self/self/self"));
  EQUAL(unlink(ROOT "/self"), 0);
  end();
}

/* ---- rename ---- */

static void rename_files(void) {
  begin();
  make(A);
  unsigned long inode = about(A).st_ino;
  EQUAL(rename(A, B), 0);
  CHECK(!is_there(A) && about(B).st_ino == inode);
  make(A);
  EQUAL(rename(B, A), 0); /* what was there is gone */
  CHECK(!is_there(B) && about(A).st_ino == inode);
  EQUAL(rename(A, A), 0);
  EQUAL(link(A, B), 0);
  EQUAL(rename(A, B), 0); /* two names of one file: both stay */
  CHECK(is_there(A) && is_there(B));
  EQUAL(mkdir(C, 0755), 0);
  EQUAL(rename(A, C "/x"), 0);
  CHECK(!is_there(A) && about(C "/x").st_ino == inode);
  ERROR(rename(A, B), ENOENT);
  ERROR(rename(B, C), EISDIR);
  ERROR(rename(C, B), ENOTDIR);
  ERROR(rename(B "/", A), ENOTDIR);
  ERROR(rename(B, A "/"), ENOTDIR);
  EQUAL(unlink(C "/x") + unlink(B) + rmdir(C), 0);
  end();
}

static void rename_directories(void) {
  begin();
  EQUAL(mkdir(A, 0755) + mkdir(A "/in", 0755) + mkdir(B, 0755) + mkdir(C, 0755), 0);
  ERROR(rename(A, A "/in/x"), EINVAL);
  ERROR(rename(A, A "/x"), EINVAL);
  ERROR(rename(A "/in", A), ENOTEMPTY);
  ERROR(rename(B, A), ENOTEMPTY);
  EQUAL(rename(A, B), 0); /* B was empty */
  CHECK(!is_there(A) && is_there(B "/in"));
  EQUAL(about(ROOT).st_nlink, 4);
  EQUAL(rename(B "/in/", C "/in/"), 0);
  EQUAL(about(B).st_nlink, 2);
  EQUAL(about(C).st_nlink, 3);
  EQUAL(about(C "/in/..").st_ino, about(C).st_ino);
  ERROR(rename(C "/.", A), EBUSY);
  ERROR(rename(C "/in/..", A), EBUSY);
  ERROR(rename(C, "/"), EBUSY);
  ERROR(rename("/", A), EBUSY);
  EQUAL(rmdir(C "/in") + rmdir(C) + rmdir(B), 0);
  end();
}

static void rename_flags(void) {
  begin();
  make(A);
  EQUAL(mkdir(B, 0755) + mkdir(C, 0755) + mkdir(C "/in", 0755), 0);
  unsigned long file = about(A).st_ino, directory = about(C "/in").st_ino;
  ERROR(renameat2(AT_FDCWD, A, AT_FDCWD, B, RENAME_NOREPLACE), EEXIST);
  ERROR(renameat2(AT_FDCWD, A, AT_FDCWD, A, RENAME_NOREPLACE), EEXIST);
  ERROR(renameat2(AT_FDCWD, A, AT_FDCWD, ROOT "/none", RENAME_EXCHANGE), ENOENT);
  ERROR(renameat2(AT_FDCWD, A, AT_FDCWD, B, RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
  ERROR(renameat2(AT_FDCWD, A, AT_FDCWD, B, 4), EINVAL);
  ERROR(renameat2(AT_FDCWD, C, AT_FDCWD, C "/in", RENAME_EXCHANGE), EINVAL);
  ERROR(renameat2(AT_FDCWD, C "/in", AT_FDCWD, C, RENAME_EXCHANGE), EINVAL);
  EQUAL(renameat2(AT_FDCWD, A, AT_FDCWD, C "/in", RENAME_EXCHANGE), 0);
  EQUAL(about(A).st_ino, directory);
  EQUAL(about(C "/in").st_ino, file);
  EQUAL(about(C).st_nlink, 2);
  EQUAL(about(ROOT).st_nlink, 5);
  EQUAL(about(A "/..").st_ino, about(ROOT).st_ino);
  EQUAL(renameat2(AT_FDCWD, A, AT_FDCWD, A, RENAME_EXCHANGE), 0);
  EQUAL(renameat2(AT_FDCWD, C "/in", AT_FDCWD, ROOT "/new", RENAME_NOREPLACE), 0);
  ERROR(renameat2(AT_FDCWD, ROOT "/new", AT_FDCWD, B "/.", RENAME_NOREPLACE), EEXIST);
  ERROR(renameat2(AT_FDCWD, B "/.", AT_FDCWD, ROOT "/x", RENAME_NOREPLACE), EBUSY);
  /* With a slash behind it, it must be a directory before the exchange. */
  EQUAL(renameat2(AT_FDCWD, ROOT "/new", AT_FDCWD, B "/", RENAME_EXCHANGE), 0);
  ERROR(renameat2(AT_FDCWD, ROOT "/new", AT_FDCWD, B "/", RENAME_EXCHANGE), ENOTDIR);
  ERROR(renameat2(AT_FDCWD, B "/", AT_FDCWD, ROOT "/new", RENAME_EXCHANGE), ENOTDIR);
  EQUAL(renameat2(AT_FDCWD, ROOT "/new/", AT_FDCWD, B, RENAME_EXCHANGE), 0);
  EQUAL(unlink(ROOT "/new") + rmdir(A) + rmdir(B) + rmdir(C), 0);
  end();
}

static void an_open_victim_lives(void) {
  begin();
  int fd = open(A, O_RDWR | O_CREAT, 0644);
  EQUAL(write(fd, "old", 3), 3);
  make(B);
  EQUAL(rename(B, A), 0);
  struct stat old;
  EQUAL(fstat(fd, &old), 0);
  EQUAL(old.st_nlink, 0);
  EQUAL(old.st_size, 3);
  EQUAL(close(fd) + unlink(A), 0);
  end();
}

/* ---- Reading ---- */

static int count_entries(const char* path, const char* wanted) {
  DIR* directory = opendir(path);
  if (!directory) tap_fail("opendir(%s): %s", path, strerror(errno));
  int found = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;)
    found += wanted == NULL || strcmp(entry->d_name, wanted) == 0;
  closedir(directory);
  return found;
}

static void reading(void) {
  begin();
  make(A);
  EQUAL(mkdir(B, 0755) + symlink("a", C), 0);
  DIR* directory = opendir(ROOT);
  static const struct {
    const char* name;
    int type;
  } rows[] = {{".", DT_DIR}, {"..", DT_DIR}, {"a", DT_REG}, {"b", DT_DIR}, {"c", DT_LNK}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct dirent* entry = readdir(directory);
    CHECK(entry != NULL && strcmp(entry->d_name, rows[i].name) == 0);
    EQUAL(entry->d_type, rows[i].type);
    char path[100];
    snprintf(path, sizeof path, ROOT "/%s", rows[i].name);
    EQUAL(entry->d_ino, about(path).st_ino);
  }
  CHECK(readdir(directory) == NULL);
  closedir(directory);
  EQUAL(count_entries("/dev", "null"), 1);
  EQUAL(unlink(A) + rmdir(B) + unlink(C), 0);
  EQUAL(count_entries(ROOT, NULL), 2);
  end();
}

/* What lies behind a name, up to the next entry, are zeros. */
static void padding(void) {
  begin();
  make(ROOT "/a-name-that-is-long-and-leaves-something-behind");
  make(A);
  char buffer[200];
  int fd = open(ROOT, O_RDONLY);
  long size = getdents64(fd, buffer, sizeof buffer);
  CHECK(size > 0);
  memset(buffer, 'x', sizeof buffer);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(getdents64(fd, buffer, sizeof buffer), size);
  for (long at = 0; at < size;) {
    struct tine_dirent64* entry = (struct tine_dirent64*)(buffer + at);
    const char* end = buffer + at + entry->d_reclen;
    for (const char* p = entry->d_name + strlen(entry->d_name); p < end; p++) EQUAL(*p, 0);
    at += entry->d_reclen;
  }
  EQUAL(close(fd), 0);
  EQUAL(unlink(ROOT "/a-name-that-is-long-and-leaves-something-behind") + unlink(A), 0);
  end();
}

/* Four processes read one open directory: each entry goes to one of them. */
enum { FILES = 300, FIRST = 100, RECORD = 24 };
static int shared_directory;
static long take_names(void) {
  char buffer[10 * RECORD];
  long sum = 0;
  for (long size; (size = getdents64(shared_directory, buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < size; at += RECORD) {
      sum += atoi(((struct tine_dirent64*)(buffer + at))->d_name);
    }
  }
  return sum;
}
static void race_read(void) {
  char name[sizeof ROOT + 8];
  long total = 0;
  begin();
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, ROOT "/%d", FIRST + i);
    make(name);
    total += FIRST + i;
  }
  shared_directory = open(ROOT, O_RDONLY);
  struct takers takers = start_takers(4, take_names);
  EQUAL(sum_of(&takers), total);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, ROOT "/%d", FIRST + i);
    EQUAL(unlink(name), 0);
  }
  EQUAL(close(shared_directory), 0);
  end();
}

static void reading_arguments(void) {
  begin();
  make(A);
  char buffer[100];
  int fd = open(ROOT, O_RDONLY);
  ERROR(getdents64(-1, buffer, sizeof buffer), EBADF);
  ERROR(getdents64(1, buffer, sizeof buffer), ENOTDIR);
  ERROR(getdents64(fd, buffer, 0), EINVAL);
  ERROR(getdents64(fd, buffer, 23), EINVAL);
  ERROR(getdents64(fd, wild(0), 100), EFAULT);
  ERROR(getdents64(fd, wild(KERNEL), 100), EFAULT);
  EQUAL(getdents64(fd, buffer, 24), 24); /* "." alone */
  struct tine_dirent64* entry = (struct tine_dirent64*)buffer;
  CHECK(strcmp(entry->d_name, ".") == 0);
  EQUAL(lseek(fd, 0, SEEK_CUR), entry->d_off);
  EQUAL(getdents64(fd, buffer, sizeof buffer), 48); /* ".." and "a" */
  EQUAL(getdents64(fd, buffer, sizeof buffer), 0);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(getdents64(fd, buffer, sizeof buffer), 72);
  char* edge =
      mmap(NULL, (size_t)(2 * PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EQUAL(munmap(edge + PAGE, (size_t)PAGE), 0);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(getdents64(fd, edge + PAGE - 40, 100), 24); /* the second one does not fit */
  EQUAL(getdents64(fd, buffer, sizeof buffer), 48); /* and is not lost */
  ERROR(read(fd, buffer, sizeof buffer), EISDIR);
  EQUAL(close(fd), 0);
  EQUAL(unlink(A), 0);
  end();
}

/* While others come and go, each name that stays is seen exactly once. */
static void reading_amid_changes(void) {
  enum { KEPT = 40 };
  begin();
  EQUAL(chdir(ROOT), 0);
  char name[40];
  for (int i = 0; i < 2 * KEPT; i++) {
    snprintf(name, sizeof name, "%s%d", i % 2 ? "kept" : "gone", i / 2);
    make(name);
  }
  int fd = open(".", O_RDONLY);
  int seen[KEPT] = {0};
  char buffer[64];
  for (int step = 0;; step++) {
    ssize_t n = getdents64(fd, buffer, sizeof buffer);
    CHECK(n >= 0);
    if (n == 0) break;
    for (ssize_t at = 0; at < n;) {
      struct tine_dirent64* entry = (struct tine_dirent64*)(buffer + at);
      if (strncmp(entry->d_name, "kept", 4) == 0) seen[atoi(entry->d_name + 4)]++;
      at += entry->d_reclen;
    }
    if (step < KEPT) {
      snprintf(name, sizeof name, "gone%d", (step * 7) % KEPT);
      EQUAL(unlink(name), 0);
      snprintf(name, sizeof name, "new%d", step);
      make(name);
    }
  }
  for (int i = 0; i < KEPT; i++) EQUAL(seen[i], 1);
  EQUAL(close(fd), 0);
  for (int i = 0; i < KEPT; i++) {
    snprintf(name, sizeof name, "kept%d", i);
    EQUAL(unlink(name), 0);
    snprintf(name, sizeof name, "new%d", i);
    EQUAL(unlink(name), 0);
  }
  end();
}

int main(void) {
  tap_begin("directories");
  RUN("mkdir, rmdir, unlink: names, link counts, umask", come_and_go);
  RUN("names that come, go and change set their directory's time", times);
  RUN("what cannot be made or removed says why", removal_errors);
  RUN("an unlinked file lives while it is open", a_file_lives_while_it_is_open);
  RUN("a removed directory takes nothing in", a_removed_directory_takes_nothing_in);
  RUN("3000 removed directories, each in the next", a_chain_of_removed_directories);
  RUN("2000 directories in each other; a path too long for getcwd", a_deep_tree);
  RUN("link: one file, many names", links);
  RUN("symbolic links: made, read, removed", symlinks);
  RUN("rename of files", rename_files);
  RUN("rename of directories: never into themselves", rename_directories);
  RUN("RENAME_NOREPLACE and RENAME_EXCHANGE", rename_flags);
  RUN("a file that a rename replaces lives while it is open", an_open_victim_lives);
  RUN("getdents64 tells names, types and inodes", reading);
  RUN("getdents64: bad arguments, short buffers, positions", reading_arguments);
  RUN("getdents64: zeros behind the names", padding);
  RUN("reading amid changes: what stays is seen once", reading_amid_changes);
  RUN("four read one open directory: each entry once", race_read);
  return tap_end();
}
