// The host goes down: what runs is drained, the control plane is told, and only then does the agent end, so that Docker
// and the network, which are stopped after it, are there until then.
#pragma once

#include "agent/loops/heartbeat.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/supervisor.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>

namespace aura::loops {

// A drain takes the graces of what runs, one after the other, and this; a report gets last_report_ms.
inline constexpr std::int64_t drain_reserve_ms = 30'000;
inline constexpr std::int64_t last_report_ms = 5'000;

// Records that the host goes down and returns once nothing of ours runs, or the time is over, and the control plane has
// the last report, or did not take it in time. Meanwhile systemd is asked for more time before it ends us
// (EXTEND_TIMEOUT_USEC, sd_notify(3)). `heartbeat`: nullptr without a control plane.
boost::asio::awaitable<void> go_down(Parts parts, Supervisor& supervisor, Broadcast& changes, Heartbeat* heartbeat);

}  // namespace aura::loops
