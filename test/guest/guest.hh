// A guest: Tine in QEMU, with its serial console in our hands.
//
// Who judges a guest that does not answer? Not the host's clock: a busy host must not fail a good
// kernel. Three things can end a wait, and each says what it is:
//   - QEMU has used up its allowance of CPU time, however long that took on this host: failed.
//   - QEMU sleeps, is not kept waiting by the host, and says nothing: every hart waits for what
//   will not come. Failed.
//   - the host's watchdog: neither of these, but far too late. NotJudged, which is not a failure of
//   the guest.
// A panic on the console ends every wait at once. What failed is shown with the end of the log, and
// if the guest did not answer with the functions that each hart is in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "guest/options.hh"

namespace test {

// What programs have reported as TAP lines.
struct Tap {
  int passed = 0;
  int failed = 0;
  std::string failures;  // the lines, each with its program's name
};

class Guest {
 public:
  explicit Guest(const Options& options);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // Waits until `text` has been printed, searching on from the end of what was expected before.
  // Answers all that was printed from there up to and including `text`.
  std::string expect(std::string_view text);

  void send(std::string_view keys);           // as if typed
  void paste(std::string_view keys);          // all at once
  std::string run(std::string_view command);  // types a line at the prompt, answers its output
  int wait_exit();                            // the exit status that the guest gave the machine
  int reaped_status();                        // the same, after a panic ended another wait
  double cpu_time() const;                    // seconds that QEMU has used so far
  const std::string& console() const { return console_; }
  std::string debugger_path() const { return scratch_ + ".gdb"; }  // for a Debugger

  // For a guest that was told to run a test program: waits for its end, and checks that every plan
  // was kept and the exit status agrees with the lines.
  Tap finish_tap();

 private:
  bool pump(int milliseconds);  // reads what there is; false when QEMU has closed its console
  void check_panic();
  bool ended_by_limit() const;
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void give_up(const std::string& what) const;  // says where the harts are
  template <typename Done>
  void wait(const std::string& what, Done done);

  Options options_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  bool open_ = true;
  std::FILE* log_ = nullptr;
  std::string log_path_;
  std::string scratch_;  // how the paths of what is needed only now begin
  std::string console_;
  std::size_t cursor_ = 0;
};

constexpr std::string_view prompt = "tine$ ";

Tap parse_tap(const std::string& console, std::string& problem);

}  // namespace test
