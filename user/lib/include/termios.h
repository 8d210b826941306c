/* The terminal's modes. */
#pragma once

#include <tine/abi.h>

#define termios tine_termios

#define TCSANOW 0
#define TCSADRAIN 1

/* Places in c_cc, for ICANON off. Kept, and not looked at: read() answers when there is a byte. */
#define VTIME 5
#define VMIN 6

#ifdef __cplusplus
extern "C" {
#endif

int tcgetattr(int fd, struct termios* modes);
int tcsetattr(int fd, int when, const struct termios* modes);

#ifdef __cplusplus
}
#endif
