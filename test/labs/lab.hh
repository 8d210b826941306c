// What a lab's program saw inside the student's kernel, and the points that depend on it.
//
// A case boots a machine that counts instructions (-icount), with the lab's program as the first
// process and a secret that is new in each run. Whatever ends the machine, a test looks at the
// sealed lines that came out before. Three outcomes: the test passes; it fails with a reason; or
// NotJudged, when it was the host (an error in Catch2's words, not a failure).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labs/bin/seal.h"

namespace test {

struct Case {
  std::string program;  // of the initial files: /test/PROGRAM
  std::string name;
  std::uint64_t million = 100;  // instructions that it may take, boot and all
  std::string more = {};        // further arguments
  int smp = 1;
  int hz = 100;
};

class Observed {
 public:
  explicit Observed(const Case& what);

  // What was seen under that key: the number of times, one value, all of them.
  std::size_t count(std::string_view key) const;
  std::uint64_t value(std::string_view key) const;  // the points are lost if there is none
  std::vector<std::uint64_t> all(std::string_view key) const;

  // The points of the running test are lost, for that reason, unless every value seen under the key
  // is as expected.
  void expect(std::string_view key, std::uint64_t wanted, const std::string& reason) const;
  void check(bool good, const std::string& reason) const;
  // The program came to its end: no panic, no hang. `expect` and `value` ask this when they miss a
  // key.
  void expect_end() const;

  // The console's lines that begin with this, without it: what may be shown, but never counts.
  std::string said(const std::string& prefix) const;

  // What the program has computed from the run's seed.
  std::uint64_t number(std::uint64_t which) const;
  std::uint64_t hash_of_stream(std::uint64_t which, std::size_t bytes) const;

 private:
  std::uint64_t seed_;
  std::vector<std::pair<std::string, std::uint64_t>> seen_;
  std::string problem_;  // why the machine ended, unless the program did that itself
  std::string console_;  // its last words
  std::string raw_;      // all of them
};

// The student's answers (file STUDENT, lines `name = value`); empty if there is none.
std::string student(std::string_view name);
// A number below `range` that belongs to this student.
unsigned variant(unsigned range);

}  // namespace test
