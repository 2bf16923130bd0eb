// Coroutines: the one way to start them and the one way to wait for news.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string_view>

namespace aura {

// Starts `task` on `executor`. An exception that escapes it is a bug: it is logged with `name` and the process
// ends (systemd restarts it, replay repairs), unless it is the cancellation of a stopping io_context.
void spawn(boost::asio::any_io_executor executor, std::string_view name, boost::asio::awaitable<void> task);

}  // namespace aura
