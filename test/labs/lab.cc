#include "labs/lab.hh"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "catch.hh"
#include "guest/guest.hh"

namespace test {
namespace {

std::uint64_t draw() {
  std::random_device device;
  return std::uint64_t(device()) << 32 | device();
}

std::string hexadecimal(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%lx", value);
  return text;
}

// The sealed lines; whatever else is on the console does not count.
std::vector<std::pair<std::string, std::uint64_t>> sealed_lines(const std::string& console,
                                                                std::uint64_t secret) {
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  std::istringstream lines(console);
  for (std::string line; std::getline(lines, line);) {
    char key[64];
    std::uint64_t value = 0, seal = 0;
    const std::size_t at = line.find('@');
    if (at == std::string::npos) continue;
    if (std::sscanf(line.c_str() + at, "@%63s %lx %lx", key, &value, &seal) != 3) continue;
    if (seal == lab_seal(secret, key, value)) seen.emplace_back(key, value);
  }
  return seen;
}

// What the kernel and its programs said, without the firmware's page and the sealed lines.
std::string last_words(const std::string& console) {
  std::istringstream lines(console);
  std::vector<std::string> kept;
  for (std::string line; std::getline(lines, line);) {
    std::erase(line, '\r');
    if (line.starts_with("Boot HART MEDELEG")) {
      kept.clear();
    } else if (!line.starts_with("@") && !line.empty()) {
      kept.push_back(line);
    }
  }
  std::string text;
  for (std::size_t i = kept.size() > 45 ? kept.size() - 45 : 0; i < kept.size(); i++)
    text += "  | " + kept[i].substr(0, 160) + "\n";
  return text;
}

[[noreturn]] void lose(const std::string& reason) {
  FAIL(reason);
  std::abort();  // FAIL does not return
}

}  // namespace

Observed::Observed(const Case& what) : seed_(draw()) {
  const std::uint64_t secret = draw();
  Options options;
  options.log = what.program + "-" + what.name;
  options.smp = what.smp;
  options.shift = 0;
  options.hz = what.hz;
  options.memory = "128M";
  options.quiet_seconds = 5;
  options.kernel_args = "init=/test/" + what.program;
  options.init_args =
      what.name + " " + hexadecimal(secret) + " " + hexadecimal(seed_) + " " + what.more;
  options.instructions = what.million * 1'000'000;
  Guest guest(options);
  try {
    guest.wait_exit();
  } catch (const Failed& failed) {
    problem_ = failed.what();
    problem_ = problem_.substr(0, problem_.find('\n'));
  }
  if (guest.console().find("OpenSBI") == std::string::npos)
    throw NotJudged("QEMU does not start: " + guest.console().substr(0, 500));
  seen_ = sealed_lines(guest.console(), secret);
  raw_ = guest.console();
  console_ = last_words(guest.console());
  if (problem_.empty() && count("end") == 0) problem_ = "the machine was stopped too early";
}

std::vector<std::uint64_t> Observed::all(std::string_view key) const {
  std::vector<std::uint64_t> values;
  for (const auto& [name, value] : seen_) {
    if (name == key) values.push_back(value);
  }
  return values;
}

std::size_t Observed::count(std::string_view key) const { return all(key).size(); }

void Observed::expect_end() const { check(problem_.empty(), problem_ + "\n" + console_); }

std::uint64_t Observed::value(std::string_view key) const {
  const std::vector<std::uint64_t> values = all(key);
  if (values.empty()) {
    expect_end();
    lose("the test's program never came to the point \"" + std::string(key) + "\"\n" + console_);
  }
  return values.front();
}

void Observed::check(bool good, const std::string& reason) const {
  if (!good) lose(reason);
  SUCCEED();
}

void Observed::expect(std::string_view key, std::uint64_t wanted, const std::string& reason) const {
  value(key);
  for (std::uint64_t seen : all(key)) check(seen == wanted, reason);
}

std::string Observed::said(const std::string& prefix) const {
  std::istringstream lines(raw_);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    std::erase(line, '\r');
    if (line.starts_with(prefix)) text += line.substr(prefix.size(), 160) + "\n";
  }
  return text;
}

std::uint64_t Observed::number(std::uint64_t which) const {
  std::uint64_t state = seed_ + which;
  return lab_random(&state);
}

std::uint64_t Observed::hash_of_stream(std::uint64_t which, std::size_t bytes) const {
  std::uint64_t state = seed_ + which, hash = 0;
  for (std::size_t i = 0; i < bytes / 8; i++) hash = lab_hash(hash, lab_random(&state));
  return hash;
}

std::string student(std::string_view name) {
  const char* path = std::getenv("LAB_STUDENT");
  std::ifstream file(path ? path : "STUDENT");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, equals, value;
    if (words >> key >> equals >> value && key == name && equals == "=") return value;
  }
  return "";
}

unsigned variant(unsigned range) {
  std::uint64_t hash = 0;
  for (char c : student("id")) hash = lab_hash(hash, static_cast<unsigned char>(c));
  return static_cast<unsigned>(hash % range);
}

}  // namespace test
