// The two ways a loop waits for news: one waiter with Wakeup, any number with Broadcast.
//
// Both sleep through ports::Clock alone, so that a simulated clock drives them. Neither loses a notification:
// a notify() that comes while nobody waits ends the next wait at once.
#pragma once

#include "agent/ports/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace aura::loops {

// One waiter. The Wakeup must outlive the wait; destroying it with a waiter drops that coroutine.
class Wakeup {
 public:
  // Ends the wait under way, or the next one. Many notifications before a wait count as one.
  void notify();

  // Returns on notify(), or at `deadline` (nullopt: none). A deadline in the past means the next turn.
  // True if it was notified.
  boost::asio::awaitable<bool> wait(ports::Clock& clock, std::optional<BootMs> deadline);

 private:
  struct Waiter;
  bool notified_ = false;
  // A waiting coroutine is owned by the clock's callback where there is a deadline, else by the Wakeup: a Wakeup
  // that lives in the waiting coroutine itself must not own it.
  std::weak_ptr<Waiter> waiter_;
  std::shared_ptr<Waiter> without_deadline_;
};

// Any number of waiters, each woken by the next notify(); there is no memory of earlier ones, so a waiter looks
// at the state it waits for before every wait.
class Broadcast {
 public:
  void notify();
  boost::asio::awaitable<void> wait(ports::Clock& clock, BootMs deadline);

 private:
  std::vector<std::shared_ptr<Wakeup>> waiting_;
};

// Returns at now + delay_ms.
boost::asio::awaitable<void> sleep_for(ports::Clock& clock, std::int64_t delay_ms);

}  // namespace aura::loops
