/* Signals: what stays of an action, what a signal tells of its sender, and which comes first. */
#include "signals.h"

/* What a program's action looks like afterwards. */
static void flags_stay(void) {
  struct sigaction action = {.sa_handler = note, .sa_mask = set_of(SIGTERM)}, now;
  action.sa_flags = SA_RESETHAND | SA_RESTART | SA_NODEFER;
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  EQUAL(raise(SIGUSR1), 0);
  EQUAL(count, 1);
  EQUAL(sigaction(SIGUSR1, NULL, &now), 0);
  CHECK(now.sa_handler == SIG_DFL);
  EQUAL(now.sa_flags, action.sa_flags);
  EQUAL(now.sa_mask, action.sa_mask);
  action.sa_flags = SA_RESTART | 0x400 | 0x10 | 1ul << 40; /* 0x400: SA_UNSUPPORTED */
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  EQUAL(sigaction(SIGUSR1, NULL, &now), 0);
  EQUAL(now.sa_flags, SA_RESTART);
}

static siginfo_t sender;
static void note_sender(int number, siginfo_t* info, void* context) {
  (void)context;
  sender = *info;
  note(number);
}
static void every_sender(void) {
  for (int number = 1; number <= TINE_NSIG; number++) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    struct sigaction action = {.sa_sigaction = note_sender, .sa_flags = SA_SIGINFO};
    EQUAL(sigaction(number, &action, NULL), 0);
    count = 0;
    EQUAL(kill(getpid(), number), 0);
    EQUAL(count, 1);
    EQUAL(sender.si_signo, number);
    EQUAL(sender.si_code, SI_USER);
    EQUAL(sender.si_pid, getpid());
  }
}

/* Of several signals SIGKILL is acted on first, whatever number the others have: no handler runs
 * once it was sent. */
static int told[2];
static void tells(int number) {
  (void)number;
  (void)write(told[1], "h", 1);
}
static void kill_comes_first(void) {
  EQUAL(pipe2(told, O_NONBLOCK), 0);
  for (int round = 0; round < 30; round++) {
    pid_t child = FORK();
    if (child == 0) {
      handle(SIGHUP, tells, 0);
      handle(SIGUSR1, tells, 0);
      EQUAL(ipc_send(getppid(), 1), 0);
      while (1) continue;
    }
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    EQUAL(kill(child, SIGKILL), 0);
    kill(child, SIGHUP);
    kill(child, SIGUSR1);
    ENDS(child, -SIGKILL);
    char byte;
    ERROR(read(told[0], &byte, 1), EAGAIN);
  }
}

int main(void) {
  tap_begin("signals_told");
  RUN("SA_RESETHAND keeps flags and mask; flags that there are not are cleared", flags_stay);
  RUN("every signal says who sent it", every_sender);
  RUN("SIGKILL comes before what else is pending", kill_comes_first);
  return tap_end();
}
