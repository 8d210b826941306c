// A dynamic C++ program: exceptions are unwound through shared objects.
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

int main(int argc, char** argv) {
  std::map<std::string, int> lengths;
  for (int i = 1; i < argc; i++) lengths[argv[i]] = static_cast<int>(std::string(argv[i]).size());
  for (const auto& [word, length] : lengths) std::cout << word << ' ' << length << '\n';
  try {
    lengths.at("nothing");
  } catch (const std::out_of_range&) {
    std::cout << "caught" << std::endl;
  }
}
