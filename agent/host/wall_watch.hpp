// Hears of every set of the wall clock: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. One descriptor, no wake-up else.
#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace aura::host {

class WallWatch {
 public:
  // Calls `was_set` on the io_context after each discontinuous change (settimeofday, adjtimex's offset, resume from
  // sleep), never for slewing. A kernel that has no such timer: never, and armed() is false.
  WallWatch(boost::asio::io_context& context, std::function<void()> was_set);
  ~WallWatch();
  WallWatch(const WallWatch&) = delete;
  WallWatch& operator=(const WallWatch&) = delete;

  bool armed() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aura::host
