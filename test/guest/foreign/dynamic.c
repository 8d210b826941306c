/* A dynamic program: what the kernel tells the loader of the C library, and what that then finds
 * and does. It prints the same on Linux.
 *
 * dynamic --as-student PROGRAM ...   runs that as user 1000, with LD_LIBRARY_PATH set; the loader
 *                                    takes that out of the environment of a set-user-ID program
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Is the interpreter among the objects that the loader knows, at the address of AT_BASE? */
static int is_interpreter(struct dl_phdr_info* info, size_t size, void* base) {
  (void)size;
  return strstr(info->dlpi_name, "ld-linux") && info->dlpi_addr == *(unsigned long*)base;
}

extern const ElfW(Ehdr) __ehdr_start;
extern void _start(void);

static int run_as_student(char** argv) {
  if (setenv("LD_LIBRARY_PATH", "/tmp", 1) || setgid(1000) || setuid(1000)) return 1;
  execv(argv[0], argv);
  perror(argv[0]);
  return 1;
}

int main(int argc, char** argv) {
  if (argc > 2 && strcmp(argv[1], "--as-student") == 0) return run_as_student(argv + 2);
  unsigned long base = getauxval(AT_BASE);
  unsigned long headers = (unsigned long)&__ehdr_start + __ehdr_start.e_phoff;
  char path[64] = "";
  for (int i = 0; i < argc; i++) printf("argv[%d] = %s\n", i, argv[i]);
  printf("AT_EXECFN: %s\n", (char*)getauxval(AT_EXECFN));
  printf("/proc/self/exe: %ld %s\n", (long)readlink("/proc/self/exe", path, sizeof path - 1), path);
  printf("AT_BASE is the interpreter's: %d\n", dl_iterate_phdr(is_interpreter, &base));
  printf("AT_PHDR is the program's: %d, AT_ENTRY too: %d\n", getauxval(AT_PHDR) == headers,
         getauxval(AT_ENTRY) == (unsigned long)&_start);
  printf("AT_SECURE: %lu, user %d, effective %d\n", getauxval(AT_SECURE), (int)getuid(),
         (int)geteuid());
  printf("LD_LIBRARY_PATH is %s\n", getenv("LD_LIBRARY_PATH") ? "kept" : "not there");
  void* mathematics = dlopen("libm.so.6", RTLD_NOW);
  if (!mathematics) puts(dlerror());
  double (*cosine)(double) = mathematics ? (double (*)(double))dlsym(mathematics, "cos") : NULL;
  printf("cos(0) = %.1f\n", cosine ? cosine(0) : -1);
  errno = ENOENT;
  perror("errno");
  return 42;
}
