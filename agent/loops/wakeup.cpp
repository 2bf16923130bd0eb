#include "agent/loops/wakeup.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;

struct Wakeup::Waiter {
  std::function<void()> complete;  // posts the coroutine's continuation
  ports::Clock* clock = nullptr;
  std::optional<ports::Clock::TimerId> timer;

  void finish() {
    if (timer) clock->cancel(*std::exchange(timer, std::nullopt));
    const auto resume = std::exchange(complete, nullptr);
    resume();
  }
};

void Wakeup::notify() {
  notified_ = true;
  const auto waiter = waiter_.lock();
  without_deadline_.reset();
  if (waiter && waiter->complete) waiter->finish();
}

asio::awaitable<bool> Wakeup::wait(ports::Clock& clock, std::optional<BootMs> deadline) {
  if (!notified_) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto initiate = [this, &clock, deadline, executor](auto handler) {
      auto waiter = std::make_shared<Waiter>();
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      waiter->complete = [shared, executor] {
        asio::post(executor, [owned = std::move(*shared)]() mutable { std::move(owned)(); });
      };
      waiter->clock = &clock;
      waiter_ = waiter;
      if (!deadline) {
        without_deadline_ = std::move(waiter);
        return;
      }
      Waiter& timed = *waiter;
      timed.timer = clock.at(*deadline, [waiter = std::move(waiter)] {
        waiter->timer.reset();
        if (waiter->complete) waiter->finish();
      });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), asio::use_awaitable);
  }
  co_return std::exchange(notified_, false);
}

void Broadcast::notify() {
  const auto woken = std::exchange(waiting_, {});
  for (const auto& waiter : woken) waiter->notify();
}

asio::awaitable<void> Broadcast::wait(ports::Clock& clock, BootMs deadline) {
  auto mine = std::make_shared<Wakeup>();
  waiting_.push_back(mine);
  co_await mine->wait(clock, deadline);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), mine), waiting_.end());
}

asio::awaitable<void> sleep_for(ports::Clock& clock, std::int64_t delay_ms) {
  Wakeup never;
  co_await never.wait(clock, clock.now().boot_ms + delay_ms);
}

}  // namespace aura::loops
