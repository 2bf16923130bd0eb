#include "agent/cli/agent_client.hpp"

#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"
#include "common/async/spawn.hpp"
#include "common/http/client.hpp"
#include "common/protocol/codec.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace aura::cli {
namespace {

constexpr long call_timeout_ms = 10'000;
constexpr long ms_per_s = 1'000;
constexpr std::size_t max_reply_bytes = 16 * 1024 * 1024;  // all events that a node keeps

// What connect(2) says about the socket; the HTTP client only knows that nobody answered. 0: somebody listens.
int connect_errno(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  return failed;
}

Error nobody_answers(const std::string& socket, Error error) {
  switch (connect_errno(socket)) {
    case EACCES:
    case EPERM:
      error.code = Errc::unauthorized;
      error.message =
          fmt::format("You may not connect to {}: permission denied. Join the group aura-node or use root.", socket);
      break;
    case ENOENT:
    case ECONNREFUSED:
      error.message = fmt::format(
          "The agent does not answer on {}: it is not running. Start it with systemctl start "
          "aura-node.",
          socket);
      break;
    case ENAMETOOLONG:
      error.code = Errc::invalid_argument;
      error.message = fmt::format("The path of the socket is longer than {} bytes. Give a shorter one with --socket.",
                                  sizeof(sockaddr_un{}.sun_path) - 1);
      break;
    default:
      error.message =
          fmt::format("The agent does not answer on {}: {}. See journalctl -u aura-node.", socket, error.message);
  }
  return error;
}

Errc kind_of(int status) {
  switch (status) {
    case 400:
    case 413:
    case 415: return Errc::invalid_argument;
    case 403: return Errc::forbidden;
    case 404: return Errc::not_found;
    case 409: return Errc::conflict;
    case 429:
    case 503:
    case 507: return Errc::rate_limited;
    default: return Errc::bad_reply;
  }
}

Result<http::Response> judge(http::Response response) {
  if (response.status >= 200 && response.status < 300) return response;
  const protocol::ErrorBody body = protocol::decode_error(response.body);
  Error error;
  error.code = kind_of(response.status);
  error.http_status = response.status;
  error.message = body.path.empty() ? body.message : body.path + ": " + body.message;
  if (!body.code.empty()) {
    const bool refused = response.status == 409;
    error.message = fmt::format("{}{}{}: {}", refused ? "refused (" : "", body.code, refused ? ")" : "", error.message);
  }
  if (error.message.empty()) error.message = fmt::format("the agent answered {}", response.status);
  return error;
}

using Done = std::shared_ptr<std::optional<Result<http::Response>>>;

boost::asio::awaitable<void> exchange(http::Client& client, http::Call call, http::Client::Sink sink, Done done) {
  if (sink) {
    *done = co_await client.stream(std::move(call), std::move(sink));
  } else {
    *done = co_await client.send(std::move(call));
  }
}

}  // namespace

class AgentClient::Impl {
 public:
  explicit Impl(std::string socket) : socket_(std::move(socket)), signals_(context_, SIGINT, SIGTERM), http_(context_) {
    signals_.async_wait(
        [this](const boost::system::error_code& failure, int) { interrupted_ = interrupted_ || !failure; });
  }

  Result<http::Response> call(http::Request request, long timeout_ms, http::Client::Sink sink) {
    http::Call call;
    call.request = std::move(request);
    // The path names the peer; the agent takes this Host.
    call.request.target = "http://localhost" + call.request.target;
    call.unix_socket = socket_;
    call.timeout_ms = timeout_ms;
    call.max_body_bytes = max_reply_bytes;
    const auto done = std::make_shared<std::optional<Result<http::Response>>>();
    spawn(context_.get_executor(), "call", exchange(http_, std::move(call), std::move(sink), done));
    while (!*done && !interrupted_ && context_.run_one() > 0) {}
    if (!*done) return Error{Errc::cancelled, "interrupted"};
    if ((*done)->has_value()) return judge(std::move((*done)->value()));
    Error error = (*done)->error();
    const bool unheard = error.code == Errc::unavailable || error.code == Errc::timeout;
    return unheard ? nobody_answers(socket_, std::move(error)) : error;
  }

  bool pause(int milliseconds, int input) {
    bool over = false;
    int pending = 1;
    const auto ended = [&](const boost::system::error_code&) {
      over = true;
      --pending;
    };
    boost::asio::steady_timer timer(context_, std::chrono::milliseconds(milliseconds));
    timer.async_wait(ended);
    boost::asio::posix::stream_descriptor descriptor(context_);
    boost::system::error_code failed;
    if (input >= 0) descriptor.assign(input, failed);
    if (descriptor.is_open()) {
      ++pending;
      descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read, ended);
    }
    while (!over && !interrupted_ && context_.run_one() > 0) {}
    timer.cancel();
    if (descriptor.is_open()) descriptor.cancel(failed);
    while (pending > 0 && context_.run_one() > 0) {}
    if (descriptor.is_open()) descriptor.release();
    return !interrupted_;
  }

  bool interrupted() const { return interrupted_; }

 private:
  std::string socket_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  http::Client http_;
  bool interrupted_ = false;
};

AgentClient::AgentClient(std::string socket) : socket_(std::move(socket)), impl_(std::make_unique<Impl>(socket_)) {}
AgentClient::~AgentClient() = default;

Result<http::Response> AgentClient::get(const std::string& path, int wait_s) {
  http::Request request;
  request.target = path;
  return impl_->call(std::move(request), call_timeout_ms + wait_s * ms_per_s, {});
}

Result<http::Response> AgentClient::post(const std::string& path, std::string json) {
  http::Request request;
  request.method = "POST";
  request.target = path;
  request.headers.set("Content-Type", "application/json");
  request.body = std::move(json);
  return impl_->call(std::move(request), call_timeout_ms, {});
}

Result<http::Response> AgentClient::stream(const std::string& path, const std::function<bool(std::string_view)>& sink) {
  constexpr long no_timeout = 0;
  http::Request request;
  request.target = path;
  return impl_->call(std::move(request), no_timeout, sink);
}

bool AgentClient::pause(int milliseconds, int input) { return impl_->pause(milliseconds, input); }
bool AgentClient::interrupted() const { return impl_->interrupted(); }

int report(const Error& error) {
  complain(printable(error.message));
  switch (error.code) {
    case Errc::invalid_argument: return exit_usage;
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::unauthorized: return exit_unreachable;
    case Errc::conflict:
    case Errc::forbidden:
    case Errc::rate_limited: return exit_refused;
    case Errc::cancelled: return exit_interrupted;
    default: return exit_failed;
  }
}

}  // namespace aura::cli
