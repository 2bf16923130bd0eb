#include "agent/probes/prober.hpp"

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace aura::probes {
namespace asio = boost::asio;
using asio::ip::tcp;
using ports::ProbeAnswer;
using ports::ProbeQuestion;

namespace {

constexpr std::size_t max_read_bytes = 4096;
constexpr std::size_t max_lasting = 256;

ProbeAnswer passed() { return {ProbeAnswer::Kind::passed, {}}; }
ProbeAnswer failed(std::string words) { return {ProbeAnswer::Kind::failed, std::move(words)}; }
ProbeAnswer unknown(std::string words) { return {ProbeAnswer::Kind::unknown, std::move(words)}; }

std::string too_late(std::int64_t timeout_ms) {
  return fmt::format("no answer within {} s", static_cast<double>(timeout_ms) / 1000);
}

// The first line of what a program printed.
std::string head_of(const std::string& output) {
  return output.substr(0, std::min(output.find_first_of("\r\n"), output.size()));
}

}  // namespace

asio::awaitable<ProbeAnswer> Prober::ask(ProbeQuestion question) {
  if (!question.url.empty()) return ask_http(std::move(question));
  if (!question.exec.empty()) return ask_exec(std::move(question));
  return ask_tcp(std::move(question));
}

asio::awaitable<ProbeAnswer> Prober::ask_http(ProbeQuestion question) {
  http::Call call;
  call.request.target = question.url;
  call.request.headers.set("Host", question.host);
  call.timeout_ms = static_cast<long>(question.timeout_ms);
  call.connect_timeout_ms = call.timeout_ms;
  call.max_body_bytes = max_read_bytes;
  const auto read = std::make_shared<std::size_t>(0);
  // A longer body ends the connection; a shorter one leaves it for the next time.
  http::Client::Sink sink = [read](std::string_view chunk) { return (*read += chunk.size()) < max_read_bytes; };
  const auto answer = co_await client_.stream(std::move(call), std::move(sink));
  if (answer && answer->status >= 200 && answer->status < 300) co_return passed();
  if (answer) co_return failed(fmt::format("answered {}", answer->status));
  switch (answer.error().code) {
    case Errc::timeout: co_return failed(too_late(question.timeout_ms));
    case Errc::too_large: co_return failed("answered with an error of more than 4 KiB");
    case Errc::bad_reply: co_return failed("answered, but not in HTTP");
    case Errc::unavailable: co_return failed("cannot be reached, or broke off");
    default: co_return unknown(answer.error().message);
  }
}

asio::awaitable<ProbeAnswer> Prober::ask_tcp(ProbeQuestion question) {
  struct Attempt {
    explicit Attempt(const asio::any_io_executor& executor) : socket(executor), deadline(executor) {}
    tcp::socket socket;
    asio::steady_timer deadline;
    bool late = false;
  };
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(question.address, wrong);
  if (wrong) co_return unknown(fmt::format("\"{}\" is no literal address", question.address));
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(question.port));
  const auto attempt = std::make_shared<Attempt>(executor_);
  attempt->deadline.expires_after(std::chrono::milliseconds(question.timeout_ms));
  attempt->deadline.async_wait([weak = std::weak_ptr(attempt)](const boost::system::error_code& cancelled) {
    const auto open = weak.lock();
    if (!open || cancelled) return;
    open->late = true;
    boost::system::error_code ignored;
    open->socket.close(ignored);
  });
  co_await attempt->socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, wrong));
  attempt->deadline.cancel();
  if (attempt->late) co_return failed(too_late(question.timeout_ms));
  if (wrong) co_return failed(wrong.message());
  co_return passed();
}

asio::awaitable<ProbeAnswer> Prober::ask_exec(ProbeQuestion question) {
  const auto key = std::make_pair(question.container_id, question.exec);
  if (const auto before = lasting_.find(key); before != lasting_.end()) {
    const std::string id = before->second;
    const auto runs = co_await engine_.exec_runs(id);
    if (!runs) co_return unknown(runs.error().message);
    if (*runs) co_return failed("the one before has not ended yet");
    lasting_.erase(key);
  }
  const auto result = co_await engine_.exec(question.container_id, question.exec, question.timeout_ms);
  if (!result) {
    // Docker's own refusal to run the program is an answer; that it is away, or the container, is none.
    if (result.error().code == Errc::internal) co_return failed(result.error().message);
    co_return unknown(result.error().message);
  }
  if (!result->exit_code) {
    if (lasting_.size() >= max_lasting) lasting_.erase(lasting_.begin());
    lasting_[key] = result->id;
    co_return failed(too_late(question.timeout_ms));
  }
  if (*result->exit_code == 0) co_return passed();
  const std::string output = head_of(result->output);
  co_return failed(fmt::format("exit code {}{}{}", *result->exit_code, output.empty() ? "" : ": ", output));
}

}  // namespace aura::probes
