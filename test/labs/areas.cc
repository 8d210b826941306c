#include "labs/areas.hh"

namespace test {

void fill(Machine& m, Process& process, const Area& area) {
  m.touch(process, area.address, area.pages, 1);
  m.poke(process, area.address, m.draw_bytes(area.pages * page));
}

std::vector<Area> make_areas(Machine& m, Process& process) {
  const std::uint64_t end = m.call(process, call_brk, 0);
  const std::uint64_t heap = (end + page - 1) & ~(page - 1);
  m.call(process, call_brk, heap + 3 * page);
  const std::uint64_t far = map_pages(m, process, 1100);
  const std::uint64_t stack = (process.at_rest.x[reg_sp] & ~(page - 1)) - 2 * page;
  std::vector<Area> areas = {{"initialised data", m.label("initialised"), 2},
                             {"uninitialised data", m.label("uninitialised"), 3},
                             {"the heap", heap, 3},
                             {"the stack", stack, 2},
                             {"mapped memory", far + 7 * page, 5},
                             {"mapped memory, far away", far + 1097 * page, 3}};
  for (const Area& area : areas) fill(m, process, area);
  return areas;
}

void touch_all(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value) {
  for (const Area& area : areas) m.touch(process, area.address, area.pages, value);
}

void expect_words(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value,
                  const std::string& reason) {
  for (const Area& area : areas) {
    for (std::size_t i = 0; i < area.pages; i++)
      expect(m.load(process, area.address + i * page) == value, reason + " (" + area.name + ").");
  }
}

}  // namespace test
