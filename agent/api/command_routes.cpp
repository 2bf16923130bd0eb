// Commands over the API: the same way in as from the control plane, with the caller as actor.
#include "agent/api/json.hpp"
#include "agent/api/routes.hpp"

#include "common/protocol/codec.hpp"

#include <algorithm>
#include <utility>

namespace aura::api {
namespace asio = boost::asio;
using Kind = reconcile::Acceptance::Kind;

namespace {

bool settled(const reconcile::State& state, const std::string& id) { return state.settled.contains(id); }

http::Reply status_of(const NodeView& view, const std::string& id) {
  auto body = command_json(view.ledger.state(), id);
  if (!body) return error_reply(404, protocol::code::unknown_command, "this node does not know that command");
  return json_reply(settled(view.ledger.state(), id) ? 200 : 202, std::move(*body));
}

// Until it has its outcome, or wait_s is over.
asio::awaitable<void> wait_for_outcome(View view, std::string id, std::int64_t wait_s) {
  const BootMs deadline = view->clock.now().boot_ms + wait_s * 1000;
  while (!settled(view->ledger.state(), id) && view->clock.now().boot_ms < deadline) co_await view->changed(deadline);
}

std::int64_t wait_of(const http::Target& target) { return number(target.get("wait_s"), 0, 86'400).value_or(0); }

http::Reply deferred(const reconcile::Acceptance& answer) {
  const bool limited = answer.code == protocol::code::busy || answer.code == protocol::code::rate_limited;
  http::Reply reply = error_reply(limited ? 429 : 507, answer.code, answer.message);
  reply.response.headers.set("Retry-After", std::to_string(std::max(answer.retry_after_s, 1)));
  return reply;
}

// What never was a command: 400, 403, 415. nullopt: it is one.
std::optional<http::Reply> refused_unread(const View& view, const http::Request& request, const http::Peer& peer,
                                          const Result<protocol::Command>& command, const Recognised& who) {
  std::string_view type = request.headers.get("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type != "application/json")
    return error_reply(415, "unsupported_media_type", "the body must be application/json");
  if (!command) return json_reply(400, protocol::encode_error(command.error()));
  const std::string_view verb = protocol::to_string(command->verb);
  if (!who.caller->may(verb)) return denied(view, peer, who, verb);
  return std::nullopt;
}

}  // namespace

asio::awaitable<http::Reply> post_command(View view, const http::Request& request, const http::Peer& peer,
                                          http::Target target, Recognised who) {
  auto command = protocol::decode_command(request.body);
  if (auto refusal = refused_unread(view, request, peer, command, who)) co_return std::move(*refusal);
  const Caller& caller = *who.caller;
  // The control plane says who ordered it; everybody else is who they are.
  if (caller.origin != reconcile::Origin::control || command->actor.empty()) command->actor = caller.actor;
  const std::string id = command->id;
  const auto answer = view->deliver(*command, caller.origin);
  if (answer.kind == Kind::deferred) co_return deferred(answer);
  if (answer.kind == Kind::refused || answer.kind == Kind::id_reused) {
    co_return error_reply(409, answer.code, answer.message);
  }
  co_await wait_for_outcome(view, id, std::min(wait_of(target), longest_wait_s));
  co_return status_of(*view, id);
}

asio::awaitable<http::Reply> get_command(View view, http::Target target, std::string id) {
  const bool known = view->ledger.state().open.contains(id);
  if (known) co_await wait_for_outcome(view, id, std::min(wait_of(target), longest_wait_s));
  http::Reply reply = status_of(*view, id);
  if (reply.response.status == 202) reply.response.status = 200;
  co_return reply;
}

}  // namespace aura::api
