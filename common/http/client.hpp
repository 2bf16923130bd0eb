// The one HTTP client: libcurl's multi interface on an Asio io_context (curl_multi_socket_action(3)).
//
// One Client per io_context and thread; connections are kept and reused per host or socket. It follows no
// redirect, uses no proxy unless told, sends no Expect header and reads no more than a request allows.
// Results: any HTTP status is a Response (the caller judges it); an Error is unavailable (refused, reset,
// unresolved, TLS, broken off), timeout, too_large, bad_reply (no HTTP/1), cancelled, or invalid_argument (a URL
// that is not http or https, a line break in a header: nothing was sent). Destroying the Client completes what
// is open with cancelled. Cancelling the awaiting coroutine (Asio cancellation, terminal) ends its transfer.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aura::http {

struct Call {
  Request request;
  std::string unix_socket;   // path; empty: TCP by the URL
  long timeout_ms = 10'000;  // whole exchange; 0: none (streams only)
  long connect_timeout_ms = 3'000;
  std::size_t max_body_bytes = 1 << 20;
  // Literal address to connect to instead of resolving the URL's host. Compared again with what the connection, also
  // a reused one, is really made to: with another nothing is sent, and the result is forbidden.
  std::string pin_address;
  // Literal addresses of our own one of which the connection must come from, compared likewise; empty: any. An address
  // says who is meant, only the way there says that it is them: a route that is missing would lead to a neighbour who
  // has taken the same address.
  std::vector<std::string> from_addresses;
  std::string socks5;  // "ADDRESS:PORT" of a SOCKS5 proxy (RFC 1928), which is given pin_address; "": none
};

class Client {
 public:
  static constexpr long default_connections_kept = 8;
  // connections_kept: so many idle connections stay open for reuse, over all hosts and sockets.
  explicit Client(boost::asio::io_context& context, long connections_kept = default_connections_kept);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One exchange, body collected.
  boost::asio::awaitable<Result<Response>> send(Call call);

  // As send(), but a 2xx body goes to `sink` piece by piece as it arrives and is not collected (max_body_bytes
  // does not count); `sink` returns false to end the transfer, which then is a success. `sink` must not call
  // the Client. Any other status is collected as by send().
  using Sink = std::function<bool(std::string_view)>;
  boost::asio::awaitable<Result<Response>> stream(Call call, Sink sink);

  // Closes idle connections, so that the next call makes a new one (after a peer's restart).
  void drop_idle_connections();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aura::http
