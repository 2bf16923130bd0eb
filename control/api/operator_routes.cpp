// What operators ask for.
#include "common/ids.hpp"
#include "control/api/api.hpp"

#include <algorithm>
#include <limits>

namespace aura::control {
namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr auto any_id = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr int stream_page = 200;

http::Reply no_route() { return problem_reply({404, "not_found", "there is nothing here; see /openapi.json"}); }

bool is_on(const http::Target& target, std::string_view name) {
  const std::string_view value = target.get(name);
  return target.has(name) && value != "0" && value != "false";
}

}  // namespace

boost::asio::awaitable<http::Reply> Api::operator_route(const http::Request& request, Path path, Operator who,
                                                        http::Peer peer) {
  if (request.method == "POST") co_return operator_post(request, path, who);
  if (const auto refused = refuse(who, Act::look)) co_return problem_reply(*refused);
  if (path.size() == 2 && path[1] == "events") co_return events(request, peer);
  if (path.size() < 2 || path[1] != "nodes") co_return no_route();
  const Moment moment = clock_();
  if (path.size() == 2) co_return json_reply(200, encode_nodes(plane_.nodes(moment)));
  if (path.size() == 3) {
    const auto node = plane_.node(path[2], moment);
    if (node.has_error()) co_return problem_reply(node.error());
    co_return json_reply(200, encode_node(*node, Detail::full));
  }
  if (path.size() == 5 && path[3] == "commands" && is_command_id(path[4])) {
    http::Reply reply = co_await command(request, path[2], path[4]);
    co_return reply;
  }
  co_return no_route();
}

http::Reply Api::operator_post(const http::Request& request, const Path& path, const Operator& who) {
  const Moment moment = clock_();
  if (path.size() == 2 && path[1] == "enroll-codes") {
    if (const auto refused = refuse(who, Act::enroll_code)) return problem_reply(*refused);
    const auto node_id = decode_node_id_body(request.body);
    if (node_id.has_error()) return body_problem_reply(node_id.error());
    const auto code = plane_.make_code(*node_id, who.actor, moment);
    if (code.has_error()) return problem_reply(code.error());
    return json_reply(200, encode_code(*code, code_valid_s));
  }
  if (path.size() != 4 || path[1] != "nodes") return no_route();
  if (path[3] == "commands") return queue(request, path[2], who);
  if (path[3] == "approve" || path[3] == "refuse") return settle_claim(request, path, who);
  if (path[3] == "reenroll") {
    if (const auto refused = refuse(who, Act::reenroll)) return problem_reply(*refused);
    const auto code = plane_.reenroll(path[2], who.actor, moment);
    if (code.has_error()) return problem_reply(code.error());
    return json_reply(200, encode_code(*code, code_valid_s));
  }
  return no_route();
}

http::Reply Api::settle_claim(const http::Request& request, const Path& path, const Operator& who) {
  const bool lets_in = path[3] == "approve";
  if (const auto refused = refuse(who, lets_in ? Act::approve : Act::refuse_claim)) return problem_reply(*refused);
  const auto device = request.body.empty() ? Result<std::string>(std::string()) : decode_device_body(request.body);
  if (device.has_error()) return body_problem_reply(device.error());
  const auto claim = lets_in ? plane_.approve(path[2], *device, who.actor, clock_())
                             : plane_.refuse_claim(path[2], *device, who.actor, clock_());
  if (claim.has_error()) return problem_reply(claim.error());
  return json_reply(200, encode_claim(*claim));
}

http::Reply Api::queue(const http::Request& request, const std::string& node_id, const Operator& who) {
  if (const auto refused = refuse(who, Act::command)) return problem_reply(*refused);
  auto command = decode_operator_command(request.body);
  if (command.has_error()) return body_problem_reply(command.error());
  if (const auto refused = refuse(who, act_of(command->verb))) return problem_reply(*refused);
  command->actor = who.actor;
  const auto view = plane_.queue(node_id, std::move(*command), clock_());
  if (view.has_error()) return problem_reply(view.error());
  return json_reply(view->state == fleet::CommandState::settled ? 200 : 202, encode_command(*view));
}

boost::asio::awaitable<http::Reply> Api::command(const http::Request& request, std::string node_id, std::string id) {
  const http::Target target = http::parse_target(request.target);
  const auto wait_s = number_of(target, "wait_s", 0, max_wait_s);
  if (wait_s.has_error()) co_return problem_reply(wait_s.error());
  const std::string seen(target.get("seen"));
  const std::int64_t deadline_ms = clock_().mono_ms + static_cast<std::int64_t>(*wait_s) * ms_per_s;
  while (true) {
    const Moment moment = clock_();
    const auto view = plane_.command(node_id, id, moment);
    if (view.has_error()) co_return problem_reply(view.error());
    const bool settled = view->state == fleet::CommandState::settled;
    const bool moved = !seen.empty() && seen != fleet::to_string(view->state);
    const std::int64_t left_ms = deadline_ms - moment.mono_ms;
    if (settled || moved || left_ms <= 0 || waiters_.stopped()) co_return json_reply(200, encode_command(*view));
    co_await waiters_.wait(topic_command(id), left_ms);
  }
}

http::Reply Api::events(const http::Request& request, const http::Peer& peer) {
  const http::Target target = http::parse_target(request.target);
  const std::string node_id(target.get("node"));
  const auto limit = number_of(target, "limit", default_events_page, max_events_page);
  if (limit.has_error()) return problem_reply(limit.error());
  auto after = number_of(target, "after", 0, any_id);
  if (after.has_error()) return problem_reply(after.error());
  const bool follow = is_on(target, "follow");
  // A browser that reconnects says where it was (HTML, Server-sent events, Last-Event-ID).
  http::Target last;
  if (!request.headers.get("Last-Event-ID").empty()) {
    last.query.emplace_back("Last-Event-ID", std::string(request.headers.get("Last-Event-ID")));
    after = number_of(last, "Last-Event-ID", 0, any_id);
    if (after.has_error()) return problem_reply(after.error());
  }
  const bool from_place = target.has("after") || !last.query.empty();
  auto page = from_place ? plane_.events(*after, node_id, static_cast<int>(*limit))
                         : plane_.last_events(node_id, static_cast<int>(*limit));
  if (page.has_error()) return problem_reply(store_problem(page.error()));
  if (!follow) return json_reply(200, encode_events(*page));
  if (followers_ >= max_followers) {
    return problem_reply({429, "busy", "too many event streams are open", {}, {}, stream_keepalive_s});
  }
  // The stream begins at the page's start, or, with nothing stored yet, at the beginning.
  const std::uint64_t begin = from_place || page->empty() ? *after : page->front().id - 1;
  http::Reply reply;
  reply.response.headers.set("Content-Type", "text/event-stream");
  add_security_headers(reply.response.headers);
  reply.body_writer = [this, begin, node_id, request, peer](http::BodyWriter& writer) {
    return stream(writer, begin, node_id, request, peer);
  };
  return reply;
}

boost::asio::awaitable<void> Api::stream(http::BodyWriter& writer, std::uint64_t after, std::string node_id,
                                         http::Request request, http::Peer peer) {
  ++followers_;
  // Sent first, so that a client sees at once that it is connected.
  bool there = co_await writer.write(": events\n\n");
  while (there && !waiters_.stopped()) {
    // By the same rule as the request: a role that was withdrawn ends the stream.
    const auto caller = co_await recognise(peer);
    if (caller.has_error()) break;
    const auto who = access_.operator_of(request, caller->granted);
    if (who.has_error() || refuse(*who, Act::look)) break;
    const auto page = plane_.events(after, node_id, stream_page);
    if (page.has_error()) break;
    std::string text;
    for (const EventRecord& record : *page) {
      text += "id: " + std::to_string(record.id) + "\ndata: " + encode_event(record) + "\n\n";
      after = record.id;
    }
    if (text.empty()) {
      const bool news = co_await waiters_.wait(std::string(topic_events), stream_keepalive_s * ms_per_s);
      if (!news) text = ": still here\n\n";
    }
    if (!text.empty()) there = co_await writer.write(text);
  }
  --followers_;
}

}  // namespace aura::control
