/* reboot: starts the machine again. */
#include <stdio.h>
#include <tine.h>

int main(void) {
  power(TINE_POWER_REBOOT, 0);
  perror("reboot"); /* it returns only when it failed */
  return 1;
}
