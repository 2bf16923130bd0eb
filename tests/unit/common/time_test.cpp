#include "common/time.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;

TEST_CASE("times are written as RFC 3339 in UTC") {
  CHECK(to_rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(to_rfc3339(1'795'258'443'999) == "2026-11-21T10:54:03Z");
  CHECK(to_rfc3339(-1) == "1969-12-31T23:59:59Z");
}

TEST_CASE("RFC 3339 times are read with fractions and offsets") {
  CHECK(parse_rfc3339("1970-01-01T00:00:01Z") == 1000);
  CHECK(parse_rfc3339("2026-11-21T10:54:03Z") == 1'795'258'443'000);
  CHECK(parse_rfc3339("2026-11-21T10:54:03.5Z") == 1'795'258'443'500);
  CHECK(parse_rfc3339("2026-11-21T10:54:03.123456789Z") == 1'795'258'443'123);
  CHECK(parse_rfc3339("2026-11-21T12:54:03+02:00") == 1'795'258'443'000);
  CHECK(parse_rfc3339("2026-11-21T05:24:03-05:30") == 1'795'258'443'000);
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("what is no RFC 3339 time is refused") {
  for (const char* const text :
       {"", "now", "2026-11-21", "2026-11-21T10:54:03", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T10:54:03.Z", "2026-11-21T10:54:03+0200", "2026-11-21T10:54:03Zx"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}

TEST_CASE("durations are a number and at most one unit") {
  CHECK(parse_duration_s("90s") == 90);
  CHECK(parse_duration_s("15m") == 900);
  CHECK(parse_duration_s("1h") == 3600);
  CHECK(parse_duration_s("7d") == 604800);
  CHECK(parse_duration_s("0") == 0);
  CHECK(parse_duration_s("42") == 42);
  for (const char* const text :
       {"", "s", "-1s", "1.5h", "1w", "1hm", " 1s", "1 s", "99999999999999999999", "9223372036854775807d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration_s(text).has_value());
  }
}

TEST_CASE("durations for people have one unit") {
  CHECK(human_duration(43) == "43 s");
  CHECK(human_duration(300) == "5 min");
  CHECK(human_duration(3 * 3600 + 100) == "3 h");
  CHECK(human_duration(2 * 86400) == "2 d");
}

TEST_CASE("the boot clock goes forward and the boot has an id") {
  const BootMs before = boot_now();
  CHECK(boot_now() >= before);
  CHECK(read_boot_id().size() == 36);
}
