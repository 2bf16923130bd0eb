// The HTTP API of aura-control: docs/openapi-control.json says what each route takes and gives.
#pragma once

#include "common/http/server.hpp"
#include "control/api/access.hpp"
#include "control/api/plane.hpp"
#include "control/api/tailnet_peers.hpp"
#include "control/api/waiters.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::control {

inline constexpr int max_wait_s = 55;  // of a long poll, shorter than proxies' usual minute
inline constexpr int max_events_page = 1'000;
inline constexpr int default_events_page = 100;
inline constexpr std::size_t max_followers = 64;  // open event streams
inline constexpr int stream_keepalive_s = 15;
inline constexpr std::size_t max_connections = 10'000;
inline constexpr std::size_t reserved_connections = 64;  // of them, for operators and for what comes locally
inline constexpr int idle_connection_s = 180;            // a node beats every minute and keeps its connection

// References must outlive it; handlers may still be suspended in it until the io_context is gone.
class Api {
 public:
  using Clock = std::function<Moment()>;
  // `peers` where this host is in a tailnet; without, nobody has a tailnet identity.
  Api(Plane& plane, Waiters& waiters, Access access, Clock clock, TailnetPeers* peers = nullptr);

  boost::asio::awaitable<http::Reply> handle(const http::Request& request, const http::Peer& peer);

  http::ServerLimits limits() const;

  // Requests and streams that are not ended yet.
  std::size_t open_requests() const { return open_requests_ + followers_; }

 private:
  using Path = std::vector<std::string>;
  boost::asio::awaitable<http::Reply> answer(const http::Request& request, const http::Peer& peer);
  boost::asio::awaitable<http::Reply> route(const http::Request& request, const http::Peer& peer, const Caller& caller);
  http::Reply open_route(const http::Request& request, const Path& path, const Caller& caller);
  boost::asio::awaitable<Answer<Caller>> recognise(const http::Peer& peer);

  // node_routes.cpp
  http::Reply enroll(const http::Request& request, const Sender& sender);
  http::Reply heartbeat(const http::Request& request, const std::string& node_id, const Sender& sender);
  http::Reply stage(const http::Request& request, const std::string& node_id, const Sender& sender);
  boost::asio::awaitable<http::Reply> poll(const http::Request& request, std::string node_id, http::Peer peer);

  // operator_routes.cpp
  boost::asio::awaitable<http::Reply> operator_route(const http::Request& request, Path path, Operator who,
                                                     http::Peer peer);
  http::Reply operator_post(const http::Request& request, const Path& path, const Operator& who);
  http::Reply settle_claim(const http::Request& request, const Path& path, const Operator& who);
  http::Reply queue(const http::Request& request, const std::string& node_id, const Operator& who);
  boost::asio::awaitable<http::Reply> command(const http::Request& request, std::string node_id, std::string id);
  http::Reply events(const http::Request& request, const http::Peer& peer);
  boost::asio::awaitable<void> stream(http::BodyWriter& writer, std::uint64_t after, std::string node_id,
                                      http::Request request, http::Peer peer);

  Plane& plane_;
  Waiters& waiters_;
  Access access_;
  Clock clock_;
  TailnetPeers* peers_;
  std::size_t followers_ = 0, open_requests_ = 0;
};

// Replies. Every one carries the security headers.
http::Reply json_reply(int status, std::string body);
http::Reply problem_reply(const Problem& problem);
http::Reply body_problem_reply(const Error& error);  // 400, or 409 unknown_verb; names the JSON path
void add_security_headers(http::Headers& headers);

// A whole number within the limits from a query; `otherwise` where it is not there, an answer 400 where it is wrong.
Answer<std::uint64_t> number_of(const http::Target& target, std::string_view name, std::uint64_t otherwise,
                                std::uint64_t max);

// The plain page at /: counts per verdict, and with `list` the nodes themselves.
std::string status_page(const std::vector<NodeView>& nodes, bool list);

}  // namespace aura::control
