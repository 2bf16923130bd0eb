#include "control/api/api.hpp"

#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/openapi.hpp"

#include <fmt/format.h>

namespace aura::control {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    out.emplace_back(path.substr(0, end));
    path = end == path.npos ? std::string_view() : path.substr(end);
  }
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

http::Reply not_found() { return problem_reply({404, "not_found", "there is nothing here; see /openapi.json"}); }

bool is_node_call(const http::Request& request, const std::vector<std::string>& path) {
  if (path.size() != 4 || path[0] != "v1" || path[1] != "nodes") return false;
  if (request.method == "POST") return path[3] == "heartbeat" || path[3] == "stage";
  return false;
}

}  // namespace

Api::Api(Plane& plane, Waiters& waiters, Access access, Clock clock, TailnetPeers* peers)
    : plane_(plane), waiters_(waiters), access_(std::move(access)), clock_(std::move(clock)), peers_(peers) {}

http::ServerLimits Api::limits() const {
  http::ServerLimits limits;
  limits.body_bytes = protocol::max_body_bytes;
  limits.body_bytes_for = [](std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    return path.ends_with("/heartbeat") ? protocol::max_heartbeat_bytes : protocol::max_body_bytes;
  };
  limits.connections = max_connections;
  limits.idle_timeout_s = idle_connection_s;
  if (peers_ == nullptr) return limits;
  limits.admit = [peers = peers_](const http::Peer& peer) { return peers->admit(peer); };
  limits.connections_per_key = connections_per_peer;
  limits.reserved_connections = reserved_connections;
  return limits;
}

boost::asio::awaitable<Answer<Caller>> Api::recognise(const http::Peer& peer) {
  if (peers_ == nullptr) co_return Caller{};
  co_return co_await peers_->recognise(peer);
}

boost::asio::awaitable<http::Reply> Api::handle(const http::Request& request, const http::Peer& peer) {
  ++open_requests_;
  http::Reply reply = co_await answer(request, peer);
  --open_requests_;
  co_return reply;
}

boost::asio::awaitable<http::Reply> Api::answer(const http::Request& request, const http::Peer& peer) {
  if (const auto problem = access_.check(request, peer.address)) co_return problem_reply(*problem);
  const auto caller = co_await recognise(peer);
  if (peers_ != nullptr && !peers_->in_time(peer, caller)) {
    co_return problem_reply({429, "too_many_requests", "this device asks too often", {}, {}, 1});
  }
  if (caller.has_error()) co_return problem_reply(caller.error());
  http::Reply reply = co_await route(request, peer, *caller);
  co_return reply;
}

boost::asio::awaitable<http::Reply> Api::route(const http::Request& request, const http::Peer& peer,
                                               const Caller& caller) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (!is_read && request.method != "POST") {
    co_return problem_reply({405, "method_not_allowed", "only GET and POST are known here"});
  }
  const http::Target target = http::parse_target(request.target);
  Path path = segments_of(target.path);
  if (path.empty() || path[0] != "v1") co_return open_route(request, path, caller);
  if (path.size() == 2 && path[1] == "enroll" && !is_read) co_return enroll(request, caller.sender);
  const bool names_node = path.size() >= 3 && path[1] == "nodes";
  if (names_node && !is_node_id(path[2])) co_return not_found();
  if (is_node_call(request, path)) {
    co_return path[3] == "heartbeat" ? heartbeat(request, path[2], caller.sender)
                                     : stage(request, path[2], caller.sender);
  }
  if (is_read && names_node && path.size() == 4 && path[3] == "commands") {
    http::Reply reply = co_await poll(request, path[2], peer);
    co_return reply;
  }
  const auto who = access_.operator_of(request, caller.granted);
  if (who.has_error()) co_return problem_reply(who.error());
  http::Reply reply = co_await operator_route(request, std::move(path), *who, peer);
  co_return reply;
}

http::Reply Api::open_route(const http::Request& request, const Path& path, const Caller& caller) {
  if (request.method == "POST" || path.size() > 1) return not_found();
  if (path.empty()) {
    const auto who = access_.operator_of(request, caller.granted);
    const bool list = who.has_value() && !refuse(*who, Act::look);
    http::Reply reply = json_reply(200, status_page(plane_.nodes(clock_()), list));
    reply.response.headers.set("Content-Type", "text/html; charset=utf-8");
    return reply;
  }
  if (path[0] == "health") {
    const auto stored = plane_.last_events("", 1);
    if (stored.has_error()) return problem_reply(store_problem(stored.error()));
    return json_reply(200, R"({"status":"ok"})");
  }
  if (path[0] == "version") {
    return json_reply(200, fmt::format(R"({{"version":"{}","protocol":{}}})", AURA_VERSION, protocol::version));
  }
  if (path[0] == "openapi.json") return json_reply(200, std::string(protocol::openapi_control_json));
  return not_found();
}

}  // namespace aura::control
