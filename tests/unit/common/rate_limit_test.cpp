#include "common/rate_limit.hpp"

#include <catch2/catch_test_macros.hpp>

using aura::RateLimit;

TEST_CASE("a burst is allowed, then as many as time brings") {
  RateLimit limit(10, 3, 8);
  for (int i = 0; i < 3; ++i) CHECK(limit.take("a", 1'000));
  CHECK_FALSE(limit.take("a", 1'000));
  CHECK_FALSE(limit.take("a", 1'099));
  CHECK(limit.take("a", 1'100));
  CHECK_FALSE(limit.take("a", 1'100));
}

TEST_CASE("one does not take from another") {
  RateLimit limit(1, 1, 8);
  CHECK(limit.take("a", 0));
  CHECK_FALSE(limit.take("a", 0));
  CHECK(limit.take("b", 0));
}

TEST_CASE("a clock that goes back gives nothing away") {
  RateLimit limit(1, 1, 8);
  CHECK(limit.take("a", 10'000));
  CHECK_FALSE(limit.take("a", 5'000));
}

TEST_CASE("beyond so many keys strangers share one bucket, until others are full again") {
  RateLimit limit(1, 1, 2);
  CHECK(limit.take("a", 10'000));
  CHECK(limit.take("b", 10'000));
  CHECK(limit.take("c", 10'000));
  CHECK_FALSE(limit.take("d", 10'000));
  CHECK(limit.take("e", 11'000));
  CHECK(limit.take("f", 11'000));
}
