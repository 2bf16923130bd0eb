// Events, as a list or as a stream (Server-Sent Events, HTML Living Standard 9.2) that goes on after a reconnect.
#include "agent/api/routes.hpp"

#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace aura::api {
namespace asio = boost::asio;

namespace {

constexpr std::size_t events_at_once = 100;  // of a stream's slice, so that nobody else waits long

std::vector<protocol::Event> events_after(const reconcile::State& state, std::uint64_t after, std::size_t most) {
  std::vector<protocol::Event> events;
  const auto first =
      std::find_if(state.events.begin(), state.events.end(), [after](const auto& event) { return event.seq > after; });
  for (auto event = first; event != state.events.end() && events.size() < most; ++event) events.push_back(*event);
  return events;
}

asio::awaitable<void> write_stream(View view, std::uint64_t after, http::BodyWriter& writer) {
  for (;;) {
    const auto events = events_after(view->ledger.state(), after, events_at_once);
    std::string text;
    for (const auto& event : events) {
      text += fmt::format("id: {}\ndata: {}\n\n", event.seq, protocol::encode(event));
      after = event.seq;
    }
    // A comment shows that the peer is still there and keeps what is between us from giving up.
    if (text.empty()) text = ": \n\n";
    const bool there = co_await writer.write(text);
    if (!there) co_return;
    const BootMs deadline = view->clock.now().boot_ms + keep_alive_ms;
    while (view->ledger.state().last_event_seq <= after && view->clock.now().boot_ms < deadline) {
      co_await view->changed(deadline);
    }
  }
}

}  // namespace

http::Reply get_events(const View& view, const http::Request& request, const http::Target& target) {
  std::string_view from = request.headers.get("last-event-id");
  if (from.empty()) from = target.get("after");
  const auto after =
      from.empty() ? std::optional<std::int64_t>(0) : number(from, 0, std::numeric_limits<std::int64_t>::max());
  if (!after) return error_reply(400, protocol::code::invalid, "after and Last-Event-ID are numbers of events");
  const auto first = static_cast<std::uint64_t>(*after);
  const bool follow = target.has("follow") && target.get("follow") != "0" && target.get("follow") != "false";
  if (!follow) {
    const auto events = events_after(view->ledger.state(), first, std::numeric_limits<std::size_t>::max());
    return json_reply(200, protocol::encode(events));
  }
  http::Reply reply;
  reply.response.headers.set("Content-Type", "text/event-stream");
  reply.response.headers.set("Cache-Control", "no-store");
  reply.body_writer = [view, first](http::BodyWriter& writer) { return write_stream(view, first, writer); };
  return reply;
}

}  // namespace aura::api
