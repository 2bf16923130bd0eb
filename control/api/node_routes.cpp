// What nodes ask for.
#include "common/protocol/codec.hpp"
#include "control/api/api.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace aura::control {
namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr auto any_cursor = std::numeric_limits<std::uint64_t>::max();

}  // namespace

http::Reply Api::enroll(const http::Request& request, const Sender& sender) {
  const auto asked = protocol::decode_enroll_request(request.body);
  if (asked.has_error()) return body_problem_reply(asked.error());
  const auto reply = plane_.enroll(*asked, clock_(), sender);
  if (reply.has_error()) return problem_reply(reply.error());
  return json_reply(reply->node_key.empty() ? 202 : 200, protocol::encode(*reply));
}

http::Reply Api::heartbeat(const http::Request& request, const std::string& node_id, const Sender& sender) {
  const auto known = plane_.check_node(node_id, bearer_of(request), sender, clock_());
  if (known.has_error()) return problem_reply(known.error());
  const auto beat = protocol::decode_heartbeat(request.body);
  if (beat.has_error()) return body_problem_reply(beat.error());
  const auto reply = plane_.beat(node_id, *beat, clock_(), sender);
  if (reply.has_error()) return problem_reply(reply.error());
  return json_reply(200, protocol::encode(*reply));
}

http::Reply Api::stage(const http::Request& request, const std::string& node_id, const Sender& sender) {
  const Moment moment = clock_();
  const auto known = plane_.check_stage(node_id, bearer_of(request), sender, moment);
  if (known.has_error()) return problem_reply(known.error());
  const auto body = decode_stage_body(request.body);
  if (body.has_error()) return body_problem_reply(body.error());
  const auto done = plane_.stage(node_id, body->stage, body->reason, moment);
  if (done.has_error()) return problem_reply(done.error());
  return json_reply(204, "");
}

boost::asio::awaitable<http::Reply> Api::poll(const http::Request& request, std::string node_id, http::Peer peer) {
  const http::Target target = http::parse_target(request.target);
  const auto cursor = number_of(target, "cursor", 0, any_cursor);
  if (cursor.has_error()) co_return problem_reply(cursor.error());
  const auto wait_s = number_of(target, "wait_s", 0, max_wait_s);
  if (wait_s.has_error()) co_return problem_reply(wait_s.error());
  const std::string topic = topic_commands(node_id);
  bool first = true;
  const std::int64_t deadline_ms = clock_().mono_ms + static_cast<std::int64_t>(*wait_s) * ms_per_s;
  bool parked_before = false;
  while (true) {
    // Anew after each wait: the device may have lost its place in the tailnet, or the node its key.
    const auto caller = co_await recognise(peer);
    if (caller.has_error()) co_return problem_reply(caller.error());
    const Moment moment = clock_();
    const auto known = plane_.check_node(node_id, bearer_of(request), caller->sender, moment);
    if (known.has_error()) co_return problem_reply(known.error());
    // One parked poll a node: an older one, whose connection may be dead, ends with nothing.
    if (std::exchange(first, false)) waiters_.wake(topic);
    const auto reply = plane_.poll(node_id, *cursor, moment);
    if (reply.has_error()) co_return problem_reply(reply.error());
    if (!reply->commands.empty()) co_return json_reply(200, protocol::encode(*reply));
    const bool over = moment.mono_ms >= deadline_ms || waiters_.stopped();
    if (over || parked_before) co_return json_reply(204, "");
    const std::int64_t due_ms = plane_.next_due_mono_ms(node_id).value_or(deadline_ms);
    const std::int64_t timeout_ms = std::max<std::int64_t>(1, std::min(deadline_ms, due_ms) - moment.mono_ms);
    plane_.count_poll(node_id, +1);
    const bool woken = co_await waiters_.wait(topic, timeout_ms);
    plane_.count_poll(node_id, -1);
    parked_before = woken;
  }
}

}  // namespace aura::control
