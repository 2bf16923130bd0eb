#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace aura::sim {

std::string in_words(WorldMs at) {
  return fmt::format("day {} {:02}:{:02}:{:02}.{:03}", at / day, at / hour % 24, at / minute % 60, at / second % 60,
                     at % second);
}

void World::say(const std::string& who, const std::string& what) const {
  if (tracing_) fmt::print("{}  {:<8} {}\n", in_words(now), who, what);
}

void World::violation(const std::string& who, const std::string& what) {
  say(who, "VIOLATION: " + what);
  if (broken_.empty()) broken_ = fmt::format("{} {}: {}", in_words(now), who, what);
}

void World::at(WorldMs when, std::function<void()> what) {
  happenings_.emplace(std::pair(std::max(when, now), ++announced_), std::move(what));
}

void World::happen() {
  const auto first = happenings_.begin();
  now = std::max(now, first->first.first);
  const auto what = std::move(first->second);
  happenings_.erase(first);
  what();
}

}  // namespace aura::sim
