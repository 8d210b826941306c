/*
 * For the host's tests: leaves O_NONBLOCK on the console, which the shell that started it reads
 * through the same open file.
 */
#include <fcntl.h>

int main(void) { return fcntl(0, F_SETFL, O_NONBLOCK) != 0; }
