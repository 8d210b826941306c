/* true: success, and nothing else. */
int main(void) { return 0; }
