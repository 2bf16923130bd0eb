// Coroutines parked until somebody has news for them, by topic.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace aura::control {

inline constexpr std::size_t max_parked = 10'000;

// One thread. Between a caller's check and its wait() nothing runs, so no news is missed. After stop() every wait
// ends at once.
class Waiters {
 public:
  // True: woken. False: the time was over, or stopped, or too many wait already.
  boost::asio::awaitable<bool> wait(std::string topic, std::int64_t timeout_ms);
  void wake(std::string_view topic);
  void stop();
  bool stopped() const { return stopped_; }

 private:
  struct Parked {
    boost::asio::steady_timer timer;
    bool woken = false;
  };
  std::map<std::string, std::list<Parked>, std::less<>> parked_;
  std::size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace aura::control
