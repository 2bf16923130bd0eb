#include "common/http/server.hpp"

#include "common/async/spawn.hpp"
#include "common/http/connection.hpp"
#include "common/http/listener.hpp"
#include "common/log.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace aura::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long an accept loop leaves new connections in the backlog after the system had no descriptor or memory.
constexpr std::chrono::milliseconds accept_pause{200};
// Connections taken in one go before others get their turn.
constexpr int accept_batch = 64;

struct Listener {
  Listener(asio::io_context& context, Listening opened)
      : listening(std::move(opened)), descriptor(context, listening.fd), pause(context) {}

  const Listening listening;
  asio::posix::stream_descriptor descriptor;  // owns listening.fd
  asio::steady_timer pause;
};

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, ServerLimits limits, Handler handler) : context_(context) {
    auto shared = std::make_shared<ServerContext>();
    shared->limits = std::move(limits);
    shared->handler = std::move(handler);
    server_ = std::move(shared);
  }

  void add(Listening listening) {
    auto listener = std::make_shared<Listener>(context_, std::move(listening));
    listeners_.push_back(listener);
    spawn(context_.get_executor(), "http accept", accept_loop(shared_from_this(), std::move(listener)));
  }

  void stop() {
    stopped_ = true;
    for (const auto& listener : listeners_) {
      remove_socket_file(listener->listening);
      error_code ignored;
      listener->descriptor.close(ignored);
      listener->pause.cancel();
    }
    listeners_.clear();
    // close() only wakes the connections; they leave the set when their coroutines go on.
    for (Connection* const connection : connections_) connection->close();
  }

 private:
  enum class Accepted { one, none, later };

  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener) {
    while (!self->stopped_) {
      error_code error;
      co_await listener->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                               asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      Accepted last = Accepted::one;
      for (int i = 0; i < accept_batch && last == Accepted::one; ++i) last = self->accept_one(*listener);
      if (last == Accepted::later) {
        listener->pause.expires_after(accept_pause);
        co_await listener->pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
    }
  }

  Accepted accept_one(Listener& listener) {
    const int fd = ::accept4(listener.listening.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      switch (errno) {
        case EAGAIN: return Accepted::none;
        // The peer was quicker to go (accept(2) lists these as "retry").
        case EINTR:
        case ECONNABORTED:
        case EPROTO: return Accepted::one;
        default: report_accept_failure(errno); return Accepted::later;
      }
    }
    accept_failing_ = false;
    if (connections_.size() >= server_->limits.connections) {
      ::close(fd);
      return Accepted::one;
    }
    start(fd, listener.listening.family);
    return Accepted::one;
  }

  // Once per spell, because it would be said five times a second.
  void report_accept_failure(int error_number) {
    if (std::exchange(accept_failing_, true)) return;
    log::warning("cannot accept connections for now", {{"AURA_ERROR", std::generic_category().message(error_number)}});
  }

  void start(int fd, int family) {
    Connection::Socket socket(context_);
    error_code error;
    socket.assign(asio::generic::stream_protocol(family, 0), fd, error);
    if (error) {
      ::close(fd);
      return;
    }
    send_without_delay(fd, family);
    auto connection = std::make_shared<Connection>(context_, server_, std::move(socket), identify_peer(fd, family));
    auto membership = std::make_unique<Membership>(shared_from_this(), std::move(connection));
    spawn(context_.get_executor(), "http connection", serve(std::move(membership)));
  }

  // In the set for as long as the coroutine that owns it exists, however that ends.
  struct Membership {
    Membership(std::shared_ptr<Impl> owner, std::shared_ptr<Connection> joined)
        : impl(std::move(owner)), connection(std::move(joined)) {
      impl->connections_.insert(connection.get());
    }
    ~Membership() { impl->connections_.erase(connection.get()); }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

    const std::shared_ptr<Impl> impl;
    const std::shared_ptr<Connection> connection;
  };

  static asio::awaitable<void> serve(std::unique_ptr<Membership> membership) {
    co_await Connection::serve(membership->connection);
  }

  asio::io_context& context_;
  std::shared_ptr<const ServerContext> server_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::unordered_set<Connection*> connections_;
  bool stopped_ = false;
  bool accept_failing_ = false;
};

Server::Server(asio::io_context& context, ServerLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(context, std::move(limits), std::move(handler))) {}

Server::~Server() { stop(); }

Result<void> Server::listen_unix(const std::string& path, mode_t mode, std::optional<std::string> group) {
  auto opened = open_unix_listener(path, mode, group);
  if (!opened) return opened.error();
  impl_->add(std::move(*opened));
  return {};
}

Result<std::uint16_t> Server::listen_tcp(const std::string& address, std::uint16_t port) {
  auto opened = open_tcp_listener(address, port);
  if (!opened) return opened.error();
  const std::uint16_t taken = opened->port;
  impl_->add(std::move(*opened));
  return taken;
}

void Server::stop() { impl_->stop(); }

}  // namespace aura::http
