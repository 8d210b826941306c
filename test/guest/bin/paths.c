/* How paths are walked: chdir, getcwd, symbolic links, dots and slashes, lengths; newfstatat. */
#include "tap.h"

#define ROOT "/tmp/p"

static unsigned long inode(const char* path) {
  struct stat about;
  if (stat(path, &about) != 0) tap_fail("stat(%s): %s", path, strerror(errno));
  return about.st_ino;
}
static void make(const char* path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) tap_fail("make(%s): %s", path, strerror(errno));
  EQUAL(close(fd), 0);
}
static void begin(void) { EQUAL(mkdir(ROOT, 0755) + chdir(ROOT), 0); }
static void end(void) { EQUAL(rmdir(ROOT), 0); }

static const char* cwd(void) {
  static char path[TINE_PATH_MAX];
  if (!getcwd(path, sizeof path)) tap_fail("getcwd: %s", strerror(errno));
  return path;
}
#define IN(path) CHECK(strcmp(cwd(), path) == 0)

static void where_we_are(void) {
  begin();
  IN(ROOT);
  EQUAL(mkdir("a", 0755) + mkdir("a/b", 0755) + symlink("a/b", "link"), 0);
  EQUAL(chdir("link"), 0);
  IN(ROOT "/a/b");
  EQUAL(rename(ROOT "/a", ROOT "/c"), 0); /* the directory moves, and we with it */
  IN(ROOT "/c/b");
  EQUAL(chdir("..") + rmdir("b") + chdir("..") + rmdir("c") + unlink("link"), 0);
  IN(ROOT);
  EQUAL(chdir("/"), 0);
  IN("/");
  EQUAL(chdir(".."), 0);
  IN("/");
  EQUAL(chdir("/dev/../dev/./"), 0);
  IN("/dev");
  pid_t child = FORK(); /* inherited, but not shared */
  if (child == 0) {
    EQUAL(strcmp(cwd(), "/dev") + chdir("/bin"), 0);
    _exit(0);
  }
  ENDS(child, 0);
  IN("/dev");
  end();
}

static void bad_calls(void) {
  char room[10];
  ERROR(chdir("/nothing"), ENOENT);
  ERROR(chdir(""), ENOENT);
  ERROR(chdir("/dev/null"), ENOTDIR);
  ERROR(chdir(wild(KERNEL)), EFAULT);
  begin();
  ERROR(syscall(SYS_getcwd, room, 6), ERANGE);
  ERROR(syscall(SYS_getcwd, room, 0), ERANGE);
  EQUAL(syscall(SYS_getcwd, room, 7), 7);
  CHECK(strcmp(room, ROOT) == 0);
  ERROR(syscall(SYS_getcwd, wild(0), 100), EFAULT);
  ERROR(syscall(SYS_getcwd, wild(KERNEL), 100), EFAULT);
  end();
}

/* ---- stat ---- */

static void statting(void) {
  struct stat about;
  begin();
  make("file");
  EQUAL(symlink("file", "link"), 0);
  EQUAL(fstatat(AT_FDCWD, "link", &about, 0), 0);
  CHECK(S_ISREG(about.st_mode) && about.st_ino == inode("file"));
  EQUAL(fstatat(AT_FDCWD, "link", &about, AT_SYMLINK_NOFOLLOW), 0);
  CHECK(S_ISLNK(about.st_mode));
  EQUAL(about.st_mode & 07777, 0777); /* whatever the umask */
  EQUAL(fstatat(AT_FDCWD, "link", &about, AT_NO_AUTOMOUNT), 0);
  CHECK(S_ISREG(about.st_mode));
  int fd = open("file", O_RDONLY), directory = open(".", O_RDONLY);
  EQUAL(fstatat(fd, "", &about, AT_EMPTY_PATH), 0);
  EQUAL(about.st_ino, inode("file"));
  EQUAL(fstatat(AT_FDCWD, "", &about, AT_EMPTY_PATH), 0);
  EQUAL(about.st_ino, inode(ROOT));
  EQUAL(fstatat(directory, "file", &about, AT_EMPTY_PATH), 0);
  EQUAL(about.st_ino, inode("file"));
  ERROR(fstatat(fd, "", &about, 0), ENOENT);
  ERROR(fstatat(fd, "x", &about, 0), ENOTDIR);
  ERROR(fstatat(-1, "", &about, AT_EMPTY_PATH), EBADF);
  ERROR(fstatat(-1, "x", &about, 0), EBADF);
  EQUAL(fstatat(-1, "/dev", &about, 0), 0);
  ERROR(fstatat(AT_FDCWD, "", &about, 0), ENOENT);
  ERROR(fstatat(AT_FDCWD, "file", &about, 1), EINVAL);
  ERROR(fstatat(AT_FDCWD, "file", wild(0), 0), EFAULT);
  ERROR(fstatat(AT_FDCWD, wild(0), &about, 0), EFAULT);
  ERROR(stat("file/", &about), ENOTDIR);
  ERROR(stat("link/", &about), ENOTDIR);
  ERROR(stat("file/.", &about), ENOTDIR);
  ERROR(stat("none", &about), ENOENT);
  EQUAL(unlink("link") + unlink("file"), 0);
  end();
}

/* ---- Symbolic links ---- */

static void loops(void) {
  struct stat about;
  begin();
  EQUAL(symlink("b", "a") + symlink("a", "b"), 0);
  ERROR(stat("a", &about), ELOOP);
  ERROR(open("a", O_RDONLY), ELOOP);
  ERROR(open("a", O_WRONLY | O_CREAT, 0644), ELOOP);
  ERROR(open("a", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
  ERROR(open("a", O_RDONLY | O_NOFOLLOW), ELOOP);
  ERROR(chdir("a/x"), ELOOP);
  ERROR(mkdir("a/x", 0755), ELOOP);
  EQUAL(unlink("a") + unlink("b"), 0);
  char name[8], target[8] = "/dev";
  for (int i = 0; i < 41; i++) {
    snprintf(name, sizeof name, "l%d", i);
    EQUAL(symlink(target, name), 0);
    strcpy(target, name);
  }
  EQUAL(inode("l39"), inode("/dev")); /* forty links are followed, and no more */
  ERROR(stat("l40", &about), ELOOP);
  for (int i = 0; i < 41; i++) {
    snprintf(name, sizeof name, "l%d", i);
    EQUAL(unlink(name), 0);
  }
  end();
}

static void through_links(void) {
  begin();
  EQUAL(mkdir("d", 0755) + mkdir("d/e", 0755) + symlink("d/e", "link"), 0);
  EQUAL(inode("link/.."), inode("d")); /* the real parent, not where the link lies */
  EQUAL(symlink("new", "dangling"), 0);
  int fd = open("dangling", O_WRONLY | O_CREAT, 0644); /* makes what the link names */
  CHECK(fd >= 0);
  EQUAL(close(fd) + unlink("new"), 0);
  ERROR(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
  ERROR(mkdir("dangling", 0755), EEXIST);
  ERROR(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
  CHECK(open("link/", O_RDONLY | O_NOFOLLOW) >= 0);
  ERROR(open("d", O_WRONLY | O_TRUNC), EISDIR);
  EQUAL(unlink("dangling") + unlink("link") + rmdir("d/e") + rmdir("d"), 0);
  end();
}

/* ---- Lengths ---- */

static void lengths(void) {
  static char path[2 * TINE_PATH_MAX];
  struct stat about;
  begin();
  memset(path, 'n', sizeof path);
  path[255] = 0;
  make(path);
  EQUAL(unlink(path), 0);
  path[255] = 'n', path[256] = 0;
  ERROR(open(path, O_WRONLY | O_CREAT, 0644), ENAMETOOLONG);
  ERROR(stat(path, &about), ENAMETOOLONG);
  ERROR(symlink("x", path), ENAMETOOLONG);
  ERROR(rename("x", path), ENAMETOOLONG);
  memset(path, '/', sizeof path);
  for (int length = 126; length <= 130; length++) { /* around where the heap is needed */
    strcpy(path + length - 4, "/dev");
    EQUAL(inode(path), inode("/dev"));
    memset(path, '/', sizeof path);
  }
  strcpy(path + TINE_PATH_MAX - 4, "dev");
  EQUAL(inode(path + 0), inode("/dev")); /* 4095 characters */
  memset(path, '/', sizeof path);
  strcpy(path + TINE_PATH_MAX - 3, "dev");
  ERROR(stat(path, &about), ENAMETOOLONG);
  end();
}

/* Another file system in the place of a directory: there is one if the wing procfs is built in. */
static void mounts(void) {
  struct stat root, about;
  EQUAL(stat("/", &root), 0);
  if (stat("/proc", &about) != 0 || about.st_dev == root.st_dev) return;
  EQUAL(inode("/proc/.."), root.st_ino);
  EQUAL(inode("/proc/../proc"), about.st_ino);
  EQUAL(chdir("/proc"), 0);
  IN("/proc");
  EQUAL(inode(".."), root.st_ino);
  ERROR(rmdir("/proc"), EBUSY);
  ERROR(rename("/proc", "/tmp/proc"), EBUSY);
  begin();
  ERROR(rename(ROOT, "/proc"), EBUSY);
  ERROR(rename(ROOT, "/proc/x"), EXDEV);
  ERROR(link("/bin/sh", "/proc/x"), EXDEV);
  end();
}

static void bad_pointers(void) {
  static const uintptr_t bad[] = {0, 8, KERNEL, ~0ul, USER_TOP, 1ul << 40, 1ul << 63};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char* at = wild(bad[i]);
    ERROR(mkdir(at, 0755), EFAULT);
    ERROR(unlink(at), EFAULT);
    ERROR(rmdir(at), EFAULT);
    ERROR(rename(at, "x"), EFAULT);
    ERROR(rename("/tmp", at), EFAULT);
    ERROR(link(at, "x"), EFAULT);
    ERROR(link("/bin/sh", at), EFAULT);
    ERROR(symlink(at, "x"), EFAULT);
    ERROR(symlink("x", at), EFAULT);
    ERROR(readlink(at, (char[4]){0}, 4), EFAULT);
    ERROR(chdir(at), EFAULT);
  }
}

int main(void) {
  tap_begin("paths");
  RUN("chdir and getcwd", where_we_are);
  RUN("chdir and getcwd: bad arguments", bad_calls);
  RUN("newfstatat and its flags", statting);
  RUN("circles of links, and too many of them", loops);
  RUN("links in the middle and at the end", through_links);
  RUN("names of 255 bytes, paths of 4095", lengths);
  RUN("a mounted file system: in, out, not away", mounts);
  RUN("bad pointers", bad_pointers);
  return tap_end();
}
