#include "agent/api/node_api.hpp"

#include "agent/api/json.hpp"
#include "agent/api/routes.hpp"
#include "agent/api/stream_guard.hpp"
#include "agent/reconcile/runs.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/openapi.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace aura::api {
namespace asio = boost::asio;

http::Reply json_reply(int status, std::string body) {
  http::Reply reply;
  reply.response.status = status;
  reply.response.headers.set("Content-Type", "application/json");
  reply.response.body = std::move(body);
  return reply;
}

http::Reply error_reply(int status, std::string_view code, std::string_view message) {
  return json_reply(status, protocol::encode_error(code, message));
}

namespace {

http::Reply forbidden(const Caller& caller, std::string_view verb) {
  std::string message = "the verb \"" + std::string(verb) + "\" ";
  if (caller.id.empty())
    message += std::string("is for root and the group ") + operators_group;
  else
    message += "is not granted to " + caller.actor + "; give it in the tailnet's grants for this node";
  return error_reply(403, protocol::code::forbidden, message);
}

}  // namespace

http::Reply denied(const View& view, const http::Peer& peer, const Recognised& who, std::string_view verb) {
  if (!peer.is_unix && view->tailnet != nullptr) {
    view->tailnet->tell_refused(peer, who, "the verb \"" + std::string(verb) + '"');
  }
  return forbidden(*who.caller, verb);
}

std::optional<std::int64_t> number(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) return {};
  return value;
}

namespace {

constexpr std::chrono::milliseconds slow_down{100};
constexpr std::string_view commands_path = "/v1/commands";
constexpr std::string_view workloads_path = "/v1/workloads";
constexpr std::string_view logs_path = "/logs";
constexpr std::string_view why_path = "/why";

http::Reply health(const std::vector<std::string>& reasons) {
  return json_reply(reasons.empty() ? 200 : 503, health_json(reasons.empty(), reasons));
}

http::Reply metrics(const NodeView& view) {
  http::Reply reply;
  reply.response.headers.set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
  reply.response.body = metrics_text(view.report(), view.ledger.state(), view.clock.now());
  return reply;
}

http::Reply not_found() { return error_reply(404, "not_found", "there is no such route; see /openapi.json"); }

http::Reply unknown_workload() {
  return error_reply(404, protocol::code::unknown_workload,
                     "no workload of that name is declared: aura-node status lists them");
}

// /v1/workloads, /v1/workloads/NAME, /v1/workloads/NAME/logs, /v1/workloads/NAME/why
http::Reply workload_route(const View& view, const http::Target& target) {
  if (target.path == workloads_path) return json_reply(200, workloads_json(view->report(), view->ledger.state()));
  std::string name = target.path.substr(workloads_path.size() + 1);
  if (name.ends_with(logs_path)) {
    name.resize(name.size() - logs_path.size());
    return get_logs(view, target, name);
  }
  if (name.ends_with(why_path)) {
    name.resize(name.size() - why_path.size());
    if (!view->ledger.state().workloads.contains(name)) return unknown_workload();
    return json_reply(200, protocol::encode(reconcile::tell_why(view->ledger.state(), name)));
  }
  auto body = workload_json(view->report(), view->ledger.state(), name);
  if (!body) return unknown_workload();
  return json_reply(200, std::move(*body));
}

// For everybody that is known at all, without a verb.
std::optional<http::Reply> open_route(const View& view, const std::string& path) {
  if (path == "/health") return health({});
  if (path == "/health/ready") return health(view->unready());
  if (path == "/health/startup") {
    if (view->reconciled()) return health({});
    return health({"the first look at Docker is not done yet"});
  }
  if (path == "/version") return json_reply(200, version_json(view->agent_version));
  if (path == "/openapi.json") return json_reply(200, std::string(protocol::openapi_node_json));
  return std::nullopt;
}

// Which verb a GET needs.
std::string_view verb_of(const std::string& path) {
  return path.starts_with(workloads_path) && path.ends_with(logs_path) ? "logs" : "read";
}

http::Reply read_route(const View& view, const http::Request& request, const http::Target& target) {
  const std::string& path = target.path;
  if (path == "/metrics") return metrics(*view);
  if (path == "/v1/status") return json_reply(200, protocol::encode(view->report()));
  if (path == "/v1/events") return get_events(view, request, target);
  if (path == workloads_path || path.starts_with(std::string(workloads_path) + "/")) {
    return workload_route(view, target);
  }
  return not_found();
}

asio::awaitable<Recognised> recognise(View view, http::Peer peer) {
  Recognised who;
  who.caller = identify(peer);
  who.why = "this peer is not known here";
  if (!who.caller && view->tailnet != nullptr) who = co_await view->tailnet->recognise(peer);
  co_return who;
}

// Who asks too often waits for the answer, and so does not keep us busy with the next request.
asio::awaitable<http::Reply> too_many_requests() {
  asio::steady_timer pause(co_await asio::this_coro::executor, slow_down);
  boost::system::error_code cancelled;
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  http::Reply reply = error_reply(429, protocol::code::rate_limited, "too many requests: slow down");
  reply.response.headers.set("Retry-After", "1");
  co_return reply;
}

// For an event: as it was sent, without what could steer a terminal or fill the outbox.
std::string what_was_asked(const http::Request& request) {
  constexpr std::size_t longest = 100;
  std::string text = request.method + " " + request.target.substr(0, request.target.find('?'));
  text.resize(std::min(text.size(), longest));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

// What is answered before any route: a browser's request, a stranger's.
std::optional<http::Reply> turned_away(const View& view, const http::Request& request, const http::Peer& peer,
                                       const Recognised& who, const std::string& path) {
  const bool over_tcp = !peer.is_unix && view->tailnet != nullptr;
  const auto own_names = over_tcp ? view->tailnet->own_names() : std::vector<std::string>();
  const std::string trouble = browser_trouble(request, own_names);
  if (!trouble.empty()) return error_reply(403, protocol::code::forbidden, trouble);
  if (who.caller || (who.health && path == "/health")) return std::nullopt;
  if (over_tcp) view->tailnet->tell_refused(peer, who, what_was_asked(request));
  const std::string_view code = who.status == 503 ? "unavailable" : protocol::code::forbidden;
  return error_reply(who.status, code, who.why);
}

asio::awaitable<http::Reply> route(View view, const http::Request& request, const http::Peer& peer) {
  http::Target target = http::parse_target(request.target);
  const Recognised who = co_await recognise(view, peer);
  const bool over_tcp = !peer.is_unix && view->tailnet != nullptr;
  if (over_tcp && !view->tailnet->in_time(peer, who)) co_return co_await too_many_requests();
  if (auto reply = turned_away(view, request, peer, who, target.path)) co_return std::move(*reply);
  if (request.method == "POST" && target.path == commands_path) {
    co_return co_await post_command(view, request, peer, std::move(target), who);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    co_return error_reply(405, "method_not_allowed", "only GET, and POST of /v1/commands");
  }
  if (auto reply = open_route(view, target.path)) co_return std::move(*reply);
  const std::string_view verb = verb_of(target.path);
  if (!who.caller->may(verb)) co_return denied(view, peer, who, verb);
  if (target.path.starts_with(std::string(commands_path) + "/")) {
    std::string id = target.path.substr(commands_path.size() + 1);
    co_return co_await get_command(view, std::move(target), std::move(id));
  }
  co_return guarded(view, peer, std::string(verb), read_route(view, request, target));
}

}  // namespace

http::Handler make_handler(NodeView view) {
  auto shared = std::make_shared<const NodeView>(std::move(view));
  return [shared](const http::Request& request, const http::Peer& peer) { return route(shared, request, peer); };
}

}  // namespace aura::api
