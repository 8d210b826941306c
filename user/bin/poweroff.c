/* poweroff [CODE]: switches the machine off; the emulator ends with status CODE, or 0. */
#include <stdio.h>
#include <stdlib.h>
#include <tine.h>

int main(int argc, char** argv) {
  power(TINE_POWER_OFF, argc > 1 ? atoi(argv[1]) & 0xff : 0);
  perror("poweroff"); /* it returns only when it failed */
  return 1;
}
