/* The smallest program of this library: what `bench` starts to measure exec. */
int main(void) { return 0; }
