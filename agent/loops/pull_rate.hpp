// How fast a download goes, and how long it will take.
#pragma once

#include "common/protocol/report.hpp"
#include "common/time.hpp"

#include <deque>
#include <utility>

namespace aura::loops {

// Over the last seconds, so that it follows a line that becomes slow, and a stall shows.
class PullRate {
 public:
  static constexpr std::int64_t window_ms = 10'000;
  static constexpr std::int64_t least_ms = 500;  // less says nothing

  // Fills rate and estimate of `progress`, which is as of now.
  void note(protocol::PullProgress& progress, BootMs now);

 private:
  std::deque<std::pair<BootMs, std::uint64_t>> seen_;  // when, bytes; at most ten a second
};

}  // namespace aura::loops
