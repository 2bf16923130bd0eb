// Wakes everybody who waits, on whatever event loop they run; knows neither time nor sockets, so it costs a list.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aura::testing {

class Signal {
 public:
  // Until the next notify(), or until the coroutine is cancelled (Asio cancellation, which then throws at the
  // co_await); the caller looks whether what it waits for has come.
  boost::asio::awaitable<void> wait() {
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    auto initiate = [this, executor](auto handler) {
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      auto shared = std::make_shared<std::optional<decltype(handler)>>(std::move(handler));
      const auto resume = [executor](std::optional<decltype(handler)>& waiter) {
        if (!waiter) return;
        boost::asio::post(executor, [owned = std::move(*waiter)]() mutable { std::move(owned)(); });
        waiter.reset();
      };
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr(shared), resume](boost::asio::cancellation_type) {
          if (const auto still = weak.lock()) resume(*still);
        });
      }
      waiting_.push_back([shared, resume] { resume(*shared); });
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(std::move(initiate),
                                                                                       boost::asio::use_awaitable);
  }

  void notify() {
    for (const auto& resume : std::exchange(waiting_, {})) resume();
  }

  // Those who wait are destroyed where they stand: their process is dead.
  void forget() {
    // A destroyed coroutine may hold others that wait here, too.
    while (!waiting_.empty()) {
      const auto gone = std::exchange(waiting_, {});
    }
  }

 private:
  std::vector<std::function<void()>> waiting_;
};

}  // namespace aura::testing
