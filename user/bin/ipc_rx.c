/* ipc_rx [COUNT]: receives COUNT messages (without it, one) and prints each. */
#include <stdio.h>
#include <stdlib.h>
#include <tine.h>

int main(int argc, char** argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1;
  for (int i = 0; i < count; i++) {
    struct tine_message message;
    if (ipc_recv(&message) != 0) {
      perror("ipc_rx");
      return 1;
    }
    printf("ipc_rx: message %lu from pid %d\n", message.word, message.sender);
  }
  return 0;
}
