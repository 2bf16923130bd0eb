// A deadline for a coroutine that has none of its own.
#pragma once

#include "agent/ports/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace aura::loops {

// Runs `task`; at the deadline it is cancelled (Asio cancellation, terminal), which it must obey. True if it ended by
// itself. Returns only when the task has ended, so the task may refer to the caller's frame.
boost::asio::awaitable<bool> within(ports::Clock& clock, std::int64_t limit_ms, std::string_view name,
                                    boost::asio::awaitable<void> task);

// A task that can be broken off from outside, such as a stream that nobody can trust any more. One at a time. It must
// outlive the task; destroying it drops the coroutine that waits in run().
class Breakable {
 public:
  Breakable();
  ~Breakable();
  // As within(), with break_off() in place of the deadline.
  boost::asio::awaitable<bool> run(ports::Clock& clock, std::string_view name, boost::asio::awaitable<void> task);
  // Nothing where no task runs.
  void break_off();

 private:
  struct Race;
  friend boost::asio::awaitable<bool> within(ports::Clock&, std::int64_t, std::string_view,
                                             boost::asio::awaitable<void>);
  static boost::asio::awaitable<bool> end(std::shared_ptr<Race> race, ports::Clock& clock,
                                          std::optional<BootMs> deadline, std::string_view name,
                                          boost::asio::awaitable<void> task);

  std::unique_ptr<Race> race_;
};

}  // namespace aura::loops
