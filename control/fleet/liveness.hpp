// Is a node heard? Pure: the clock comes in as an argument.
//
// A node is suspect after 2 and offline after 3 of the intervals it was last promised. What this process has not
// heard itself is counted from its own start, so that an outage of the control plane gives every node a fresh full
// term; until then such a node is awaited, which is neither good nor bad.
#pragma once

#include "control/fleet/records.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace aura::control::fleet {

inline constexpr int suspect_after_intervals = 2;
inline constexpr int offline_after_intervals = 3;

enum class Heard { never, awaited, ok, suspect, offline };
std::string_view to_string(Heard heard);
std::optional<Heard> parse_heard(std::string_view text);

struct Hearing {
  bool ever = false;                    // a heartbeat has come at any time
  std::optional<std::int64_t> mono_ms;  // of the last one that this process heard
  int promised_s = 60;
};

struct Liveness {
  Heard heard = Heard::never;
  std::int64_t due_in_ms = 0;                 // until the next beat is due; negative: overdue
  std::optional<std::int64_t> changes_at_ms;  // when silence would make it worse; none: it cannot
};

Liveness judge_liveness(const Hearing& hearing, std::int64_t started_mono_ms, std::int64_t now_mono_ms);

}  // namespace aura::control::fleet
