#include "agent/docker/engine.hpp"
#include "agent/docker/json_lines.hpp"
#include "agent/docker/pull_progress.hpp"
#include "agent/docker/reference.hpp"
#include "agent/docker/registry_auth.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

namespace aura::docker {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;

// One pull under way: what the stream's sink and the watchdog both see.
struct Pull {
  explicit Pull(std::string image) : messages(std::move(image)) {}

  JsonLines lines;
  PullMessages messages;
  std::function<void(const protocol::PullProgress&)> progress;
  Clock::time_point moved = Clock::now();
  bool malformed = false;

  // False once there is nothing more to learn from the stream.
  bool take(std::string_view line) {
    switch (messages.take(line)) {
      case PullMessages::News::none: return true;
      case PullMessages::News::moved:
        moved = Clock::now();
        progress(messages.progress());
        return true;
      case PullMessages::News::failed: return false;
      case PullMessages::News::malformed: malformed = true; return false;
    }
    return false;
  }
};

// Returns when nothing has moved for idle_ms.
asio::awaitable<void> watch(std::shared_ptr<Pull> pull, long idle_ms) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  const std::chrono::milliseconds idle(idle_ms);
  for (auto due = pull->moved + idle; due > Clock::now(); due = pull->moved + idle) {
    timer.expires_at(due);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Result<void> outcome(const Pull& pull, const Result<http::Response>& answer) {
  if (pull.messages.error()) return *pull.messages.error();
  if (pull.malformed || pull.lines.too_long()) return Error{Errc::bad_reply, "Docker's pull messages are malformed"};
  if (!answer) return answer.error();
  if (answer->status == 200) return {};
  Error error = status_error(*answer);
  const bool typed_already =
      error.code != Errc::internal && error.code != Errc::not_found && error.code != Errc::unauthorized;
  if (typed_already) return error;
  // Before the first message a failure of the registry comes as a status; 404 means the registry has it not.
  Error typed = pull_error(error.message);
  if (typed.code == Errc::internal && answer->status == 404) typed.code = Errc::not_found;
  typed.http_status = answer->status;
  return typed;
}

}  // namespace

ports::Async<void> DockerEngine::pull(const ports::PullRequest& request,
                                      std::function<void(const protocol::PullProgress&)> progress) {
  using namespace asio::experimental::awaitable_operators;
  const std::string image_name = request.reference;
  const Reference parsed = parse_reference(image_name);
  const auto auth = registry_auth(request.login, image_name);
  if (!auth) co_return auth.error();
  const auto pull = std::make_shared<Pull>(image_name);
  pull->progress = std::move(progress);
  ApiCall call;
  call.method = "POST";
  // Without a tag Docker would pull every tag there is.
  call.path = fmt::format("/images/create?fromImage={}&tag={}", http::percent_encode(parsed.repository),
                          http::percent_encode(parsed.tag_or_digest));
  call.registry_auth = *auth;
  http::Client::Sink sink = [pull](std::string_view chunk) {
    return pull->lines.feed(chunk, [&](std::string_view line) { return pull->take(line); });
  };
  // Closing the connection ends the pull in the engine too; what it has stays for the next try.
  auto streaming = api_.stream(std::move(call), std::move(sink), deadlines_.ping_ms);
  auto watching = watch(pull, deadlines_.pull_idle_ms);
  auto first = co_await (std::move(streaming) || std::move(watching));
  if (first.index() == 1) {
    co_return Error{Errc::timeout,
                    fmt::format("pull of {}: nothing moved for {} s", image_name, deadlines_.pull_idle_ms / 1000)};
  }
  pull->lines.finish([&](std::string_view line) { return pull->take(line); });
  const Result<void> ended = outcome(*pull, std::get<0>(first));
  if (!ended) co_return with_context(ended.error(), "pull of " + image_name);
  // An engine that shuts down ends the stream as if all were done.
  const auto there = co_await image(image_name);
  if (there) co_return Result<void>();
  if (there.error().code != Errc::not_found) co_return there.error();
  co_return Error{Errc::unavailable, fmt::format("pull of {}: Docker ended it before the image was there", image_name)};
}

}  // namespace aura::docker
