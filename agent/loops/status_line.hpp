// The node in one or two sentences, for `systemctl status aura-node`.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"
#include "common/protocol/report.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace aura::loops {

// "All 3 workloads run.", "2 of 3 workloads run; web does not: crash loop (ended by itself with exit code 1)." Without
// anything that changes by itself, such as ages, so that it is news when it differs. One line, at most 400 bytes.
std::string status_line(const protocol::Report& report);

// Tells systemd whenever that sentence has changed, at most once a second. Never ends.
boost::asio::awaitable<void> tell_status(Parts parts, Broadcast& changes, std::function<protocol::Report()> report);

}  // namespace aura::loops
