// Who gets a connection, how many, and for how long.
#include "common/http/client.hpp"
#include "common/http/server.hpp"

#include "support.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

using namespace aura;
using namespace aura::http;
using namespace aura::http::test;

namespace {

asio::awaitable<Reply> ok() {
  Reply reply;
  reply.response.body = "ok";
  co_return reply;
}

Handler answering() {
  return [](const Request&, const Peer&) { return ok(); };
}

asio::awaitable<std::optional<Admission>> admitted(std::optional<Admission> admission) { co_return admission; }

constexpr const char* request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// A connection that is kept open.
class Kept {
 public:
  Kept(asio::io_context& context, std::uint16_t port) : context_(context), socket_(context) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  }
  // Asks, and tells whether it was answered; false: the server closed.
  bool served() {
    error_code error;
    asio::write(socket_, asio::buffer(std::string(request)), error);
    return run(context_, answered());
  }

 private:
  asio::awaitable<bool> answered() {
    std::string buffer(4096, '\0');
    error_code error;
    const std::size_t got =
        co_await socket_.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    co_return !error && got > 0;
  }
  asio::io_context& context_;
  tcp::socket socket_;
};

}  // namespace

TEST_CASE("one peer has so many connections, another still gets in, and a closed one makes room") {
  asio::io_context context;
  std::string key = "a";
  ServerLimits limits;
  limits.connections_per_key = 2;
  limits.admit = [&key](const Peer&) { return admitted(Admission{key}); };
  Server server(context, limits, answering());
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  auto first = std::make_unique<Kept>(context, port);
  CHECK(first->served());
  Kept second(context, port);
  CHECK(second.served());
  CHECK_FALSE(Kept(context, port).served());
  key = "b";
  CHECK(Kept(context, port).served());
  key = "a";
  first.reset();
  // The server sees the end of the first at its own time.
  REQUIRE(run_until(context, [&] { return Kept(context, port).served(); }));
}

TEST_CASE("the last connections are for those who may have the reserve") {
  asio::io_context context;
  bool trusted = false;
  ServerLimits limits;
  limits.connections = 3;
  limits.reserved_connections = 1;
  limits.admit = [&trusted](const Peer&) { return admitted(Admission{"", trusted}); };
  Server server(context, limits, answering());
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  Kept first(context, port), second(context, port);
  CHECK(first.served());
  CHECK(second.served());
  CHECK_FALSE(Kept(context, port).served());
  trusted = true;
  Kept third(context, port);
  CHECK(third.served());
  CHECK_FALSE(Kept(context, port).served());
}

TEST_CASE("whom nobody admits is closed without an answer") {
  asio::io_context context;
  ServerLimits limits;
  limits.admit = [](const Peer&) { return admitted(std::nullopt); };
  Server server(context, limits, answering());
  CHECK_FALSE(Kept(context, server.listen_tcp("127.0.0.1", 0).value()).served());
}

TEST_CASE("a connection that is older than its life is closed after its answer") {
  asio::io_context context;
  ServerLimits limits;
  limits.connection_life_s = 1;
  Server server(context, limits, answering());
  Kept kept(context, server.listen_tcp("127.0.0.1", 0).value());
  CHECK(kept.served());
  asio::steady_timer later(context, std::chrono::milliseconds(1'050));
  bool over = false;
  later.async_wait([&over](const error_code&) { over = true; });
  REQUIRE(run_until(context, [&over] { return over; }));
  CHECK(kept.served());
  CHECK_FALSE(kept.served());
}

TEST_CASE("a closed listener takes its connections with it, another listener and its own stay") {
  asio::io_context context;
  Server server(context, {}, answering());
  const auto gone = server.listen_tcp("127.0.0.1", 0).value();
  const auto stays = server.listen_tcp("127.0.0.1", 0).value();
  Kept on_gone(context, gone), on_stays(context, stays);
  CHECK(on_gone.served());
  CHECK(on_stays.served());
  server.close_tcp("127.0.0.1", gone);
  CHECK_FALSE(on_gone.served());
  CHECK(on_stays.served());
  CHECK_THROWS(Kept(context, gone));
  server.close_tcp("127.0.0.1", gone);
  CHECK(server.listen_tcp("127.0.0.1", gone).has_value());
}

TEST_CASE("a listener on a device that is not there is an error, not a listener on all devices") {
  asio::io_context context;
  Server server(context, {}, answering());
  CHECK(server.listen_tcp("127.0.0.1", 0, "no-such-device").has_error());
}

TEST_CASE("a listener on a device takes what comes through it") {
  asio::io_context context;
  Server server(context, {}, answering());
  CHECK(Kept(context, server.listen_tcp("127.0.0.1", 0, "lo").value()).served());
}

TEST_CASE("a pinned address is where the call goes, whatever the name says") {
  asio::io_context context;
  Server server(context, {}, answering());
  Client client(context);
  Call call;
  call.request.target =
      "http://control.example.test:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value()) + "/";
  call.pin_address = "127.0.0.1";
  CHECK(run(context, client.send(call)).value().body == "ok");
}

TEST_CASE("through a SOCKS5 proxy the pinned address is asked for, not the name") {
  asio::io_context context;
  // Version 5, no authentication; then a refusal: the peer hangs up.
  ScriptedPeer proxy(context, std::string("\x05\x00", 2), ScriptedPeer::Then::hang);
  Client client(context);
  Call call;
  call.request.target = "http://control.example.test:8080/";
  call.pin_address = "100.64.0.9";
  call.socks5 = "127.0.0.1:" + std::to_string(proxy.port());
  call.timeout_ms = 500;
  CHECK(run(context, client.send(call)).has_error());
  // RFC 1928: version, connect, reserved, IPv4, four bytes of address, port.
  CHECK(proxy.received().find(std::string("\x05\x01\x00\x01\x64\x40\x00\x09\x1f\x90", 10)) != std::string::npos);
  CHECK(proxy.received().find("example") == std::string::npos);
}
