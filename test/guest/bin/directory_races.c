/* Names that come, go and change under four processes at once. */
#include "directories.h"

#include <dirent.h>

enum { RACERS = 4, ROUNDS = 300 };

static void in_four(void (*body)(int who)) {
  pid_t children[RACERS];
  for (int i = 0; i < RACERS; i++) {
    children[i] = FORK();
    if (children[i] == 0) {
      body(i);
      _exit(0);
    }
  }
  for (int i = 0; i < RACERS; i++) ENDS(children[i], 0);
}

/* Of the processes that make the same name, one succeeds, and then no other can take it away. */
static void make_and_remove(int who) {
  char own[40];
  snprintf(own, sizeof own, ROOT "/own%d", who);
  for (int i = 0; i < ROUNDS; i++) {
    int fd = open(A, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0 && errno != EEXIST) tap_fail("open: %s", strerror(errno));
    if (fd >= 0) EQUAL(close(fd) + unlink(A), 0);
    EQUAL(mkdir(own, 0755), 0);
    EQUAL(rmdir(own), 0);
  }
}

/* One file, whose name goes in a circle through three: each rename either moves it or finds no
 * such name; it is never lost, and nobody sees two of them. */
static void chase(int who) {
  static const char* const names[] = {A, B, C};
  uint64_t random = 77 + (uint64_t)who;
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t pick = tap_random(&random) % 3;
    int got = rename(names[pick], names[(pick + 1) % 3]);
    if (got != 0 && errno != ENOENT) tap_fail("rename: %s", strerror(errno));
  }
}

/* What is removed while others walk through it, ask where it is, and move it. */
static void walk_through(int who) {
  char path[200];
  uint64_t random = 55 + (uint64_t)who;
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t pick = tap_random(&random) % 8;
    struct stat found;
    if (pick == 0) mkdir(A, 0755);
    if (pick == 1) mkdir(A "/x", 0755);
    if (pick == 2) rmdir(A "/x");
    if (pick == 3) rmdir(A);
    if (pick == 4) rename(A "/x", B);
    if (pick == 5) rename(B, A "/x");
    if (pick == 6) close(open(A "/x/file", O_WRONLY | O_CREAT, 0644)), unlink(A "/x/file");
    if (pick == 7) {
      if (chdir(A "/x") != 0) continue;
      CHECK(getcwd(path, sizeof path) != NULL || errno == ENOENT);
      EQUAL(stat("../..", &found), 0);
      CHECK(S_ISDIR(found.st_mode));
      EQUAL(chdir(ROOT), 0);
    }
  }
}

static void race_walk(void) {
  begin();
  in_four(walk_through);
  unlink(A "/x/file");
  unlink(B "/file");
  rmdir(A "/x");
  rmdir(A);
  rmdir(B);
  EQUAL(about(ROOT).st_nlink, 2);
  end();
}

/* Directories moved into each other in all directions: never into themselves. */
static void tangle(int who) {
  static const char* const names[] = {A, B, C, A "/x", B "/x", C "/x"};
  uint64_t random = 99 + (uint64_t)who;
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t bits = tap_random(&random);
    const char *from = names[bits % 6], *to = names[bits / 8 % 6];
    unsigned flags = bits / 64 % 2 ? RENAME_EXCHANGE : 0;
    int got = renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
    if (got != 0 && errno != ENOENT && errno != EINVAL && errno != ENOTEMPTY)
      tap_fail("rename: %s", strerror(errno));
    if (got == 0 && bits / 128 % 4 == 0) mkdir(from, 0755);
  }
}

static void race_make_and_remove(void) {
  begin();
  in_four(make_and_remove);
  end();
}

static void race_chase(void) {
  begin();
  make(A);
  unsigned long inode = about(A).st_ino;
  in_four(chase);
  EQUAL(is_there(A) + is_there(B) + is_there(C), 1);
  const char* where = is_there(A) ? A : is_there(B) ? B : C;
  EQUAL(about(where).st_ino, inode);
  EQUAL(about(where).st_nlink, 1);
  EQUAL(unlink(where), 0);
  end();
}

/* Removes a directory with all directories below; returns how many there were. */
static int remove_tree(void) {
  int count = 1, again = 1;
  char name[TINE_NAME_MAX + 1];
  while (again) {
    DIR* directory = opendir(".");
    again = 0;
    for (struct dirent* entry; !again && (entry = readdir(directory)) != NULL;) {
      if (entry->d_name[0] == '.') continue;
      strcpy(name, entry->d_name);
      again = 1;
    }
    closedir(directory);
    if (again) {
      EQUAL(chdir(name), 0);
      count += remove_tree();
      EQUAL(chdir(".."), 0);
      EQUAL(rmdir(name), 0);
    }
  }
  return count;
}

static void race_tangle(void) {
  begin();
  EQUAL(mkdir(A, 0755) + mkdir(B, 0755) + mkdir(C, 0755) + mkdir(A "/x", 0755), 0);
  in_four(tangle);
  EQUAL(chdir(ROOT), 0);
  CHECK(remove_tree() > 1); /* no circle that is cut off: the books tell */
  EQUAL(about(ROOT).st_nlink, 2);
  end();
}

/* While names come, go and are renamed, a listing shows each that stays exactly once. */
enum { KEPT = 600, LISTINGS = 20 };
static void list_and_change(int who) {
  static char seen[KEPT];
  char name[40], other[40];
  for (int i = 0; who != 0 && i < LISTINGS * 20; i++) {
    snprintf(name, sizeof name, ROOT "/gone%d", who * 10000 + i);
    snprintf(other, sizeof other, ROOT "/moved%d", who);
    make(name);
    EQUAL(rename(name, other), 0);
    if (i % 2) EQUAL(unlink(other), 0);
  }
  for (int i = 0; who == 0 && i < LISTINGS; i++) {
    DIR* directory = opendir(ROOT);
    memset(seen, 0, sizeof seen);
    for (struct dirent* entry; (entry = readdir(directory)) != NULL;)
      if (strncmp(entry->d_name, "kept", 4) == 0) seen[atoi(entry->d_name + 4)]++;
    closedir(directory);
    for (int k = 0; k < KEPT; k++) EQUAL(seen[k], 1);
  }
}

static void race_list(void) {
  char name[40];
  begin();
  for (int k = 0; k < KEPT; k++) {
    snprintf(name, sizeof name, ROOT "/kept%d", k);
    make(name);
  }
  in_four(list_and_change);
  for (int k = 0; k < KEPT; k++) {
    snprintf(name, sizeof name, ROOT "/kept%d", k);
    EQUAL(unlink(name), 0);
  }
  end();
}

int main(void) {
  tap_begin("directory_races");
  RUN("four make and remove the same name", race_make_and_remove);
  RUN("four rename one file in a circle", race_chase);
  RUN("four remove what others walk through", race_walk);
  RUN("four move directories into each other", race_tangle);
  RUN("three change what one lists: what stays is seen once", race_list);
  return tap_end();
}
