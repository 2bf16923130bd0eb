// Times. Durations and deadlines are on CLOCK_BOOTTIME (it goes on while the host sleeps and never jumps);
// the wall clock is for display only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aura {

// Milliseconds since this boot, CLOCK_BOOTTIME (clock_gettime(2)). Meaningless without its boot id.
using BootMs = std::int64_t;

// Milliseconds since 1970-01-01 UTC. Display only.
using WallMs = std::int64_t;

// One moment as the outside hands it to pure code: which boot, how far into it, what the wall clock showed,
// and 64 random bits for whoever needs jitter, so that pure code stays repeatable.
struct Now {
  std::string boot_id;
  BootMs boot_ms = 0;
  WallMs wall_ms = 0;
  std::uint64_t entropy = 0;
};

BootMs boot_now();
WallMs wall_now();

// /proc/sys/kernel/random/boot_id, without its newline; empty where it cannot be read.
std::string read_boot_id();

// "2026-11-21T10:54:03Z" (RFC 3339, UTC, seconds).
std::string to_rfc3339(WallMs time);

// The reverse; fractions of a second and "Z" or a numeric offset are understood, anything else is nullopt.
std::optional<WallMs> parse_rfc3339(std::string_view text);

// "90s", "15m", "1h", "7d", or a bare number of seconds -> seconds; nullopt for anything else or < 0.
std::optional<std::int64_t> parse_duration_s(std::string_view text);

// "43 s", "5 min", "3 h", "2 d": one unit, for people.
std::string human_duration(std::int64_t seconds);

}  // namespace aura
