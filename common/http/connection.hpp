// One connection of a Server: reads requests in order, asks the handler, writes what it answers; private to
// common/http.
//
// It waits for readiness and then calls read and write itself, so that a connection that waits holds no buffer.
#pragma once

#include "common/http/server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aura::http {

// What all connections of a server share.
struct ServerContext {
  ServerLimits limits;
  Handler handler;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Connection(boost::asio::io_context& context, std::shared_ptr<const ServerContext> server, Socket socket, Peer peer);

  // Serves until the peer or close() ends it. `self` keeps the connection alive.
  static boost::asio::awaitable<void> serve(std::shared_ptr<Connection> self);

  // Ends it at once: pending reads and writes fail, a writer sees its peer gone. A handler that waits for
  // something else goes on; its answer is thrown away.
  void close();

 private:
  class Writer;
  struct Received {
    Request request;
    bool keep_alive = false;
    bool chunks = true;
  };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<std::optional<Received>> read_request();
  boost::asio::awaitable<bool> answer(Received received);
  boost::asio::awaitable<bool> stream_body(Reply reply, bool chunked);
  boost::asio::awaitable<void> refuse(int status, std::string_view code, std::string_view message);
  boost::asio::awaitable<void> drain();
  boost::asio::awaitable<bool> fill();
  boost::asio::awaitable<bool> write_all(std::string_view bytes);
  boost::asio::awaitable<void> wait_for_hang_up();

  bool take_available();
  bool too_old() const;
  void set_deadline(int seconds);
  void clear_deadline();

  std::shared_ptr<const ServerContext> server_;
  Socket socket_;
  boost::asio::steady_timer deadline_;
  const boost::asio::steady_timer::time_point began_ = boost::asio::steady_timer::clock_type::now();
  const Peer peer_;
  std::string pending_;     // received and not yet used
  bool timed_out_ = false;  // the deadline passed
  bool gone_ = false;       // the peer hung up, or close()
};

}  // namespace aura::http
