#include "agent/docker/engine.hpp"
#include "agent/docker/engine_json.hpp"
#include "agent/docker/json_lines.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace aura::docker {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t ns_per_ms = 1'000'000;

// The engine's clock: a Unix socket's engine runs on this host.
std::int64_t engine_now_ns() { return wall_now() * ns_per_ms; }

// "SECONDS.NANOSECONDS", as since and until want it.
std::string stamp(std::int64_t time_ns) { return fmt::format("{}.{:09}", time_ns / ns_per_s, time_ns % ns_per_s); }

struct Stream {
  explicit Stream(JsonLines::TooLong too_long) : lines(too_long) {}

  JsonLines lines;
  std::function<void(const ports::EngineEvent&)> on_event;
  std::optional<Error> error;

  bool take(std::string_view line) {
    const auto event = parse_event(line);
    if (!event) {
      error = event.error();
      return false;
    }
    if (*event) on_event(**event);
    return true;
  }

  bool feed(std::string_view chunk) {
    return lines.feed(chunk, [this](std::string_view line) { return take(line); });
  }
};

}  // namespace

ports::Async<void> DockerEngine::events(std::int64_t since_ns, std::function<void()> connected,
                                        std::function<void(const ports::EngineEvent&)> on_event) {
  static const std::vector<std::string> actions = {"start", "die",     "kill",   "stop",   "oom",          "destroy",
                                                   "pause", "unpause", "create", "rename", "health_status"};
  // The engine sends its 200 before it subscribes: only a replay from before that is without a gap.
  constexpr std::int64_t replay_ns = 1 * ns_per_s;
  const std::int64_t from_ns = since_ns > 0 ? since_ns : engine_now_ns() - replay_ns;
  const auto alive = co_await api_.ping(deadlines_.ping_ms);
  if (!alive) co_return alive.error();
  connected();

  // One event beyond any size (labels are part of it) must not end the stream: its replay would end the next one.
  const auto stream = std::make_shared<Stream>(JsonLines::TooLong::left_out);
  stream->on_event = std::move(on_event);
  ApiCall call;
  call.path =
      fmt::format("/events?since={}&filters={}", stamp(from_ns), http::percent_encode(event_filters(actions, "")));
  http::Client::Sink sink = [stream, connected](std::string_view chunk) {
    const std::size_t left_out = stream->lines.left_out();
    const bool goes_on = stream->feed(chunk);
    // Nobody knows what it said: all is to be looked at, as after a connect.
    if (stream->lines.left_out() > left_out) connected();
    return goes_on;
  };
  const auto answer = co_await api_.stream(std::move(call), std::move(sink), deadlines_.ping_ms);
  if (stream->error) co_return *stream->error;
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return status_error(*answer);
  co_return Error{Errc::unavailable, "Docker ended the stream of events"};
}

ports::Async<ports::KillSeen> DockerEngine::kill_seen(const reconcile::Instance& instance) {
  if (!is_container_id(instance.container_id)) {
    co_return Error{Errc::invalid_argument, "kill_seen needs a container's full id"};
  }
  const auto started_ns = parse_time_ns(instance.started_at);
  if (!started_ns) co_return ports::KillSeen();  // it never ran
  // until in the past ends the answer at once; since must not lie behind it, whatever the clock did.
  const std::int64_t now_ns = engine_now_ns();
  const std::int64_t since_ns = std::min(*started_ns, now_ns);
  static const std::vector<std::string> actions = {"kill", "stop", "oom"};
  ports::KillSeen seen;
  Stream stream(JsonLines::TooLong::ends);
  stream.on_event = [&](const ports::EngineEvent& event) {
    if (event.container_id == instance.container_id && event.time_ns > *started_ns) seen.take(event);
  };
  std::string path = fmt::format("/events?since={}&until={}&filters={}", stamp(since_ns), stamp(now_ns),
                                 http::percent_encode(event_filters(actions, instance.container_id)));
  const auto answer = co_await get(std::move(path), 1 << 20);
  if (!answer) co_return answer.error();
  stream.feed(answer->body);
  stream.lines.finish([&](std::string_view line) { return stream.take(line); });
  if (stream.error) co_return *stream.error;
  if (stream.lines.too_long()) co_return Error{Errc::bad_reply, "Docker sent an event beyond any size"};
  co_return seen;
}

}  // namespace aura::docker
