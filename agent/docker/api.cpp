#include "agent/docker/api.hpp"

#include "agent/docker/engine_json.hpp"
#include "common/fault_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace aura::docker {
namespace {

// The host part only keys curl's connection cache: one for all calls.
constexpr std::string_view base_url = "http://docker";

// N of "1.N".
std::optional<int> minor_of(std::string_view version) {
  if (!version.starts_with("1.")) return std::nullopt;
  version.remove_prefix(2);
  int minor = 0;
  const auto [rest, failed] = std::from_chars(version.data(), version.data() + version.size(), minor);
  if (failed != std::errc() || rest != version.data() + version.size() || minor < 0) return std::nullopt;
  return minor;
}

// "POST.containers.ID.stop": what is asked, without of which one. Names a fault point, and nothing where there are
// none.
std::string shape_of(const ApiCall& call) {
  if (!fault_points) return {};
  const std::string_view path = std::string_view(call.path).substr(1, call.path.find('?') - 1);
  const auto first = path.find('/');
  const auto last = path.rfind('/');
  if (first == std::string_view::npos) return fmt::format("{}.{}", call.method, path);
  const std::string_view kind = path.substr(0, first), verb = path.substr(last + 1);
  if (first != last) return fmt::format("{}.{}.ID.{}", call.method, kind, verb);
  return fmt::format("{}.{}.{}", call.method, kind, call.method == "DELETE" ? "ID" : verb);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

std::string engine_version_of(std::string_view server_header) {
  if (server_header.starts_with("Docker/")) server_header.remove_prefix(7);
  return std::string(server_header.substr(0, server_header.find(' ')));
}

Error status_error(const http::Response& response) {
  const auto message = parse_error_message(response.body);
  const int status = response.status;
  if (status == 503) return {Errc::unavailable, message.value_or("Docker answered 503"), status};
  if (!message) return {Errc::bad_reply, fmt::format("Docker answered {} without saying why", status), status};
  Errc code = Errc::internal;
  if (contains(*message, "no space left on device") || contains(*message, "disk quota exceeded")) {
    code = Errc::no_space;
  } else if (status == 409) {
    code = Errc::conflict;
  } else if (status == 404 && (contains(*message, "o such container") || contains(*message, "o such image"))) {
    // A 404 can also mean a network or a program inside the image: those say nothing about the container.
    code = Errc::not_found;
  } else if (status == 400 && contains(*message, "client version")) {
    code = Errc::not_supported;
  }
  return {code, *message, status};
}

Error Api::note(Error error) {
  // Whatever answers next may be another version of the engine.
  if (error.code == Errc::unavailable) version_ = {};
  return with_context(std::move(error), "Docker");
}

http::Call Api::make_call(ApiCall call, bool versioned) const {
  http::Call made;
  made.request.method = std::move(call.method);
  const std::string prefix = versioned ? "/v" + version_.api_version : std::string();
  made.request.target = fmt::format("{}{}{}", base_url, prefix, call.path);
  if (!call.body.empty()) made.request.headers.set("Content-Type", "application/json");
  if (!call.registry_auth.empty()) made.request.headers.set("X-Registry-Auth", call.registry_auth);
  made.request.body = std::move(call.body);
  made.unix_socket = socket_;
  made.timeout_ms = call.timeout_ms;
  made.max_body_bytes = call.max_body_bytes;
  return made;
}

ports::Async<ports::EngineVersion> Api::ping(long timeout_ms) {
  ApiCall ask;
  ask.path = "/_ping";
  ask.timeout_ms = timeout_ms;
  http::Call call = make_call(std::move(ask), false);
  const auto answer = co_await client_.send(std::move(call));
  if (!answer) co_return note(answer.error());
  if (answer->status != 200) co_return note(status_error(*answer));
  const std::string offered(answer->headers.get("Api-Version"));
  const auto newest = minor_of(offered);
  if (!newest) co_return Error{Errc::bad_reply, "Docker's ping does not name its API version"};
  if (*newest < oldest_minor) {
    co_return Error{Errc::not_supported,
                    fmt::format("Docker speaks API {}, at least 1.{} is needed", offered, oldest_minor)};
  }
  int minor = std::min(*newest, newest_minor);
  if (*newest > newest_minor) {
    // An engine later than we know: it may no longer speak our version.
    ApiCall ask_oldest;
    ask_oldest.path = "/version";
    ask_oldest.timeout_ms = timeout_ms;
    http::Call oldest_call = make_call(std::move(ask_oldest), false);
    const auto oldest_answer = co_await client_.send(std::move(oldest_call));
    if (!oldest_answer) co_return note(oldest_answer.error());
    if (oldest_answer->status != 200) co_return note(status_error(*oldest_answer));
    const auto oldest = parse_min_api_version(oldest_answer->body);
    if (!oldest) co_return oldest.error();
    minor = std::max(minor, minor_of(*oldest).value_or(minor));
  }
  version_.version = engine_version_of(answer->headers.get("Server"));
  version_.api_version = fmt::format("1.{}", minor);
  co_return version_;
}

ports::Async<void> Api::negotiate(long ping_timeout_ms) {
  if (!version_.api_version.empty()) co_return Result<void>();
  const auto version = co_await ping(ping_timeout_ms);
  if (!version) co_return version.error();
  co_return Result<void>();
}

ports::Async<http::Response> Api::send(ApiCall call, long ping_timeout_ms) {
  const auto known = co_await negotiate(ping_timeout_ms);
  if (!known) co_return known.error();
  const std::string shape = shape_of(call);
  http::Call made = make_call(std::move(call), true);
  fault_point("docker.before.", shape);
  auto answer = co_await client_.send(std::move(made));
  fault_point("docker.after.", shape);
  if (!answer) co_return note(answer.error());
  co_return answer;
}

ports::Async<http::Response> Api::stream(ApiCall call, http::Client::Sink sink, long ping_timeout_ms) {
  const auto known = co_await negotiate(ping_timeout_ms);
  if (!known) co_return known.error();
  const std::string shape = shape_of(call);
  http::Call made = make_call(std::move(call), true);
  fault_point("docker.before.", shape);
  auto answer = co_await client_.stream(std::move(made), std::move(sink));
  fault_point("docker.after.", shape);
  if (!answer) co_return note(answer.error());
  co_return answer;
}

}  // namespace aura::docker
