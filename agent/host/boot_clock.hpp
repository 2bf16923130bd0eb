// The real clock: CLOCK_BOOTTIME (clock_gettime(2)), one Asio timer for every deadline of the process.
//
// The timer is only an alarm: when it fires the boot clock is read again, so a suspended host or a timer that
// fires early calls nobody before its time. Callbacks run on the io_context, never from at(). Destroying the clock
// drops what has not fired.
#pragma once

#include "agent/host/wall_watch.hpp"
#include "agent/ports/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>

namespace aura::host {

class BootClock final : public ports::Clock {
 public:
  explicit BootClock(boost::asio::io_context& context);
  ~BootClock() override;

  Now now() override;
  TimerId at(BootMs when, std::function<void()> what) override;
  void cancel(TimerId id) override;
  void on_wall_set(std::function<void()> what) override;

 private:
  class Impl;
  boost::asio::io_context& context_;
  std::shared_ptr<Impl> impl_;
  std::optional<WallWatch> wall_watch_;
};

}  // namespace aura::host
