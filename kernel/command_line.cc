#include "command_line.hh"

#include <algorithm>
#include <optional>

#include "sync/log.hh"

namespace tine {
namespace {

// The next word; `text` is what follows it.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<unsigned long> number(std::string_view text) {
  if (text.empty() || text.size() > 18) return {};  // 19 digits might not fit a long
  unsigned long value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

void apply(CommandLine& line, std::string_view word) {
  std::size_t equals = word.find('=');
  std::string_view key = word.substr(0, equals);
  std::string_view value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
  if (key == "hz") {
    auto hz = number(value);
    if (hz && *hz >= 1 && *hz <= 10'000) {
      line.hz = *hz;
    } else {
      log("command line: hz must be 1 to 10000, not '{}'\n", value);
    }
  } else if (key == "log") {
    line.log = value;
  } else if (key == "init" && !value.empty()) {
    line.init = value;
  } else if (word == "aslr=on" || word == "aslr=off") {
    line.random_addresses = value == "on";
  } else if (key == "failalloc" && number(value)) {
    line.fail_allocation = *number(value);
  } else {
    log("command line: '{}' is unknown (there are: hz= log= init= aslr= failalloc= and -- for "
        "init's arguments)\n",
        word);
  }
}

}  // namespace

CommandLine parse_command_line(std::string_view text) {
  CommandLine line;
  for (std::string_view word = take_word(text); !word.empty() && word != "--";
       word = take_word(text)) {
    apply(line, word);
  }
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    if (!line.arguments.add(word)) {
      log("command line: too many arguments for init: '{}' is left out\n", word);
    }
  }
  return line;
}

}  // namespace tine
