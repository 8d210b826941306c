// What a reason for lost points says of the console. It is for the student: no verdict depends on
// it.
#pragma once

#include <string>

namespace test {

// The last lines that the kernel and its programs said, without the firmware's page.
std::string last_words(const std::string& console);
// A sentence with the kernel's last line about a process that it has ended; empty if there is none.
std::string told_end(const std::string& console);

}  // namespace test
