// Wakes everybody who waits, on whatever event loop they run; knows neither time nor sockets, so it costs a list.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace aura::testing {

class Signal {
 public:
  // Until the next notify(). Spurious ends do not happen; the caller looks whether what it waits for has come.
  boost::asio::awaitable<void> wait() {
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    auto initiate = [this, executor](auto handler) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      waiting_.push_back([shared, executor] {
        boost::asio::post(executor, [owned = std::move(*shared)]() mutable { std::move(owned)(); });
      });
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
