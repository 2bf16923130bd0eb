// What the server does for peers that behave.
#include "common/http/server.hpp"
#include "common/http/client.hpp"

#include "support.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <grp.h>
#include <sys/stat.h>

using namespace aura;
using namespace aura::http;
using namespace aura::http::test;

namespace {

asio::awaitable<Reply> say(std::string text) {
  Reply reply;
  reply.response.body = std::move(text);
  co_return reply;
}

Handler saying_target() {
  return [](const Request& request, const Peer&) { return say(request.target); };
}

asio::awaitable<void> three_pieces(BodyWriter& writer) {
  for (const std::string_view piece : {"one ", "", "two ", "three"}) {
    const bool written = co_await writer.write(piece);
    if (!written) co_return;
  }
}

asio::awaitable<Reply> streamed() {
  Reply reply;
  reply.response.headers.set("Content-Type", "text/plain");
  reply.body_writer = three_pieces;
  co_return reply;
}

}  // namespace

TEST_CASE("requests that arrive together are answered in order on one connection") {
  asio::io_context context;
  Server server(context, ServerLimits{}, saying_target());
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer =
      run(context, talk(context, port,
                        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: "
                        "2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const auto first = answer.find("/1");
  const auto second = answer.find("/2");
  const auto third = answer.find("/3");
  REQUIRE(third != std::string::npos);
  CHECK(first < second);
  CHECK(second < third);
  CHECK(answer.find("Connection: close") > second);
}

TEST_CASE("HTTP/1.0 is answered and closed") {
  asio::io_context context;
  Server server(context, ServerLimits{}, [](const Request&, const Peer&) { return streamed(); });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer = run(context, talk(context, port, "GET / HTTP/1.0\r\n\r\n"));
  CHECK(answer.find("chunked") == std::string::npos);
  CHECK(answer.ends_with("\r\n\r\none two three"));
}

TEST_CASE("a streamed body arrives whole, an empty piece does not end it, and the connection is used again") {
  asio::io_context context;
  Server server(context, ServerLimits{}, [](const Request&, const Peer&) { return streamed(); });
  Client client(context);
  Call call;
  call.request.target = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value()) + "/";
  for (int i = 0; i < 2; ++i) {
    const Response response = run(context, client.send(call)).value();
    CHECK(response.body == "one two three");
    CHECK(response.headers.get("transfer-encoding") == "chunked");
    CHECK(response.headers.get("content-type") == "text/plain");
  }
}

TEST_CASE("a chunked request body is put together") {
  asio::io_context context;
  Server server(context, ServerLimits{},
                [](const Request& request, const Peer&) { return say("<" + request.body + ">"); });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer =
      run(context, talk(context, port,
                        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: "
                        "close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  CHECK(answer.ends_with("<abcde>"));
}

TEST_CASE("a peer that expects 100 Continue is told to go on") {
  asio::io_context context;
  Server server(context, ServerLimits{},
                [](const Request& request, const Peer&) { return say("<" + request.body + ">"); });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer =
      run(context, talk(context, port,
                        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: "
                        "close\r\n\r\nabc"));
  CHECK(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("<abc>"));
}

TEST_CASE("a handler's exception is a 500 that does not tell what it was") {
  asio::io_context context;
  Server server(context, ServerLimits{},
                [](const Request&, const Peer&) -> asio::awaitable<Reply> { throw std::runtime_error("inside"); });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer = run(context, talk(context, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(answer.starts_with("HTTP/1.1 500 "));
  CHECK(answer.find("inside") == std::string::npos);
}

TEST_CASE("a handler cannot split the header of its answer") {
  asio::io_context context;
  Server server(context, ServerLimits{}, [](const Request&, const Peer&) -> asio::awaitable<Reply> {
    Reply reply;
    reply.response.headers.set("X-A", "1\r\nX-B: 2");
    reply.response.headers.set("content-length", "99");
    co_return reply;
  });
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  const std::string answer =
      run(context, talk(context, port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  CHECK(answer.find("X-A: 1X-B: 2\r\n") != std::string::npos);
  CHECK(answer.find("99") == std::string::npos);
}

TEST_CASE("the peer of a Unix socket is known by user, group and supplementary groups") {
  asio::io_context context;
  Folder folder;
  Peer seen;
  Server server(context, ServerLimits{}, [&seen](const Request&, const Peer& peer) {
    seen = peer;
    return say("ok");
  });
  REQUIRE(server.listen_unix(folder.socket(), 0660));
  struct stat status {};
  REQUIRE(::stat(folder.socket().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0660);

  Client client(context);
  Call call;
  call.unix_socket = folder.socket();
  call.request.target = "http://node/";
  REQUIRE(run(context, client.send(call)).has_value());
  CHECK(seen.is_unix);
  CHECK(seen.uid == ::geteuid());
  CHECK(seen.gid == ::getegid());
  std::vector<gid_t> groups(256);
  groups.resize(static_cast<std::size_t>(::getgroups(static_cast<int>(groups.size()), groups.data())));
  std::sort(groups.begin(), groups.end());
  std::sort(seen.groups.begin(), seen.groups.end());
  CHECK(seen.groups == groups);
}

TEST_CASE("the peer of a TCP connection is known by its literal address") {
  asio::io_context context;
  Peer seen;
  Server server(context, ServerLimits{}, [&seen](const Request&, const Peer& peer) {
    seen = peer;
    return say("ok");
  });
  Client client(context);
  Call call;
  call.request.target = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value()) + "/";
  REQUIRE(run(context, client.send(call)).has_value());
  CHECK_FALSE(seen.is_unix);
  CHECK(seen.address == "127.0.0.1");
  CHECK(seen.port != 0);
}

TEST_CASE("a taken port and a live socket are a conflict, a dead socket file is replaced") {
  asio::io_context context;
  Folder folder;
  { asio::local::stream_protocol::acceptor dead(context, folder.socket()); }
  Server first(context, ServerLimits{}, saying_target());
  REQUIRE(first.listen_unix(folder.socket(), 0600));
  const auto port = first.listen_tcp("127.0.0.1", 0).value();

  Server second(context, ServerLimits{}, saying_target());
  CHECK(second.listen_unix(folder.socket(), 0600).error().code == Errc::conflict);
  CHECK(second.listen_tcp("127.0.0.1", port).error().code == Errc::conflict);
  CHECK(second.listen_tcp("localhost", 0).error().code == Errc::invalid_argument);
  CHECK(second.listen_unix("/" + std::string(200, 'x'), 0600).error().code == Errc::invalid_argument);
  CHECK(second.listen_unix(folder.socket() + "2", 0600, "no-such-group-here").error().code == Errc::not_found);
}

TEST_CASE("a plain file in the way of a socket is a conflict and stays") {
  asio::io_context context;
  Folder folder;
  std::fclose(std::fopen(folder.socket().c_str(), "w"));
  Server server(context, ServerLimits{}, saying_target());
  CHECK(server.listen_unix(folder.socket(), 0600).error().code == Errc::conflict);
  CHECK(::access(folder.socket().c_str(), F_OK) == 0);
}

TEST_CASE("stop closes idle connections, wakes a parked stream and removes the socket file") {
  asio::io_context context;
  Folder folder;
  bool parked = false;
  bool woken = false;
  Server server(context, ServerLimits{}, [&](const Request&, const Peer&) -> asio::awaitable<Reply> {
    Reply reply;
    reply.body_writer = [&](BodyWriter& writer) -> asio::awaitable<void> {
      parked = true;
      co_await writer.closed();
      const bool written = co_await writer.write("late");
      woken = !written;
    };
    co_return reply;
  });
  REQUIRE(server.listen_unix(folder.socket(), 0600));
  const auto port = server.listen_tcp("127.0.0.1", 0).value();
  bool ended = false;
  asio::co_spawn(context, talk(context, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                 [&](std::exception_ptr, std::string) { ended = true; });
  bool idle_ended = false;
  asio::co_spawn(context, talk(context, port, ""), [&](std::exception_ptr, std::string) { idle_ended = true; });
  REQUIRE(run_until(context, [&] { return parked; }));
  server.stop();
  server.stop();
  REQUIRE(run_until(context, [&] { return ended && woken && idle_ended; }));
  CHECK(::access(folder.socket().c_str(), F_OK) != 0);
}
