// Virtual time: a heap of timers that post to the io_context, so that a week passes in milliseconds.
#pragma once

#include "agent/ports/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aura::testing {

// Something simulated whose state changes by itself as time passes.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  // When it changes next by itself; nullopt: not before something is asked of it.
  virtual std::optional<BootMs> next_due() const = 0;
  // Time is now `now`; called in order, never backwards but for a reboot().
  virtual void advance_to(BootMs now) = 0;
};

class FakeClock final : public ports::Clock {
 public:
  // `context` must outlive the clock. Only handlers of that context run, and only inside the calls below.
  explicit FakeClock(boost::asio::io_context& context, BootMs start_ms = 1'000'000);

  Now now() override;  // entropy: a repeatable sequence
  TimerId at(BootMs when, std::function<void()> what) override;
  void cancel(TimerId id) override;
  void on_wall_set(std::function<void()> what) override { wall_set_ = std::move(what); }

  // `source` must outlive the clock's use.
  void attach(TimeSource& source);

  // Runs handlers until none is ready. Time stands still.
  void run_until_idle();
  // Lets `ms` pass, with every timer and source at its own moment and the handlers run between.
  void advance(BootMs ms);
  // Time goes to the next timer or source, at most `limit_ms` ahead; false if there is none within that.
  bool advance_to_next(BootMs limit_ms);

  // When the next timer or source is due; nullopt: nothing happens by itself.
  std::optional<BootMs> next_due() const;

  // The event loop of the next process; that of the one before is dead or idle.
  void run_on(boost::asio::io_context& context) { context_ = &context; }

  // Asked before every handler; false freezes the process: no handler of it runs any more until this is set anew.
  void before_each(std::function<bool()> may_run) { may_run_ = std::move(may_run); }

  // The process is dead: its timers are gone, with the coroutines that waited for them.
  void forget_timers();

  // The loop stands still for `ms`: everything that was due meanwhile fires late, at the end of it.
  void stall(BootMs ms);

  // Another boot: time starts at boot_ms under a new boot id, all timers are gone; wall time goes on.
  void reboot(BootMs boot_ms);
  // The wall clock is set; durations do not see it.
  void shift_wall(WallMs by_ms);
  // The wall clock falls behind and no clock of this machine shows it: a virtual machine that was paused.
  void pause_host(std::int64_t for_ms) { others_ahead_ms_ += for_ms; }
  // What the clock of another machine shows, one that is never paused and never set.
  WallMs other_wall_ms() const { return now_ms_ + first_wall_offset_ms_ + others_ahead_ms_; }

  BootMs boot_ms() const { return now_ms_; }

 private:
  void go_to(BootMs when);
  bool run_ready();

  boost::asio::io_context* context_;
  BootMs now_ms_;
  WallMs wall_offset_ms_;
  WallMs first_wall_offset_ms_;
  std::int64_t others_ahead_ms_ = 0;
  std::function<void()> wall_set_;
  std::uint64_t boot_number_ = 1;
  std::string boot_id_ = "boot-1";
  std::uint64_t entropy_ = 0x9e3779b97f4a7c15;
  TimerId last_id_ = 0;
  std::map<std::pair<BootMs, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, BootMs> due_of_;
  std::function<bool()> may_run_;
  std::vector<TimeSource*> sources_;
};

}  // namespace aura::testing
