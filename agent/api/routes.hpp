// Shared by the files of the API only.
#pragma once

#include "agent/api/access.hpp"
#include "agent/api/node_api.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aura::api {

using View = std::shared_ptr<const NodeView>;

inline constexpr std::int64_t longest_wait_s = 600;    // of ?wait_s=
inline constexpr std::int64_t keep_alive_ms = 15'000;  // between comments of a silent event stream

http::Reply json_reply(int status, std::string body);
http::Reply error_reply(int status, std::string_view code, std::string_view message);
// 403 of a caller who is known and may not: says which verb was missing. A tailnet peer's becomes an event.
http::Reply denied(const View& view, const http::Peer& peer, const Recognised& who, std::string_view verb);
// A whole number within [min, max] from a query; nullopt: not one.
std::optional<std::int64_t> number(std::string_view text, std::int64_t min, std::int64_t max);

// command_routes.cpp
boost::asio::awaitable<http::Reply> post_command(View view, const http::Request& request, const http::Peer& peer,
                                                 http::Target target, Recognised who);
boost::asio::awaitable<http::Reply> get_command(View view, http::Target target, std::string id);

// event_routes.cpp
http::Reply get_events(const View& view, const http::Request& request, const http::Target& target);

// log_routes.cpp
http::Reply get_logs(const View& view, const http::Target& target, const std::string& workload);

// metrics.cpp: OpenMetrics text.
std::string metrics_text(const protocol::Report& report, const reconcile::State& state, const Now& now);

}  // namespace aura::api
