#include "agent/probes/stop_hook_caller.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace aura::probes {
namespace asio = boost::asio;
namespace json = boost::json;
using ports::HookAnswer;
using ports::HookQuestion;

namespace {

constexpr std::size_t max_read_bytes = 64 * 1024;
constexpr int temporary_failure = 75;  // EX_TEMPFAIL, sysexits.h
constexpr int max_depth = 8;
constexpr std::int64_t again_first_ms = 1'000, again_default_ms = 5'000, again_last_ms = 300'000;

HookAnswer ready() { return {HookAnswer::Kind::ready, 0, "ready"}; }
HookAnswer failed(std::string words) { return {HookAnswer::Kind::failed, 0, std::move(words)}; }

HookAnswer busy(std::optional<std::int64_t> again_in_ms, std::string_view why) {
  const std::int64_t wait_ms = std::clamp(again_in_ms.value_or(again_default_ms), again_first_ms, again_last_ms);
  return {HookAnswer::Kind::busy, wait_ms, why.empty() ? "busy" : fmt::format("busy: {}", why)};
}

std::optional<json::object> object_of(std::string_view text) {
  json::parse_options options;
  options.max_depth = max_depth;
  boost::system::error_code wrong;
  json::value parsed = json::parse(text, wrong, {}, options);
  if (wrong || !parsed.is_object()) return {};
  return std::move(parsed.get_object());
}

std::string_view text_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

std::optional<std::int64_t> number_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_number()) return {};
  const double number = found->to_number<double>();
  if (!(number >= 0 && number <= 1e9)) return {};
  return static_cast<std::int64_t>(number);
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr ? found->if_object() : nullptr;
}

std::optional<std::int64_t> again_in(const json::object& object) {
  if (const auto seconds = number_in(object, "retry_after_s")) return *seconds * 1000;
  return number_in(object, "retryAfterMs");
}

// RFC 9110 10.2.3; a date says nothing to a clock that is never trusted.
std::optional<std::int64_t> again_by_header(std::string_view value) {
  int seconds = 0;
  const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || rest != value.data() + value.size() || seconds < 0) return {};
  return std::int64_t{seconds} * 1000;
}

// Of an answer that counts as ready. JSON that was cut off may have said that it is busy.
HookAnswer by_words(std::string_view text, bool cut_off) {
  if (const auto said = busy_by_json(text)) return *said;
  if (cut_off && text.starts_with('{')) return busy({}, "its answer is too large to be read");
  return ready();
}

std::string_view head_of(std::string_view output) {
  return output.substr(0, std::min(output.find_first_of("\r\n"), output.size()));
}

}  // namespace

std::optional<std::int64_t> again_by_json(std::string_view text) {
  const auto answer = object_of(text);
  if (!answer) return {};
  if (const auto at_top = again_in(*answer)) return at_top;
  const json::object* error = object_in(*answer, "error");
  return error != nullptr ? again_in(*error) : std::nullopt;
}

std::optional<HookAnswer> busy_by_json(std::string_view text) {
  const auto answer = object_of(text);
  if (!answer) return {};
  for (const json::object* said : {object_in(*answer, "payload"), &*answer}) {
    if (said == nullptr) continue;
    const std::string_view status = text_in(*said, "status");
    if (status != "busy" && status != "draining") continue;
    std::string why(text_in(*said, "reason"));
    if (const auto count = number_in(*said, "activeCount"); why.empty() && count)
      why = fmt::format("{} active", *count);
    return busy(again_in(*said), why);
  }
  return {};
}

asio::awaitable<HookAnswer> StopHookCaller::ask(HookQuestion question) {
  if (!question.url.empty()) return ask_http(std::move(question));
  return ask_exec(std::move(question));
}

asio::awaitable<HookAnswer> StopHookCaller::ask_http(HookQuestion question) {
  http::Call call;
  call.request.method = "POST";
  call.request.target = question.url;
  call.request.headers.set("Host", question.host);
  call.request.headers.set("Content-Type", "application/json");
  if (!question.bearer.empty()) call.request.headers.set("Authorization", "Bearer " + question.bearer);
  call.request.body = std::move(question.body);
  call.timeout_ms = static_cast<long>(question.timeout_ms);
  call.connect_timeout_ms = call.timeout_ms;
  call.max_body_bytes = max_read_bytes;
  const auto body = std::make_shared<std::string>();
  http::Client::Sink sink = [body](std::string_view chunk) {
    body->append(chunk.substr(0, max_read_bytes - body->size()));
    return body->size() < max_read_bytes;
  };
  const auto answer = co_await client_.stream(std::move(call), std::move(sink));
  if (!answer) {
    const bool late = answer.error().code == Errc::timeout;
    co_return failed(late ? fmt::format("gave no answer within {} s", static_cast<double>(question.timeout_ms) / 1000)
                          : "cannot be reached: " + answer.error().message);
  }
  if (answer->status >= 200 && answer->status < 300) {
    co_return by_words(*body, body->size() >= max_read_bytes);
  }
  if (answer->status == 429 || answer->status == 503) {
    auto again = again_by_json(answer->body);
    if (!again) again = again_by_header(answer->headers.get("Retry-After"));
    co_return busy(again, fmt::format("answered {}", answer->status));
  }
  co_return failed(fmt::format("answered {}", answer->status));
}

asio::awaitable<HookAnswer> StopHookCaller::ask_exec(HookQuestion question) {
  const auto result = co_await engine_.exec(question.container_id, question.exec, question.timeout_ms);
  if (!result) co_return failed("could not be run: " + result.error().message);
  if (!result->exit_code) {
    co_return failed(fmt::format("had not ended within {} s", static_cast<double>(question.timeout_ms) / 1000));
  }
  const std::string_view head = head_of(result->output);
  if (*result->exit_code == temporary_failure) {
    const auto said = busy_by_json(result->output);
    co_return said ? *said : busy(again_by_json(result->output), head);
  }
  if (*result->exit_code == 0) {
    co_return by_words(result->output, result->output.size() >= ports::ContainerEngine::max_exec_output_bytes);
  }
  co_return failed(fmt::format("ended with exit code {}{}{}", *result->exit_code, head.empty() ? "" : ": ", head));
}

}  // namespace aura::probes
