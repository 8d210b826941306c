// What happens when files fill the memory that they may have: it ends with an error of write, and
// the machine stays usable.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>

namespace test {

TEST_CASE("a file that grows without end finds no space, and programs still run", "[storage]") {
  for (const char* memory : {"32M", "256M"}) {
    DYNAMIC_SECTION(memory) {
      Options options;
      options.log = std::string("storage-") + memory;
      options.memory = memory;
      Guest guest(options);
      guest.expect(prompt);
      CHECK_THAT(guest.run("cat /dev/zero > /tmp/big"), contains("No space left on device"));
      CHECK_THAT(guest.run("ls /tmp"), contains("big"));
      CHECK_THAT(guest.run("echo two words | wc"), contains("1 2 10"));
      CHECK_THAT(guest.run("echo more > /tmp/more"), contains("No space left on device"));
      CHECK_THAT(guest.run("rm /tmp/big"), !contains("rm:"));
      CHECK_THAT(guest.run("echo again > /tmp/more"), !contains("No space"));
      CHECK_THAT(guest.run("cat /tmp/more"), contains("again"));
      guest.send("poweroff\r");
      CHECK(guest.wait_exit() == 0);
    }
  }
}

}  // namespace test
