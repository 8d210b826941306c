/* The terminal's modes. */
#pragma once

#include <tine/abi.h>

#define termios tine_termios

#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

#ifdef __cplusplus
extern "C" {
#endif

int tcgetattr(int fd, struct termios* modes);
int tcsetattr(int fd, int when, const struct termios* modes);
int tcflush(int fd, int queue); /* TCIFLUSH, TCOFLUSH, TCIOFLUSH */

#ifdef __cplusplus
}
#endif
