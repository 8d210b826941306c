/* Multiplies: what a CPU without floating-point registers cannot. (For the host's tests.) */
int main(void) {
  volatile double a = 3, b = 7;
  return a * b == 21 ? 0 : 1;
}
