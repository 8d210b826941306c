/*
 * Signals. The numbers and the SA_, SIG_ and SI_ values are in tine/signal.h. The structures here
 * are the kernel's too, with POSIX's names for their fields, so nothing is converted.
 *
 * A handler returns to two instructions that the kernel provides (rt_sigreturn), so there is no
 * sa_restorer. It must not call functions that it may have interrupted, such as printf and malloc.
 * write() is safe.
 */
#pragma once

#include <sys/types.h>
#include <tine/abi.h>

#define NSIG (TINE_NSIG + 1)

typedef uint64_t sigset_t; /* signal n is bit n - 1 */
typedef void (*sighandler_t)(int number);

#define SIG_DFL ((sighandler_t)TINE_SIG_DFL)
#define SIG_IGN ((sighandler_t)TINE_SIG_IGN)
#define SIG_ERR ((sighandler_t) - 1)

typedef struct {
  int si_signo;
  int si_errno;
  int si_code;
  int pad;
  union {
    void* si_addr; /* SIGSEGV, SIGBUS, SIGILL, SIGTRAP: where */
    struct {
      pid_t si_pid; /* kill: the sender; SIGCHLD: the child */
      uid_t si_uid;
      int si_status; /* SIGCHLD: the exit code, or the signal that ended it */
    };
    char room[112];
  };
} siginfo_t;

/* The third argument of a handler. What it holds is in tine/signal.h: uc_mcontext has the
 * registers, pc and x[n - 1] for xn; a handler may change them. */
typedef struct tine_ucontext ucontext_t;
#define uc_sigmask mask
#define uc_mcontext context

struct sigaction {
  union {
    sighandler_t sa_handler;
    void (*sa_sigaction)(int number, siginfo_t* info, void* ucontext);
  };
  unsigned long sa_flags; /* SA_* */
  sigset_t sa_mask;       /* blocked besides the signal itself while the handler runs */
};

#ifdef __cplusplus
extern "C" {
#endif

int kill(pid_t pid, int number);
int raise(int number);

int sigaction(int number, const struct sigaction* action, struct sigaction* old);
sighandler_t signal(int number, sighandler_t handler); /* with SA_RESTART */
int sigprocmask(int how, const sigset_t* set, sigset_t* old);

static inline int sigemptyset(sigset_t* set) {
  *set = 0;
  return 0;
}
static inline int sigfillset(sigset_t* set) {
  *set = ~(sigset_t)0;
  return 0;
}
static inline int sigaddset(sigset_t* set, int number) {
  *set |= (sigset_t)1 << (number - 1);
  return 0;
}
static inline int sigdelset(sigset_t* set, int number) {
  *set &= ~((sigset_t)1 << (number - 1));
  return 0;
}
static inline int sigismember(const sigset_t* set, int number) {
  return (int)(*set >> (number - 1) & 1);
}

#ifdef __cplusplus
}
#endif
