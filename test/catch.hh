// The one place that knows the difference between Catch2 3 (Debian 13, Ubuntu 24.04) and 2 (Debian
// 12).
#pragma once

#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace test {
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
}  // namespace test
#else
#include <catch2/catch.hpp>
namespace test {
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
}  // namespace test
#endif
