#include "common/log_limit.hpp"

#include <catch2/catch_test_macros.hpp>

using aura::LogLimit;

namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;

}  // namespace

TEST_CASE("a cause has its burst, then so many an hour") {
  LogLimit limit(3, 12);
  int written = 0;
  for (int i = 0; i < 10; ++i) written += limit.take("web", 0) ? 1 : 0;
  CHECK(written == 3);
  written = 0;
  for (std::int64_t at = 1; at <= 4 * hour_ms; at += 1'000) written += limit.take("web", at) ? 1 : 0;
  CHECK(written >= 47);
  CHECK(written <= 48);
}

TEST_CASE("one cause does not take from another") {
  LogLimit limit(1, 0);
  CHECK(limit.take("web", 0));
  CHECK_FALSE(limit.take("web", 0));
  CHECK(limit.take("api", 0));
}

TEST_CASE("what was left out is due a while after the first of it, and only once") {
  LogLimit limit(1, 0);
  limit.take("web", 0);
  limit.take("web", 10);
  limit.take("web", 20);
  CHECK(limit.due(10 + minute_ms - 1, minute_ms).empty());
  const auto told = limit.due(10 + minute_ms, minute_ms);
  REQUIRE(told.size() == 1);
  CHECK(told[0].cause == "web");
  CHECK(told[0].count == 2);
  CHECK(told[0].since_ms == 10);
  CHECK(limit.due(hour_ms, 0).empty());
}

TEST_CASE("however many causes there are, the counts of all are told and memory is bounded") {
  LogLimit limit(1, 0);
  constexpr int causes = 2'000;
  std::uint64_t left_out = 0;
  for (int i = 0; i < causes; ++i) {
    for (int k = 0; k < 3; ++k) left_out += limit.take(std::to_string(i), 0) ? 0 : 1;
  }
  const auto told = limit.due(0, 0);
  CHECK(told.size() <= 513);
  std::uint64_t counted = 0;
  for (const auto& one : told) counted += one.count;
  CHECK(counted == left_out);
}
