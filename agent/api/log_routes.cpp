// A container's output as a text stream, from Docker's to the caller's connection.
#include "agent/api/routes.hpp"

#include <fmt/format.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace aura::api {
namespace asio = boost::asio;

namespace {

constexpr std::size_t max_waiting_bytes = 256 * 1024;  // read from Docker, not yet taken by the caller
constexpr int default_tail = 100;                      // lines
constexpr int max_tail = 100'000;
constexpr auto longest_silence = std::chrono::minutes(1);  // then a look whether all is as we think

// Between Docker's stream and the caller's. Docker cannot be made to wait, so what does not fit is left out, aloud.
struct Channel {
  explicit Channel(const asio::any_io_executor& executor) : news(executor) {}

  asio::steady_timer news;  // never expires by itself; cancelled when there is news
  asio::cancellation_signal stop_reading, stop_watching;
  std::string waiting;
  std::size_t left_out = 0;
  bool reading = true, watching = true;
  bool caller_gone = false;
  std::string problem;
};
using Shared = std::shared_ptr<Channel>;

asio::awaitable<void> read_logs(View view, std::string id, ports::ContainerEngine::LogRequest request, Shared channel) {
  std::function<bool(std::string_view)> sink = [channel](std::string_view piece) {
    const bool fits = channel->waiting.size() + piece.size() <= max_waiting_bytes;
    if (fits)
      channel->waiting.append(piece);
    else
      channel->left_out += piece.size();
    channel->news.cancel();
    return !channel->caller_gone;
  };
  const auto done = co_await view->engine.logs(id, request, std::move(sink));
  if (!done) channel->problem = done.error().message;
}

asio::awaitable<void> wait_for_news(Shared channel) {
  channel->news.expires_after(longest_silence);
  boost::system::error_code cancelled;
  co_await channel->news.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

// Both end by themselves or because they are told to; an exception is then the telling.
void start(const asio::any_io_executor& executor, asio::awaitable<void> task, asio::cancellation_signal& stop,
           std::function<void()> ended) {
  asio::co_spawn(
      executor, std::move(task),
      asio::bind_cancellation_slot(stop.slot(), [ended = std::move(ended)](std::exception_ptr) { ended(); }));
}

std::string take_waiting(Channel& channel) {
  std::string text = std::exchange(channel.waiting, {});
  if (channel.left_out > 0) {
    text += fmt::format("\n[aura-node: {} bytes left out, the reader is too slow]\n", channel.left_out);
    channel.left_out = 0;
  }
  return text;
}

asio::awaitable<void> write_logs(View view, std::string id, ports::ContainerEngine::LogRequest request,
                                 http::BodyWriter& writer) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto channel = std::make_shared<Channel>(executor);
  start(executor, read_logs(view, std::move(id), request, channel), channel->stop_reading, [channel] {
    channel->reading = false;
    channel->news.cancel();
  });
  start(executor, writer.closed(), channel->stop_watching, [channel] {
    channel->caller_gone = channel->reading;
    channel->watching = false;
    channel->news.cancel();
  });
  while (channel->reading && !channel->caller_gone) {
    if (channel->waiting.empty()) co_await wait_for_news(channel);
    const std::string text = take_waiting(*channel);
    if (text.empty()) continue;
    const bool there = co_await writer.write(text);
    if (!there) channel->caller_gone = true;
  }
  if (!channel->caller_gone) {
    std::string rest = take_waiting(*channel);
    if (!channel->problem.empty()) rest += "\n[aura-node: " + channel->problem + "]\n";
    if (!rest.empty()) co_await writer.write(rest);
  }
  // Both refer to what ends with us.
  while (channel->reading || channel->watching) {
    if (channel->reading) channel->stop_reading.emit(asio::cancellation_type::terminal);
    if (channel->watching) channel->stop_watching.emit(asio::cancellation_type::terminal);
    co_await wait_for_news(channel);
  }
}

// "10m", RFC 3339, or nothing; nullopt: neither.
std::optional<std::int64_t> since_s(std::string_view text, const Now& now) {
  if (text.empty()) return 0;
  if (const auto at = parse_rfc3339(text)) return *at / 1000;
  if (const auto ago = parse_duration_s(text)) return now.wall_ms / 1000 - *ago;
  return std::nullopt;
}

std::string container_of(const protocol::Report& report, const std::string& workload) {
  for (const auto& one : report.workloads) {
    if (one.name == workload) return one.container_id;
  }
  return {};
}

}  // namespace

http::Reply get_logs(const View& view, const http::Target& target, const std::string& workload) {
  if (!view->ledger.state().workloads.contains(workload)) {
    return error_reply(404, protocol::code::unknown_workload,
                       "no workload of that name is declared: aura-node status lists them");
  }
  ports::ContainerEngine::LogRequest request;
  request.tail = default_tail;
  const std::string_view tail = target.get("tail");
  const auto lines = tail.empty() ? std::optional<std::int64_t>(default_tail) : number(tail, 0, max_tail);
  if (tail == "all")
    request.tail = -1;
  else if (lines)
    request.tail = static_cast<int>(*lines);
  else
    return error_reply(400, protocol::code::invalid, "tail is a number of lines, or all");
  const auto since = since_s(target.get("since"), view->clock.now());
  if (!since) return error_reply(400, protocol::code::invalid, "since is a time (RFC 3339) or a duration like 10m");
  request.since_s = *since;
  request.follow = target.has("follow") && target.get("follow") != "0" && target.get("follow") != "false";

  const std::string id = container_of(view->report(), workload);
  if (id.empty()) return error_reply(404, "no_container", "the workload has no container that is known now");
  http::Reply reply;
  reply.response.headers.set("Content-Type", "text/plain; charset=utf-8");
  reply.response.headers.set("X-Content-Type-Options", "nosniff");
  reply.body_writer = [view, id, request](http::BodyWriter& writer) { return write_logs(view, id, request, writer); };
  return reply;
}

}  // namespace aura::api
