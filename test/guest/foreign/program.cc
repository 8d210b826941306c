// A program of the C++ library's, linked statically for Linux by the cross compiler: it was not
// written for Tine. The same file runs under qemu-riscv64 (or did: program.expected).
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <ucontext.h>
#include <unistd.h>
#include <csignal>

namespace {

// ---- Exceptions ----

struct Tracked {
  std::string name;
  explicit Tracked(std::string text) : name(std::move(text)) {}
  ~Tracked() { std::cout << "  gone: " << name << '\n'; }
};

int deep(int depth) {
  Tracked local("depth " + std::to_string(depth));
  if (depth == 0) throw std::range_error("at the bottom");
  return deep(depth - 1) + 1;
}

void exceptions() {
  try {
    deep(3);
  } catch (const std::runtime_error& error) {
    std::cout << "caught " << error.what() << '\n';
  }
  try {
    try {
      std::vector<int> v(3);
      std::cout << v.at(7);
    } catch (const std::out_of_range&) {
      throw std::logic_error("from a handler");
    }
  } catch (const std::exception& error) {
    std::cout << "caught " << error.what() << '\n';
  }
  try {
    std::cout << std::stoi("no number");
  } catch (const std::invalid_argument& error) {
    std::cout << "caught " << error.what() << '\n';
  }
  try {
    std::cout << operator new(std::size_t(1) << 62);
  } catch (const std::bad_alloc& error) {
    std::cout << "caught " << error.what() << '\n';
  }
  int thrown = 0;
  for (int i = 0; i < 1000; i++) {
    try {
      throw i;
    } catch (int value) {
      thrown += value;
    }
  }
  std::cout << "a thousand: " << thrown << '\n';
}

// ---- Floating point ----

void floating_point() {
  std::cout << std::setprecision(17) << 0.1 + 0.2 << ' ' << std::sqrt(2.0) << ' ' << std::exp(1.0)
            << ' ' << std::sin(1e6) << ' ' << std::pow(2.5, 7.3) << '\n';
  std::cout << std::fixed << std::setprecision(3) << M_PI << ' ' << -1.0 / 3 << std::scientific
            << ' ' << 12345.678 << std::defaultfloat << ' ' << 1e300 * 1e10 << ' ' << std::nan("")
            << '\n';
  std::cout << std::lround(2.5) << ' ' << std::floor(-2.5) << ' ' << std::fmod(10, 3) << ' '
            << std::fma(2, 3, 4) << ' ' << float(1) / 3 << ' ' << (long double)1 / 3 << '\n';
  double sum = 0;
  for (int i = 1; i <= 1'000'000; i++) sum += 1.0 / i / i;
  std::cout << std::setprecision(15) << std::sqrt(6 * sum) << ' '
            << std::complex<double>(1, 2) * std::complex(3., 4.) << '\n';
}

// ---- Containers and algorithms ----

void containers() {
  std::istringstream text("the quick brown fox jumps over the lazy dog and the fox runs");
  std::map<std::string, int> words;
  for (std::string word; text >> word;) words[word]++;
  for (const auto& [word, count] : words) std::cout << word << '=' << count << ' ';
  std::cout << '\n';

  std::mt19937_64 random(42);
  std::vector<std::uint64_t> numbers(100'000);
  for (auto& number : numbers) number = random() % 1'000'000;
  std::vector<std::uint64_t> copy = numbers;
  std::sort(numbers.begin(), numbers.end());
  std::stable_sort(copy.begin(), copy.end(), std::greater<>());
  std::reverse(copy.begin(), copy.end());
  std::cout << std::boolalpha << (copy == numbers) << ' ' << numbers.front() << ' '
            << numbers.back() << ' ' << std::accumulate(numbers.begin(), numbers.end(), 0ul) << ' '
            << std::set<std::uint64_t>(numbers.begin(), numbers.end()).size() << '\n';

  std::unordered_map<int, std::shared_ptr<std::string>> table;
  for (int i = 0; i < 10'000; i++)
    table[i * 7919 % 10'007] = std::make_shared<std::string>(std::to_string(i));
  std::cout << table.size() << ' ' << *table.at(7919 % 10'007) << '\n';
  std::variant<int, std::string> either = "text";
  std::cout << either.index() << ' ' << std::get<std::string>(either) << '\n';
}

// ---- Signals: what a handler finds, by the C library's own headers ----

struct Found {
  std::uint64_t pc, s1, fs0, fcsr, blocked;
  std::uint32_t trampoline[2];
};
Found found;

void look(int, siginfo_t*, void* context) {
  auto* user = static_cast<ucontext_t*>(context);
  const auto& floats = user->uc_mcontext.__fpregs.__d;
  found = {user->uc_mcontext.__gregs[REG_PC],
           user->uc_mcontext.__gregs[REG_S1],
           floats.__f[8],
           floats.__fcsr,
           std::uint64_t(sigismember(&user->uc_sigmask, SIGTERM)),
           {}};
  std::memcpy(found.trampoline, __builtin_return_address(0), sizeof found.trampoline);
}

void signals() {
  struct sigaction action = {};
  action.sa_sigaction = look;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);

  register long a0 asm("a0") = getpid();
  register long a1 asm("a1") = SIGUSR1;
  register long a7 asm("a7") = 129;  // kill
  std::uint64_t behind, s1, fs0, fcsr;
  asm volatile(
      "li t0, 0x123456\n fmv.d.x fs0, t0\n li t0, 0x51\n fscsr t0\n li s1, 0x777\n la %1, 1f\n"
      "ecall\n1: mv %2, s1\n fmv.x.d %3, fs0\n frcsr %4\n fscsr zero\n"
      : "+r"(a0), "=&r"(behind), "=&r"(s1), "=&r"(fs0), "=&r"(fcsr)
      : "r"(a1), "r"(a7)
      : "t0", "s1", "fs0", "memory");
  std::cout << std::boolalpha << (found.pc == behind) << std::hex << ' ' << found.s1 << ' '
            << found.fs0 << ' ' << found.fcsr << ' ' << found.blocked << ' ' << found.trampoline[0]
            << ' ' << found.trampoline[1] << " and after it " << s1 << ' ' << fs0 << ' ' << fcsr
            << std::dec << '\n';
}

// ---- Streams ----

int streams() {
  std::cout << std::hex << std::showbase << 255 << std::dec << ' ' << std::setw(8)
            << std::setfill('*') << 42 << ' ' << std::quoted("a \"b\"") << '\n';
  const char* path = "program.txt";
  std::ofstream(path) << "one 1\ntwo 2\nthree 3\n";
  std::ifstream file(path);
  std::string name;
  int number, lines = 0;
  while (file >> name >> number) std::cout << ++lines << ": " << name << " is " << number << '\n';
  std::cout << file.eof() << ' ' << std::ifstream("/no/such/file").is_open() << ' '
            << std::remove(path) << '\n';
  std::string line;
  while (std::getline(std::cin, line)) std::cout << "read: " << line << '\n';
  std::cerr << "to standard error\n";
  return 3;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) std::cout << i << ' ' << argv[i] << '\n';
  exceptions();
  floating_point();
  containers();
  signals();
  return streams();
}
