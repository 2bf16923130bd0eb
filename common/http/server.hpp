// The one HTTP server: Beast parses, Asio moves the bytes (http::request_parser::put in a plain function).
//
// A Server serves any number of listeners with one handler on one io_context. Limits hold per connection:
// header and body size, time to send a request, idle time; beyond them 431, 413, 408 and close. A parse error
// is 400. The handler's escaped exception is a 500 and a log line. Keep-alive, no pipelining beyond reading in
// order, no chunked request bodies beyond the body limit. stop() closes everything.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace aura::http {

// Who is at the other end of a connection.
struct Peer {
  bool is_unix = false;
  uid_t uid = static_cast<uid_t>(-1);  // SO_PEERCRED, Unix sockets only
  gid_t gid = static_cast<gid_t>(-1);
  std::vector<gid_t> groups;  // SO_PEERGROUPS (supplementary groups; unix(7), Linux >= 4.13)
  std::string address;        // TCP: literal address without port
  std::uint16_t port = 0;
  std::uint64_t connection = 0;  // of a server's; never given twice
};

// Writes the body of an open-ended response (Server-Sent Events, logs). write() is false once the peer is gone
// or the server stops; what writes must then return.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual boost::asio::awaitable<bool> write(std::string_view bytes) = 0;
  // Completes when the peer has hung up or the server stops; for a body that waits for news.
  virtual boost::asio::awaitable<void> closed() = 0;
  // Ends the connection at once, as if the peer had hung up.
  virtual void abandon() = 0;
};

struct Reply {
  Response response;
  // If set, response.body is ignored and the body is what this writes, chunked, until it returns.
  std::function<boost::asio::awaitable<void>(BodyWriter&)> body_writer;
};

// Answers one request. Runs on the io_context; may suspend as long as it likes (a parked long poll).
using Handler = std::function<boost::asio::awaitable<Reply>(const Request&, const Peer&)>;

// What a new TCP connection counts as.
struct Admission {
  std::string key;            // connections with the same key share `connections_per_key`; "": no such limit
  bool may_reserved = false;  // it may also have one of `reserved_connections`
};

// Judges a new TCP connection; nullopt closes it. It counts as a connection while it is judged.
using Admit = std::function<boost::asio::awaitable<std::optional<Admission>>(const Peer&)>;

struct ServerLimits {
  std::size_t header_bytes = 8 * 1024;
  std::size_t body_bytes = 64 * 1024;
  // A larger body for some targets (heartbeats); returns the limit in bytes for that request's target.
  std::function<std::size_t(std::string_view target)> body_bytes_for;
  int request_timeout_s = 10;    // from the first byte to the last of a request
  int idle_timeout_s = 60;       // between requests
  std::size_t connections = 64;  // beyond it a new one is closed at once
  Admit admit;                   // of TCP connections; without, all are served
  std::size_t connections_per_key = 8;
  std::size_t reserved_connections = 0;  // of `connections`, the last ones: only for whom Admission says so
  int connection_life_s = 0;             // a request that comes later is the connection's last; 0: no end
};

class Server {
 public:
  Server(boost::asio::io_context& context, ServerLimits limits, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens at once; conflict if the address is taken. A stale socket file (nobody answers on it) is
  // replaced; a live one is a conflict. `group` (name) owns the socket file where given.
  Result<void> listen_unix(const std::string& path, mode_t mode, std::optional<std::string> group = {});

  // `address` literal; port 0 takes a free one. Returns the port. With `device` only what arrives through that
  // network device is accepted (SO_BINDTODEVICE, socket(7)).
  Result<std::uint16_t> listen_tcp(const std::string& address, std::uint16_t port, const std::string& device = {});

  // Closes that listener and the connections that came through it; nothing if there is none.
  void close_tcp(const std::string& address, std::uint16_t port);

  // Closes listeners and connections; open handlers see their writer closed. Idempotent.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aura::http
