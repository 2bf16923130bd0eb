#include "common/http/server.hpp"

#include "common/async/spawn.hpp"
#include "common/http/connection.hpp"
#include "common/http/listener.hpp"
#include "common/log.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
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

  void close_tcp(const std::string& address, std::uint16_t port) {
    const auto found = std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
      return listener->listening.address == address && listener->listening.port == port;
    });
    if (found == listeners_.end()) return;
    const std::shared_ptr<Listener> listener = *found;
    listeners_.erase(found);
    error_code ignored;
    listener->descriptor.close(ignored);
    listener->pause.cancel();
    for (Membership* const member : members_) {
      if (member->listener == listener.get()) member->connection->close();
    }
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
    for (Membership* const member : members_) member->connection->close();
  }

 private:
  struct Membership;
  enum class Accepted { one, none, later };

  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener) {
    while (!self->stopped_ && listener->descriptor.is_open()) {
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
    if (members_.size() >= server_->limits.connections) {
      ::close(fd);
      return Accepted::one;
    }
    start(fd, listener);
    return Accepted::one;
  }

  // Once per spell, because it would be said five times a second.
  void report_accept_failure(int error_number) {
    if (std::exchange(accept_failing_, true)) return;
    log::warning("cannot accept connections for now", {{"AURA_ERROR", std::generic_category().message(error_number)}});
  }

  void start(int fd, const Listener& listener) {
    const int family = listener.listening.family;
    Connection::Socket socket(context_);
    error_code error;
    socket.assign(asio::generic::stream_protocol(family, 0), fd, error);
    if (error) {
      ::close(fd);
      return;
    }
    send_without_delay(fd, family);
    Peer peer = identify_peer(fd, family);
    peer.connection = ++connections_made_;
    auto connection = std::make_shared<Connection>(context_, server_, std::move(socket), peer);
    auto membership = std::make_unique<Membership>(shared_from_this(), std::move(connection), &listener);
    if (peer.is_unix || !server_->limits.admit) {
      spawn(context_.get_executor(), "http connection", serve(std::move(membership)));
    } else {
      spawn(context_.get_executor(), "http connection", judge_and_serve(std::move(membership), std::move(peer)));
    }
  }

  // In the set for as long as the coroutine that owns it exists, however that ends.
  struct Membership {
    Membership(std::shared_ptr<Impl> owner, std::shared_ptr<Connection> joined, const Listener* through)
        : impl(std::move(owner)), connection(std::move(joined)), listener(through) {
      impl->members_.insert(this);
    }
    ~Membership() {
      impl->members_.erase(this);
      impl->leave(key);
    }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

    const std::shared_ptr<Impl> impl;
    const std::shared_ptr<Connection> connection;
    const Listener* const listener;  // only compared: it may be gone
    std::string key;
  };

  static asio::awaitable<void> serve(std::unique_ptr<Membership> membership) {
    co_await Connection::serve(membership->connection);
  }

  static asio::awaitable<void> judge_and_serve(std::unique_ptr<Membership> membership, Peer peer) {
    Impl& impl = *membership->impl;
    auto admission = co_await impl.server_->limits.admit(peer);
    if (!admission || !impl.join(*admission)) co_return;
    membership->key = std::move(admission->key);
    co_await Connection::serve(membership->connection);
  }

  bool join(const Admission& admission) {
    const ServerLimits& limits = server_->limits;
    const std::size_t open_to_all = limits.connections - std::min(limits.connections, limits.reserved_connections);
    if (members_.size() > open_to_all && !admission.may_reserved) return false;
    if (admission.key.empty()) return true;
    std::size_t& count = per_key_[admission.key];
    if (count >= limits.connections_per_key) return false;
    ++count;
    return true;
  }

  void leave(const std::string& key) {
    const auto found = per_key_.find(key);
    if (found != per_key_.end() && --found->second == 0) per_key_.erase(found);
  }

  asio::io_context& context_;
  std::shared_ptr<const ServerContext> server_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::unordered_set<Membership*> members_;
  std::map<std::string, std::size_t> per_key_;  // connections by Admission::key
  std::uint64_t connections_made_ = 0;
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

Result<std::uint16_t> Server::listen_tcp(const std::string& address, std::uint16_t port, const std::string& device) {
  auto opened = open_tcp_listener(address, port, device);
  if (!opened) return opened.error();
  const std::uint16_t taken = opened->port;
  impl_->add(std::move(*opened));
  return taken;
}

void Server::close_tcp(const std::string& address, std::uint16_t port) { impl_->close_tcp(address, port); }

void Server::stop() { impl_->stop(); }

}  // namespace aura::http
