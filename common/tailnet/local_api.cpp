#include "common/tailnet/local_api.hpp"

#include "common/tailnet/address.hpp"
#include "common/tailnet/local_api_json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace aura::tailnet {
namespace asio = boost::asio;
namespace {

// Any other Host is refused (ipn/localapi, validHost).
constexpr const char* base = "http://local-tailscaled.sock/localapi/v0";
// Initial state and health (ipn.NotifyWatchOpt). A line comes for every change of peers and grants with any mask; with
// this one it stays small.
constexpr int bus_mask = 2 | 128;
constexpr std::size_t small_body_bytes = 256 * 1024;
constexpr std::size_t peers_body_bytes = 16 * 1024 * 1024;

// What connect(2) says of a Unix socket; libcurl says only that it failed.
int connect_error(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = connected == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

}  // namespace

LocalApi::LocalApi(http::Client& client, std::string socket) : client_(client), socket_(std::move(socket)) {}

Error LocalApi::told_apart(Error error) const {
  if (error.code != Errc::unavailable) return error;
  const int number = connect_error(socket_);
  if (number == EACCES || number == EPERM) {
    return {Errc::forbidden, fmt::format("{} may not be opened by this user", socket_)};
  }
  if (number == ENOENT || number == ECONNREFUSED) {
    return {Errc::unavailable, fmt::format("nobody listens on {}", socket_)};
  }
  return error;
}

asio::awaitable<Result<http::Response>> LocalApi::get(std::string path, std::size_t max_body_bytes) {
  http::Call call;
  call.request.target = base + path;
  call.unix_socket = socket_;
  call.timeout_ms = local_call_ms;
  call.max_body_bytes = max_body_bytes;
  auto response = co_await client_.send(std::move(call));
  if (!response) co_return told_apart(response.error());
  if (response->status == 404) co_return Error{Errc::not_found, "tailscaled knows nobody of that address", 404};
  if (response->status != 200) {
    co_return Error{Errc::bad_reply, fmt::format("tailscaled answered {}", response->status), response->status};
  }
  co_return response;
}

asio::awaitable<Result<Status>> LocalApi::status() {
  const auto response = co_await get("/status?peers=false", small_body_bytes);
  if (!response) co_return response.error();
  co_return decode_status(response->body);
}

asio::awaitable<Result<Device>> LocalApi::find(std::string name) {
  const auto response = co_await get("/status", peers_body_bytes);
  if (!response) co_return response.error();
  auto device = decode_device(response->body, name);
  if (!device) co_return device.error();
  if (!*device) co_return Error{Errc::not_found, fmt::format("the tailnet shows this node no device called {}", name)};
  co_return std::move(**device);
}

asio::awaitable<Result<Identity>> LocalApi::whois(std::string address, std::uint16_t port) {
  const std::string who = port == 0 ? address : join(address, port);
  const auto response = co_await get("/whois?proto=tcp&addr=" + http::percent_encode(who), small_body_bytes);
  if (!response) co_return response.error();
  co_return decode_identity(response->body);
}

asio::awaitable<Result<void>> LocalApi::watch(std::function<void()> changed) {
  http::Call call;
  call.request.target = fmt::format("{}/watch-ipn-bus?mask={}", base, bus_mask);
  call.unix_socket = socket_;
  call.timeout_ms = bus_life_ms;
  const auto ended = co_await client_.stream(std::move(call), [changed = std::move(changed)](std::string_view piece) {
    if (piece.find('\n') != piece.npos) changed();
    return true;
  });
  if (!ended) co_return told_apart(ended.error());
  if (ended->status != 200) co_return Error{Errc::bad_reply, fmt::format("tailscaled answered {}", ended->status)};
  co_return Result<void>();
}

}  // namespace aura::tailnet
