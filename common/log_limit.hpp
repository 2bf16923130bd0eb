// How much of one cause a log takes: a token bucket for each, and the count of what was left out. Pure; the caller
// tells the time.
#pragma once

#include "common/rate_limit.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aura {

class LogLimit {
 public:
  struct LeftOut {
    std::string cause;  // "" for those beyond max_causes
    std::uint64_t count = 0;
    std::int64_t since_ms = 0;
  };

  // `burst` entries of a cause at once, then so many an hour.
  LogLimit(double burst, double per_hour) : buckets_(per_hour / s_per_hour, burst, max_causes) {}

  // May an entry of this cause be written? Counted if not.
  bool take(std::string_view cause, std::int64_t now_ms) {
    if (buckets_.take(cause, now_ms)) return true;
    auto found = left_out_.find(cause);
    if (found == left_out_.end()) {
      const std::string name(left_out_.size() < max_causes ? cause : "");
      found = left_out_.try_emplace(name, Count{0, now_ms}).first;
    }
    ++found->second.count;
    return false;
  }

  // What was left out and is to be told now, once: `waited_ms` after the first of them, so that a burst is one
  // sentence.
  std::vector<LeftOut> due(std::int64_t now_ms, std::int64_t waited_ms) {
    std::vector<LeftOut> told;
    for (auto one = left_out_.begin(); one != left_out_.end();) {
      if (now_ms - one->second.since_ms < waited_ms) {
        ++one;
        continue;
      }
      told.push_back({one->first, one->second.count, one->second.since_ms});
      one = left_out_.erase(one);
    }
    return told;
  }

 private:
  static constexpr double s_per_hour = 3600;
  static constexpr std::size_t max_causes = 512;

  struct Count {
    std::uint64_t count;
    std::int64_t since_ms;
  };

  RateLimit buckets_;
  std::map<std::string, Count, std::less<>> left_out_;
};

}  // namespace aura
