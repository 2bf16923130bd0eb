// The server against peers that are slow, malformed, too large or gone.
#include "common/http/server.hpp"

#include "support.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

using namespace aura;
using namespace aura::http;
using namespace aura::http::test;

namespace {

asio::awaitable<Reply> ok() {
  Reply reply;
  reply.response.body = "ok";
  co_return reply;
}

struct Fixture {
  asio::io_context context;
  int handled = 0;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;

  explicit Fixture(ServerLimits limits = {}) {
    server = std::make_unique<Server>(context, std::move(limits), [this](const Request&, const Peer&) {
      ++handled;
      return ok();
    });
    port = server->listen_tcp("127.0.0.1", 0).value();
  }
  std::string ask(std::string bytes) { return run(context, talk(context, port, std::move(bytes))); }
};

std::string post(std::size_t length, const std::string& target = "/") {
  return "POST " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

// A connected socket without a coroutine, for peers that just sit there.
tcp::socket connect(asio::io_context& context, std::uint16_t port) {
  tcp::socket socket(context);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  return socket;
}

}  // namespace

TEST_CASE("what is not HTTP gets 400 and never reaches the handler") {
  Fixture f;
  for (const char* const bytes : {"hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                  "\x16\x03\x01\x02\x01\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
                                  "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    CAPTURE(bytes);
    const std::string answer = f.ask(bytes);
    CHECK(answer.starts_with("HTTP/1.1 400 "));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.find(R"({"error":{"code":"bad_request")") != std::string::npos);
  }
  CHECK(f.handled == 0);
}

TEST_CASE("a header beyond its limit gets 431, in one line or in many, ended or not") {
  Fixture f;
  const std::string start = "GET / HTTP/1.1\r\n";
  CHECK(f.ask(start + "X: " + std::string(9000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  CHECK(f.ask(start + "X: " + std::string(300000, 'x')).starts_with("HTTP/1.1 431 "));
  CHECK(f.ask("GET /" + std::string(9000, 'x')).starts_with("HTTP/1.1 431 "));
  std::string lines = start;
  for (int i = 0; i < 1000; ++i) lines += "X-" + std::to_string(i) + ": value\r\n";
  CHECK(f.ask(lines).starts_with("HTTP/1.1 431 "));
  CHECK(f.handled == 0);
}

TEST_CASE("a body beyond its limit gets 413, and one at the limit is taken") {
  ServerLimits limits;
  limits.body_bytes = 1000;
  limits.body_bytes_for = [](std::string_view target) -> std::size_t { return target == "/large" ? 2000 : 1000; };
  Fixture f(std::move(limits));
  CHECK(f.ask(post(1000) + std::string(1000, 'x')).starts_with("HTTP/1.1 200 "));
  CHECK(f.ask(post(1001) + std::string(1001, 'x')).starts_with("HTTP/1.1 413 "));
  CHECK(f.ask(post(500000) + std::string(500000, 'x')).starts_with("HTTP/1.1 413 "));
  CHECK(f.ask(post(2000, "/large") + std::string(2000, 'x')).starts_with("HTTP/1.1 200 "));
  CHECK(f.ask(post(99999999999)).starts_with("HTTP/1.1 413 "));
  CHECK(f.handled == 2);
}

TEST_CASE("a chunked body beyond its limit gets 413") {
  ServerLimits limits;
  limits.body_bytes = 1000;
  Fixture f(std::move(limits));
  std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) bytes += "64\r\n" + std::string(100, 'x') + "\r\n";
  CHECK(f.ask(bytes).starts_with("HTTP/1.1 413 "));
  CHECK(f.handled == 0);
}

TEST_CASE("a request that does not arrive in time gets 408, an idle connection is just closed") {
  ServerLimits limits;
  limits.request_timeout_s = 1;
  limits.idle_timeout_s = 1;
  Fixture f(std::move(limits));
  CHECK(f.ask("GET / HT").starts_with("HTTP/1.1 408 "));
  CHECK(f.ask(post(10) + "half").starts_with("HTTP/1.1 408 "));
  CHECK(f.ask("").empty());
  CHECK(f.handled == 0);
}

TEST_CASE("a request that drips in byte by byte gets 408 although it never stands still") {
  ServerLimits limits;
  limits.request_timeout_s = 1;
  Fixture f(std::move(limits));
  const auto drip = [](asio::io_context& context, std::uint16_t port) -> asio::awaitable<std::string> {
    tcp::socket socket(context);
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    asio::steady_timer pace(context);
    const std::string text = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'x');
    std::string answer(4096, '\0');
    for (const char c : text) {
      error_code error;
      co_await asio::async_write(socket, asio::buffer(&c, 1), asio::redirect_error(asio::use_awaitable, error));
      if (error || socket.available(error) > 0) break;
      pace.expires_after(std::chrono::milliseconds(20));
      co_await pace.async_wait(asio::use_awaitable);
    }
    const std::size_t got = co_await socket.async_read_some(asio::buffer(answer), asio::use_awaitable);
    answer.resize(got);
    co_return answer;
  };
  CHECK(run(f.context, drip(f.context, f.port)).starts_with("HTTP/1.1 408 "));
  CHECK(f.handled == 0);
}

TEST_CASE("connections beyond the limit are closed at once, and there is room again when others go") {
  ServerLimits limits;
  limits.connections = 2;
  Fixture f(std::move(limits));
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  {
    const tcp::socket one = connect(f.context, f.port);
    const tcp::socket two = connect(f.context, f.port);
    CHECK(f.ask(request).empty());
  }
  // One round of the loop, for the server to see that the two are gone.
  f.context.restart();
  f.context.poll();
  CHECK(f.ask(request).ends_with("ok"));
}

TEST_CASE("a stream's writer learns that its peer is gone, waiting or writing") {
  asio::io_context context;
  bool parked = false;
  bool closed_seen = false;
  bool write_failed = false;
  const auto wait_for_close = [&](BodyWriter& writer) -> asio::awaitable<void> {
    parked = true;
    co_await writer.closed();
    closed_seen = true;
  };
  const auto write_for_ever = [&](BodyWriter& writer) -> asio::awaitable<void> {
    const std::string piece(16 * 1024, 'x');
    bool going = true;
    while (going) going = co_await writer.write(piece);
    write_failed = true;
  };
  Server server(context, ServerLimits{}, [&](const Request& request, const Peer&) -> asio::awaitable<Reply> {
    Reply reply;
    if (request.target == "/wait") reply.body_writer = wait_for_close;
    if (request.target == "/write") reply.body_writer = write_for_ever;
    co_return reply;
  });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();

  tcp::socket waiting = connect(context, port);
  asio::write(waiting, asio::buffer(std::string("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")));
  REQUIRE(run_until(context, [&] { return parked; }));
  waiting.close();
  REQUIRE(run_until(context, [&] { return closed_seen; }));

  tcp::socket reading = connect(context, port);
  asio::write(reading, asio::buffer(std::string("GET /write HTTP/1.1\r\nHost: x\r\n\r\n")));
  bool flowing = false;
  reading.async_wait(tcp::socket::wait_read, [&](const error_code&) { flowing = true; });
  REQUIRE(run_until(context, [&] { return flowing; }));
  reading.close();
  REQUIRE(run_until(context, [&] { return write_failed; }));
}

TEST_CASE("a writer can wait for news and for the hang-up at once, and write after the news") {
  using namespace asio::experimental::awaitable_operators;
  asio::io_context context;
  asio::steady_timer news(context, asio::steady_timer::time_point::max());
  bool waiting = false;
  bool ended = false;
  Server server(context, ServerLimits{}, [&](const Request&, const Peer&) -> asio::awaitable<Reply> {
    Reply reply;
    reply.body_writer = [&](BodyWriter& writer) -> asio::awaitable<void> {
      while (true) {
        waiting = true;
        error_code ignored;
        auto for_news = news.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto which = co_await (std::move(for_news) || writer.closed());
        if (which.index() == 1) break;
        const bool written = co_await writer.write("news");
        if (!written) break;
        news.expires_at(asio::steady_timer::time_point::max());
      }
      ended = true;
    };
    co_return reply;
  });
  tcp::socket socket = connect(context, server.listen_tcp("127.0.0.1", 0).value());
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  std::string seen;
  std::string buffer(4096, '\0');
  std::function<void(const error_code&, std::size_t)> on_read = [&](const error_code& error, std::size_t got) {
    seen.append(buffer, 0, got);
    if (!error) socket.async_read_some(asio::buffer(buffer), on_read);
  };
  socket.async_read_some(asio::buffer(buffer), on_read);
  for (int i = 1; i <= 2; ++i) {
    REQUIRE(run_until(context, [&] { return waiting; }));
    waiting = false;
    news.cancel();
    REQUIRE(run_until(context, [&] {
      std::size_t pieces = 0;
      for (std::size_t at = seen.find("news"); at != std::string::npos; at = seen.find("news", at + 1)) ++pieces;
      return pieces == static_cast<std::size_t>(i) && waiting;
    }));
  }
  socket.close();
  REQUIRE(run_until(context, [&] { return ended; }));
}

TEST_CASE("without free descriptors the server neither ends nor spins, and serves again afterwards") {
  Fixture f;
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  tcp::socket socket(f.context, tcp::v4());
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
  const int lowest_free = ::fcntl(socket.native_handle(), F_DUPFD_CLOEXEC, 0);
  ::close(lowest_free);
  rlimit none = old;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), f.port));
  f.context.restart();
  const std::size_t handlers_run = f.context.run_for(std::chrono::milliseconds(500));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
  CHECK(handlers_run < 20);

  asio::write(socket, asio::buffer(request));
  bool answered = false;
  socket.async_wait(tcp::socket::wait_read, [&](const error_code&) { answered = true; });
  REQUIRE(run_until(f.context, [&] { return answered; }));
  CHECK(f.handled == 1);
}
