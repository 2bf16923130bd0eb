// What all parts of one story share: its time, its chance, its trace and what went wrong.
#pragma once

#include "tests/sim/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace aura::sim {

// Milliseconds since the story began; never stands still and never jumps.
using WorldMs = std::int64_t;

inline constexpr WorldMs second = 1000;
inline constexpr WorldMs minute = 60 * second;
inline constexpr WorldMs hour = 60 * minute;
inline constexpr WorldMs day = 24 * hour;

class World {
 public:
  World(std::uint64_t seed, bool tracing) : random(seed), tracing_(tracing) {}

  Random random;
  WorldMs now = 0;

  // A line of the trace; build its text only where tracing() is true.
  bool tracing() const { return tracing_; }
  void say(const std::string& who, const std::string& what) const;

  // The first thing that went wrong ends the story.
  void violation(const std::string& who, const std::string& what);
  const std::string& broken() const { return broken_; }

  // Happenings to come. Those of one moment come in the order in which they were announced.
  void at(WorldMs when, std::function<void()> what);
  void after(WorldMs delay, std::function<void()> what) { at(now + delay, std::move(what)); }
  // The next one's time; never: past the end of all stories.
  static constexpr WorldMs never = INT64_MAX;
  WorldMs next() const { return happenings_.empty() ? never : happenings_.begin()->first.first; }
  void happen();  // the next one
  void cancel_all() { happenings_.clear(); }

  // How often each kind of fault was provoked.
  std::map<std::string, std::uint64_t> counts;

 private:
  bool tracing_;
  std::string broken_;
  std::uint64_t announced_ = 0;
  std::map<std::pair<WorldMs, std::uint64_t>, std::function<void()>> happenings_;
};

// "day 2 03:12:11.204"
std::string in_words(WorldMs at);

}  // namespace aura::sim
