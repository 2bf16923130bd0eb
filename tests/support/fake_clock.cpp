#include "tests/support/fake_clock.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace aura::testing {
namespace {

constexpr WallMs wall_at_start_ms = 1'800'000'000'000;  // 2027-01-15

}  // namespace

FakeClock::FakeClock(boost::asio::io_context& context, BootMs start_ms)
    : context_(context), now_ms_(start_ms), wall_offset_ms_(wall_at_start_ms - start_ms) {}

Now FakeClock::now() {
  // SplitMix64's step: every caller gets other bits, every run the same.
  entropy_ += 0x9e3779b97f4a7c15;
  std::uint64_t bits = entropy_;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return {fmt::format("boot-{}", boot_number_), now_ms_, now_ms_ + wall_offset_ms_, bits ^ (bits >> 31)};
}

ports::Clock::TimerId FakeClock::at(BootMs when, std::function<void()> what) {
  const TimerId id = ++last_id_;
  timers_.emplace(std::pair(when, id), std::move(what));
  return id;
}

void FakeClock::cancel(TimerId id) {
  std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
}

void FakeClock::attach(TimeSource& source) { sources_.push_back(&source); }

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
    const auto what = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    context_.restart();
    boost::asio::post(context_, what);
    context_.poll();
  }
}

void FakeClock::run_until_idle() {
  for (;;) {
    context_.restart();
    const bool ran = context_.poll() > 0;
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
  ++boot_number_;
  timers_.clear();
}

}  // namespace aura::testing
