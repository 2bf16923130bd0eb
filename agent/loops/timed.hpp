// A deadline for a coroutine that has none of its own.
#pragma once

#include "agent/ports/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string_view>

namespace aura::loops {

// Runs `task`; at the deadline it is cancelled (Asio cancellation, terminal), which it must obey. True if it ended by
// itself. Returns only when the task has ended, so the task may refer to the caller's frame.
boost::asio::awaitable<bool> within(ports::Clock& clock, std::int64_t limit_ms, std::string_view name,
                                    boost::asio::awaitable<void> task);

}  // namespace aura::loops
