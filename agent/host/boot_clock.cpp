#include "agent/host/boot_clock.hpp"

#include "common/ids.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace aura::host {
namespace {

// An alarm is set at most so far ahead: steady_clock stands still while the host sleeps, CLOCK_BOOTTIME does not.
constexpr std::int64_t longest_alarm_ms = 60'000;

}  // namespace

class BootClock::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(boost::asio::io_context& context) : timer_(context), boot_id_(read_boot_id()) {}

  Now now() const {
    Now now;
    now.boot_id = boot_id_;
    now.boot_ms = boot_now();
    now.wall_ms = wall_now();
    now.entropy = random_u64();
    return now;
  }

  TimerId at(BootMs when, std::function<void()> what) {
    const TimerId id = next_id_++;
    when_.emplace(id, when);
    due_.emplace(std::pair(when, id), std::move(what));
    arm();
    return id;
  }

  void cancel(TimerId id) {
    const auto known = when_.find(id);
    if (known == when_.end()) return;
    const auto entry = due_.find(std::pair(known->second, id));
    when_.erase(known);
    const auto dropped = std::move(entry->second);
    due_.erase(entry);
  }

  void stop() {
    const auto dropped = std::exchange(due_, {});
    when_.clear();
    timer_.cancel();
  }

 private:
  void arm() {
    if (due_.empty()) return;
    const BootMs first = due_.begin()->first.first;
    if (armed_for_ && *armed_for_ <= first) return;
    armed_for_ = first;
    const std::int64_t wait_ms = std::clamp<std::int64_t>(first - boot_now(), 0, longest_alarm_ms);
    timer_.expires_after(std::chrono::milliseconds(wait_ms));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error) self->fire();
    });
  }

  void fire() {
    armed_for_.reset();
    const BootMs now = boot_now();
    // What a callback adds for "now" waits for the next turn.
    std::vector<std::function<void()>> ripe;
    while (!due_.empty() && due_.begin()->first.first <= now) {
      when_.erase(due_.begin()->first.second);
      ripe.push_back(std::move(due_.begin()->second));
      due_.erase(due_.begin());
    }
    for (const auto& call : ripe) call();
    arm();
  }

  boost::asio::steady_timer timer_;
  std::string boot_id_;
  std::map<std::pair<BootMs, TimerId>, std::function<void()>> due_;
  std::map<TimerId, BootMs> when_;
  std::optional<BootMs> armed_for_;
  TimerId next_id_ = 1;
};

BootClock::BootClock(boost::asio::io_context& context) : context_(context), impl_(std::make_shared<Impl>(context)) {}
BootClock::~BootClock() { impl_->stop(); }
Now BootClock::now() { return impl_->now(); }
ports::Clock::TimerId BootClock::at(BootMs when, std::function<void()> what) {
  return impl_->at(when, std::move(what));
}
void BootClock::cancel(TimerId id) { impl_->cancel(id); }
void BootClock::on_wall_set(std::function<void()> what) { wall_watch_.emplace(context_, std::move(what)); }

}  // namespace aura::host
