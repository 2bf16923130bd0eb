#include "control/cli/client.hpp"

#include "common/async/spawn.hpp"
#include "common/files.hpp"
#include "common/http/client.hpp"
#include "common/protocol/codec.hpp"
#include "common/tailnet/address.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/cli/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

namespace aura::control::cli {
namespace {

constexpr std::size_t max_token_bytes = 16 * 1024;
constexpr std::size_t max_reply_bytes = 64 * 1024 * 1024;  // nodes of a large fleet
constexpr int ms_per_s = 1000;

std::string given(const std::string& option, const char* variable, const char* otherwise) {
  if (!option.empty()) return option;
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string first_word(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.front() != '#') return line.substr(0, line.find_first_of(" \t\r"));
    begin = end + 1;
  }
  return {};
}

// Is that address on this machine, where nobody has a tailnet identity?
bool is_local(const std::string& url) {
  std::string host = url.substr(url.find("://") + 3);
  if (host.find('@') != host.npos) return false;  // what is before it is no host
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    const bool ends_there = end + 1 == host.size() || (end != host.npos && host[end + 1] == ':');
    return ends_there && tailnet::is_loopback(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  return host == "localhost" || tailnet::is_loopback(host);
}

// "" where none is to be sent, which is well over the tailnet.
Result<std::string> token_of(const Connection& connection, const std::string& url) {
  const std::string path = token_file_for(connection, url);
  if (path.empty()) return path;
  const auto text = read_file(path, max_token_bytes);
  if (text.has_error()) {
    return Error{Errc::invalid_argument, text.error().message + "; give the operator token's file with --token-file"};
  }
  std::string token = first_word(*text);
  if (token.empty()) return Error{Errc::invalid_argument, path + " holds no token; give another --token-file"};
  return token;
}

std::string unknown_words(bool had_token) {
  constexpr std::string_view by_tailnet =
      "or let the tailnet grant you a role there (capability aura.dev/cap/control) and send no token";
  if (had_token)
    return fmt::format("aura-control does not know this token; give the right --token-file, {}", by_tailnet);
  return fmt::format("aura-control does not know you; give its operator token with --token-file, {}", by_tailnet);
}

boost::asio::awaitable<void> exchange(http::Client& client, http::Call call, const http::Client::Sink* sink,
                                      std::optional<Result<http::Response>>& out) {
  if (sink == nullptr) {
    out = co_await client.send(std::move(call));
  } else {
    out = co_await client.stream(std::move(call), *sink);
  }
}

}  // namespace

std::string token_file_for(const Connection& connection, const std::string& url) {
  return given(connection.token_file, "AURA_CONTROL_TOKEN_FILE", is_local(url) ? default_token_file : "");
}

class Client::Impl {
 public:
  Impl(std::string url, std::string token) : url_(std::move(url)), token_(std::move(token)), http_(context_) {}

  Result<http::Response> call(std::string method, const std::string& path, std::string body, int timeout_s,
                              const http::Client::Sink* sink = nullptr) {
    http::Call call;
    call.request.method = std::move(method);
    call.request.target = url_ + path;
    if (!token_.empty()) call.request.headers.set("Authorization", "Bearer " + token_);
    if (!body.empty()) call.request.headers.set("Content-Type", "application/json");
    call.request.body = std::move(body);
    call.timeout_ms = static_cast<long>(timeout_s) * ms_per_s;
    call.max_body_bytes = max_reply_bytes;
    std::optional<Result<http::Response>> done;
    context_.restart();
    spawn(context_.get_executor(), "call", exchange(http_, std::move(call), sink, done));
    while (!done && context_.run_one() > 0) {}
    if (!done) return Error{Errc::cancelled, "interrupted"};
    if (done->has_error()) {
      Error error = done->error();
      error.message =
          fmt::format("cannot reach aura-control at {}: {}; is it running, and is --url right?", url_, error.message);
      return error;
    }
    return judge(std::move(**done));
  }

  bool pause(int milliseconds) {
    context_.restart();
    bool over = false, interrupted = false;
    boost::asio::steady_timer timer(context_, std::chrono::milliseconds(milliseconds));
    boost::asio::signal_set signals(context_, SIGINT, SIGTERM);
    timer.async_wait([&over](const boost::system::error_code&) { over = true; });
    signals.async_wait([&interrupted](const boost::system::error_code& failure, int) { interrupted = !failure; });
    while (!over && !interrupted && context_.run_one() > 0) {}
    timer.cancel();
    signals.cancel();
    context_.poll();
    return !interrupted;
  }

 private:
  Result<http::Response> judge(http::Response response) const {
    if (response.status >= 200 && response.status < 300) return response;
    const protocol::ErrorBody body = protocol::decode_error(response.body);
    Error error;
    error.http_status = response.status;
    error.message = body.message;
    if (!error.message.starts_with(body.path)) error.message = body.path + ": " + body.message;
    if (error.message.empty()) error.message = fmt::format("aura-control answered {}", response.status);
    switch (response.status) {
      case 400: error.code = Errc::invalid_argument; break;
      case 401:
        error.code = Errc::unauthorized;
        error.message = unknown_words(!token_.empty());
        break;
      case 403:
        error.code = Errc::forbidden;
        if (token_.empty() && body.code == "role_missing")
          error.message += "; an operator token (--token-file) works, too";
        break;
      case 404: error.code = Errc::not_found; break;
      case 409:
        error.code = Errc::conflict;
        error.message = fmt::format("refused ({}): {}", body.code, error.message);
        break;
      case 429: error.code = Errc::rate_limited; break;
      case 503: error.code = Errc::unavailable; break;
      default: error.code = response.status < 500 ? Errc::forbidden : Errc::internal;
    }
    return error;
  }

  std::string url_, token_;
  boost::asio::io_context context_;
  http::Client http_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::open(const Connection& connection) {
  std::string url = given(connection.url, "AURA_CONTROL_URL", default_url);
  while (url.ends_with('/')) url.pop_back();
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return Error{Errc::invalid_argument, "--url must begin with http:// or https://"};
  }
  auto token = token_of(connection, url);
  if (token.has_error()) return token.error();
  return Client(std::make_unique<Impl>(std::move(url), std::move(*token)));
}

Result<http::Response> Client::get(const std::string& path, int timeout_s) {
  return impl_->call("GET", path, {}, timeout_s);
}

Result<http::Response> Client::post(const std::string& path, std::string body) {
  constexpr int timeout_s = 10;
  return impl_->call("POST", path, std::move(body), timeout_s);
}

Result<void> Client::follow(const std::string& path, const std::function<bool(std::string_view)>& sink) {
  constexpr int no_timeout = 0;
  const http::Client::Sink forward = sink;
  const auto ended = impl_->call("GET", path, {}, no_timeout, &forward);
  if (ended.has_error()) return ended.error();
  return {};
}

bool Client::pause(int milliseconds) { return impl_->pause(milliseconds); }

int report(const Error& error) {
  fmt::print(stderr, "aura-control: {}\n", printable(error.message));
  switch (error.code) {
    case Errc::invalid_argument: return exit_usage;
    case Errc::unavailable:
    case Errc::timeout: return exit_unreachable;
    case Errc::conflict:
    case Errc::unauthorized:
    case Errc::forbidden:
    case Errc::rate_limited: return exit_refused;
    default: return exit_failed;
  }
}

int report_usage(std::string_view message) {
  fmt::print(stderr, "aura-control: {}\n", message);
  return exit_usage;
}

}  // namespace aura::control::cli
