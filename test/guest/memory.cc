// Users who take what they can get, on small machines: they meet an error or their own end, and
// root and other users go on.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>
#include <string_view>

namespace test {
namespace {

struct Hog {
  const char* kind;     // what it takes: test/guest/bin/hog.c
  const char* refused;  // what it is told, or what is said of it
};

const Hog hogs[] = {{"files", "hog: files: Disk quota exceeded after "},
                    {"names", "hog: names: Disk quota exceeded after "},
                    {"pipes", "hog: pipes: "},
                    {"forks", "hog: forks: Resource temporarily unavailable after "},
                    {"memory", "out of memory: hog["},
                    {"regions", "hog: regions: Cannot allocate memory after "}};

// What is there at the prompt for root.
void check_root_goes_on(Guest& guest) {
  CHECK_THAT(guest.run("echo some words > /tmp/roots; cat /tmp/roots | wc"), contains("1 2 11"));
  CHECK_THAT(guest.run("rm /tmp/roots; ls /tmp; echo alive"), contains("alive\n"));
}

// Until a hog that was killed has ended its memory is used, and a call of another user may say so.
// On a busy host its hart can stop for long. (The prompt tells of each end.)
void wait_for_end_of_hog(Guest& guest) {
  while (guest.console().find("killed by signal 9") == std::string::npos) guest.run("sleep 1");
}

}  // namespace

TEST_CASE("whatever a user takes all of, root and other users go on",
          "[memory][wing-oom][wing-linux]") {
  for (const char* memory : {"32M", "64M"}) {
    for (const Hog& hog : hogs) {
      DYNAMIC_SECTION(hog.kind << " on " << memory) {
        Options options;
        options.log = std::string("hog-") + hog.kind + "-" + memory;
        options.memory = memory;
        options.smp = 2;
        Guest guest(options);
        guest.expect(prompt);
        guest.send(std::string("/test/hog 1000 ") + hog.kind + " &\r");
        guest.expect(hog.refused);
        guest.run("echo");
        check_root_goes_on(guest);
        if (hog.kind == std::string_view("memory")) wait_for_end_of_hog(guest);
        CHECK_THAT(guest.run("/test/hog 1001 lives"), contains("hog: lives: yes"));
        CHECK(guest.console().find("out of memory: sh[") == std::string::npos);
        guest.send("poweroff\r");
        CHECK(guest.wait_exit() == 0);
      }
    }
  }
}

}  // namespace test
