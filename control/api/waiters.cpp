#include "control/api/waiters.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace aura::control {

boost::asio::awaitable<bool> Waiters::wait(std::string topic, std::int64_t timeout_ms) {
  if (stopped_ || timeout_ms <= 0 || count_ >= max_parked) co_return false;
  auto executor = co_await boost::asio::this_coro::executor;
  std::list<Parked>& queue = parked_[topic];
  queue.push_back(Parked{boost::asio::steady_timer(executor, std::chrono::milliseconds(timeout_ms))});
  const auto mine = std::prev(queue.end());
  ++count_;
  boost::system::error_code ignored;  // cancelled or over: `woken` tells which
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, ignored);
  co_await mine->timer.async_wait(token);
  const bool woken = mine->woken;
  --count_;
  queue.erase(mine);
  if (queue.empty()) parked_.erase(topic);
  co_return woken;
}

void Waiters::wake(std::string_view topic) {
  const auto found = parked_.find(topic);
  if (found == parked_.end()) return;
  for (Parked& parked : found->second) {
    parked.woken = true;
    parked.timer.cancel();
  }
}

void Waiters::stop() {
  stopped_ = true;
  for (auto& [topic, queue] : parked_) {
    for (Parked& parked : queue) parked.timer.cancel();
  }
}

}  // namespace aura::control
