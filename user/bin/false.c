/* false: failure, and nothing else. */
int main(void) { return 1; }
