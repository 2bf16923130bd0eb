#include "agent/docker/engine.hpp"
#include "agent/docker/engine_json.hpp"
#include "agent/docker/log_frames.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace aura::docker {

ports::Async<void> DockerEngine::logs(const std::string& id, LogRequest request,
                                      std::function<bool(std::string_view)> sink) {
  if (!is_container_id(id)) {
    co_return Error{Errc::invalid_argument, fmt::format("\"{}\" is not a container's full id", id)};
  }
  const std::string target = "/containers/" + id;
  // Before API 1.42 the answer's type does not tell whether it is framed: the container's own setting does.
  std::string inspect_path = target + "/json";
  const auto described = co_await get(std::move(inspect_path), 4u << 20);
  if (!described) co_return described.error();
  const auto tty = parse_tty(described->body);
  if (!tty) co_return tty.error();
  const bool framed = !*tty;

  struct Reading {
    LogFrames frames;
    bool malformed = false;
  };
  const auto reading = std::make_shared<Reading>();
  ApiCall call;
  call.path = fmt::format("{}/logs?stdout=1&stderr=1&tail={}&since={}&follow={}", target,
                          request.tail < 0 ? std::string("all") : std::to_string(request.tail), request.since_s,
                          request.follow ? 1 : 0);
  call.timeout_ms = request.follow ? 0 : deadlines_.read_ms;
  http::Client::Sink take = [reading, framed, to = std::move(sink)](std::string_view chunk) {
    if (!framed) return to(chunk);
    const LogFrames::Step step = reading->frames.feed(chunk, to);
    reading->malformed = step == LogFrames::Step::malformed;
    return step == LogFrames::Step::more;
  };
  const auto answer = co_await api_.stream(std::move(call), std::move(take), deadlines_.ping_ms);
  if (reading->malformed) co_return Error{Errc::bad_reply, "Docker's log stream has no valid frames"};
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return status_error(*answer);
  co_return Result<void>();
}

}  // namespace aura::docker
