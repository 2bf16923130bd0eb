// Time as the loops see it. Loops sleep only through this, so that a test can run a week in milliseconds.
#pragma once

#include "common/time.hpp"

#include <cstdint>
#include <functional>

namespace aura::ports {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual Now now() = 0;

  using TimerId = std::uint64_t;
  // Calls `what` once, from the event loop, not before `when`; a time in the past means the next turn.
  virtual TimerId at(BootMs when, std::function<void()> what) = 0;
  // The call will not come; an id that has fired or never was is ignored.
  virtual void cancel(TimerId id) = 0;

  // Calls `what` from the event loop after the wall clock was set (not slewed), whoever did it; deadlines never follow
  // it. One listener.
  virtual void on_wall_set(std::function<void()> what) = 0;
};

}  // namespace aura::ports
