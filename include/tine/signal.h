/*
 * Signals: numbers, actions, and the frame that the kernel puts on the stack for a handler. All as
 * on Linux riscv64 (signal(7), sigaction(2)). Valid C and C++.
 */
#pragma once

#include <stdint.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGWINCH 28
#define TINE_NSIG 64 /* the highest number; a set of signals is 64 bits, bit number - 1 */

/* ---- rt_sigaction, rt_sigprocmask ---- */

#define TINE_SIG_DFL 0 /* values of `handler` that are no address */
#define TINE_SIG_IGN 1

struct tine_sigaction {
  uint64_t handler; /* void (*)(int number, siginfo *, ucontext *), TINE_SIG_DFL or TINE_SIG_IGN */
  uint64_t flags;   /* SA_* */
  uint64_t mask;    /* blocked besides the signal itself while the handler runs */
};

#define SA_NOCLDSTOP 0x00000001 /* stored, without effect: no child stops */
#define SA_NOCLDWAIT 0x00000002 /* SIGCHLD: children leave no zombies */
#define SA_SIGINFO 0x00000004   /* stored: a handler always gets all three arguments */
#define SA_ONSTACK 0x08000000   /* the handler runs on the alternate stack, if there is one */
#define SA_RESTART 0x10000000   /* calls that the handler interrupts are restarted */
#define SA_NODEFER 0x40000000   /* the signal itself is not blocked while its handler runs */
#define SA_RESETHAND 0x80000000 /* back to TINE_SIG_DFL when the handler starts */
/* All flags that exist. Others are cleared, so a program can find out whether a flag exists
 * (SA_UNSUPPORTED).
 * */
#define TINE_SA_FLAGS \
  (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* ---- What a handler gets ---- */

#define SI_USER 0      /* code: kill */
#define SI_TKILL (-6)  /* tkill, tgkill */
#define SI_KERNEL 0x80 /* the kernel, for another reason than those below */
#define ILL_ILLOPC 1
#define SEGV_MAPERR 1 /* nothing is mapped there */
#define SEGV_ACCERR 2 /* the mapping does not permit it */
#define BUS_ADRALN 1
#define BUS_ADRERR 2 /* after the end of a mapped file */
#define TRAP_BRKPT 1
#define CLD_EXITED 1
#define CLD_KILLED 2

struct tine_siginfo {
  int32_t number;
  int32_t error; /* 0 */
  int32_t code;
  int32_t pad;
  union {
    uint8_t bytes[112]; /* the first, so that {} clears all of it */
    uint64_t address;   /* SIGSEGV, SIGBUS, SIGILL, SIGTRAP: where */
    struct {
      int32_t pid; /* kill: the sender; SIGCHLD: the child */
      uint32_t uid;
      int32_t status; /* SIGCHLD: the exit code, or the signal that ended it */
    } process;
  } about;
};

/* sigaltstack: an alternate stack for handlers. */
struct tine_stack {
  uint64_t sp; /* its lowest address */
  int32_t flags;
  int32_t pad;
  uint64_t size;
};

#define SS_ONSTACK 1             /* flags; in results: the program runs on it now */
#define SS_DISABLE 2             /* there is none */
#define SS_AUTODISARM 0x80000000 /* none while any handler runs */
#define TINE_MINSIGSTKSZ 2048    /* a smaller one is refused */

/* The registers from before the handler, which rt_sigreturn restores. */
struct tine_sigcontext {
  uint64_t pc;
  uint64_t x[31]; /* x1..x31 */
  uint64_t f[32]; /* f0..f31 */
  uint32_t fcsr;
  uint32_t pad[67]; /* Linux's union is as large as the Q extension's registers */
};

struct tine_ucontext {
  uint64_t flags;
  uint64_t link;
  struct tine_stack stack; /* the alternate stack, which is restored, too */
  uint64_t mask;           /* of the thread, before the handler */
  uint8_t mask_room[128];  /* 120 on Linux, and 8 to align what follows */
  struct tine_sigcontext context __attribute__((aligned(16)));
};

/* On the stack, at the handler's sp: a1 points to `info`, a2 to `context`. 1088 bytes. */
struct tine_signal_frame {
  struct tine_siginfo info;
  struct tine_ucontext context;
};
