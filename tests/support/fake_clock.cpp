#include "tests/support/fake_clock.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace aura::testing {
namespace {

constexpr WallMs wall_at_start_ms = 1'800'000'000'000;  // 2027-01-15

}  // namespace

FakeClock::FakeClock(boost::asio::io_context& context, BootMs start_ms)
    : context_(&context),
      now_ms_(start_ms),
      wall_offset_ms_(wall_at_start_ms - start_ms),
      first_wall_offset_ms_(wall_offset_ms_) {}

Now FakeClock::now() {
  // SplitMix64's step: every caller gets other bits, every run the same.
  entropy_ += 0x9e3779b97f4a7c15;
  std::uint64_t bits = entropy_;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return {boot_id_, now_ms_, now_ms_ + wall_offset_ms_, bits ^ (bits >> 31)};
}

ports::Clock::TimerId FakeClock::at(BootMs when, std::function<void()> what) {
  const TimerId id = ++last_id_;
  timers_.emplace(std::pair(when, id), std::move(what));
  due_of_.emplace(id, when);
  return id;
}

void FakeClock::cancel(TimerId id) {
  const auto due = due_of_.find(id);
  if (due == due_of_.end()) return;
  timers_.erase({due->second, id});
  due_of_.erase(due);
}

void FakeClock::attach(TimeSource& source) {
  sources_.push_back(&source);
  source.advance_to(now_ms_);
}

std::optional<BootMs> FakeClock::next_due() const {
  std::optional<BootMs> due;
  if (!timers_.empty()) due = timers_.begin()->first.first;
  for (const TimeSource* source : sources_) {
    if (const auto other = source->next_due()) due = std::min(due.value_or(*other), *other);
  }
  return due;
}

void FakeClock::go_to(BootMs when) {
  now_ms_ = std::max(now_ms_, when);
  for (TimeSource* source : sources_) source->advance_to(now_ms_);
  // One at a time: what a timer's call does may cancel the next.
  while (!timers_.empty() && timers_.begin()->first.first <= now_ms_) {
    auto what = std::move(timers_.begin()->second);
    due_of_.erase(timers_.begin()->first.second);
    timers_.erase(timers_.begin());
    boost::asio::post(*context_, std::move(what));
    run_ready();
  }
}

bool FakeClock::run_ready() {
  context_->restart();
  bool ran = false;
  while ((!may_run_ || may_run_()) && context_->poll_one() > 0) ran = true;
  return ran;
}

void FakeClock::forget_timers() {
  wall_set_ = nullptr;
  // A destroyed coroutine may cancel timers of its own.
  while (!timers_.empty()) {
    due_of_.clear();
    const auto gone = std::exchange(timers_, {});
  }
}

void FakeClock::run_until_idle() {
  for (;;) {
    const bool ran = run_ready();
    const auto due = next_due();
    if (due && *due <= now_ms_) {
      go_to(now_ms_);
    } else if (!ran) {
      return;
    }
  }
}

bool FakeClock::advance_to_next(BootMs limit_ms) {
  run_until_idle();
  const auto due = next_due();
  if (!due || *due > now_ms_ + limit_ms) return false;
  go_to(*due);
  run_until_idle();
  return true;
}

void FakeClock::advance(BootMs ms) {
  const BootMs target = now_ms_ + ms;
  while (advance_to_next(target - now_ms_)) {}
  go_to(target);
  run_until_idle();
}

void FakeClock::reboot(BootMs boot_ms) {
  wall_offset_ms_ += now_ms_ - boot_ms;
  now_ms_ = boot_ms;
  boot_id_ = fmt::format("boot-{}", ++boot_number_);
  forget_timers();
  for (TimeSource* source : sources_) source->advance_to(now_ms_);
}

void FakeClock::shift_wall(WallMs by_ms) {
  wall_offset_ms_ += by_ms;
  if (wall_set_) boost::asio::post(*context_, wall_set_);
}

void FakeClock::stall(BootMs ms) {
  go_to(now_ms_ + ms);
  run_until_idle();
}

}  // namespace aura::testing
