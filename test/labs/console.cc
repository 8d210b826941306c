#include "labs/console.hh"

#include <cstddef>
#include <sstream>
#include <vector>

namespace test {
namespace {

constexpr std::size_t shown_lines = 45;

}  // namespace

std::string last_words(const std::string& console) {
  std::istringstream lines(console);
  std::vector<std::string> kept;
  for (std::string line; std::getline(lines, line);) {
    std::erase(line, '\r');
    if (line.starts_with("Boot HART MEDELEG")) {
      kept.clear();
    } else if (!line.empty()) {
      kept.push_back(line);
    }
  }
  std::string text;
  for (std::size_t i = kept.size() > shown_lines ? kept.size() - shown_lines : 0; i < kept.size();
       i++)
    text += "\n  | " + kept[i].substr(0, 160);
  return text;
}

std::string told_end(const std::string& console) {
  for (const char* cause : {"out of memory", "ended by signal"}) {
    const std::size_t at = console.rfind(cause);
    if (at == std::string::npos) continue;
    const std::size_t start = console.rfind('\n', at) + 1;
    return " The console says: " + console.substr(start, console.find_first_of("\r\n", at) - start);
  }
  return "";
}

}  // namespace test
