// A process's memory of all kinds, for graders that compare what two processes see of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labs/steps.hh"

namespace test {

struct Area {
  const char* name;
  std::uint64_t address;
  std::size_t pages;
};

// Each page is written by the process itself, then filled with what the host drew.
void fill(Machine& m, Process& process, const Area& area);
// Data, heap, stack and mapped memory, filled.
std::vector<Area> make_areas(Machine& m, Process& process);
// Writes the value to the first word of each page.
void touch_all(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value);
// The first word of each page, as the process itself loads it.
void expect_words(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value,
                  const std::string& reason);

}  // namespace test
