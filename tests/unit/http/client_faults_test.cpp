// The client against peers that refuse, hang, lie or break off.
#include "common/http/client.hpp"

#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

using namespace aura;
using namespace aura::http;
using namespace aura::http::test;

namespace {

using Then = ScriptedPeer::Then;

Call get(const std::string& url, long timeout_ms = 10'000) {
  Call call;
  call.request.target = url;
  call.timeout_ms = timeout_ms;
  return call;
}

std::uint16_t free_port(asio::io_context& context) {
  const tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return acceptor.local_endpoint().port();
}

}  // namespace

TEST_CASE("a refused connection is unavailable, by TCP and by a socket file that is not there") {
  asio::io_context context;
  Client client(context);
  const Call by_tcp = get("http://127.0.0.1:" + std::to_string(free_port(context)) + "/a?secret=1");
  const auto refused = run(context, client.send(by_tcp));
  CHECK(refused.error().code == Errc::unavailable);
  CHECK(refused.error().message.find("secret") == std::string::npos);

  Call by_file = get("http://docker/info");
  by_file.unix_socket = "/nonexistent/docker.sock";
  const auto missing = run(context, client.send(by_file));
  CHECK(missing.error().code == Errc::unavailable);
  CHECK(missing.error().message.find("/nonexistent/docker.sock") != std::string::npos);
}

TEST_CASE("a peer that never answers is a timeout at the deadline of the call") {
  asio::io_context context;
  ScriptedPeer peer(context, "", Then::hang);
  Client client(context);
  const auto start = std::chrono::steady_clock::now();
  CHECK(run(context, client.send(get(peer.url(), 200))).error().code == Errc::timeout);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(190));
  CHECK(run_until(context, [&] { return peer.peer_hung_up(); }));
}

TEST_CASE("half an answer is unavailable") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer short_body(context, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::close);
  CHECK(run(context, client.send(get(short_body.url()))).error().code == Errc::unavailable);
  ScriptedPeer short_chunks(context, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", Then::close);
  CHECK(run(context, client.send(get(short_chunks.url()))).error().code == Errc::unavailable);
  ScriptedPeer no_answer(context, "", Then::close);
  CHECK(run(context, client.send(get(no_answer.url()))).error().code == Errc::unavailable);
}

TEST_CASE("what does not speak HTTP is a bad reply") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "220 mail ready\r\n", Then::close);
  CHECK(run(context, client.send(get(peer.url()))).error().code == Errc::bad_reply);
}

TEST_CASE("a body beyond the limit is too large, announced or not") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer announced(context, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nx", Then::hang);
  CHECK(run(context, client.send(get(announced.url()))).error().code == Errc::too_large);
  ScriptedPeer until_close(context, "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x'), Then::close);
  Call call = get(until_close.url());
  call.max_body_bytes = 1999;
  CHECK(run(context, client.send(call)).error().code == Errc::too_large);
  call.max_body_bytes = 2000;
  CHECK(run(context, client.send(call)).value().body.size() == 2000);
}

TEST_CASE("a header beyond the limit is too large") {
  asio::io_context context;
  Client client(context);
  std::string header = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) header += "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
  ScriptedPeer peer(context, header + "\r\n", Then::hang);
  CHECK(run(context, client.send(get(peer.url()))).error().code == Errc::too_large);
}

TEST_CASE("a stream's pieces go to the sink, are not counted, and the sink can end it") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 200 OK\r\n\r\n" + std::string(3000, 'x'), Then::hang);
  Call call = get(peer.url(), 0);
  call.max_body_bytes = 10;
  std::size_t seen = 0;
  const auto sink = [&seen](std::string_view piece) {
    seen += piece.size();
    return seen < 3000;
  };
  const auto result = run(context, client.stream(call, sink));
  REQUIRE(result.has_value());
  CHECK(result->status == 200);
  CHECK(result->body.empty());
  CHECK(seen == 3000);
}

TEST_CASE("a stream's error status is collected, not streamed") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", Then::close);
  bool called = false;
  const auto result =
      run(context, client.stream(get(peer.url()), [&called](std::string_view) { return called = true; }));
  CHECK(result.value().status == 404);
  CHECK(result.value().body == "none");
  CHECK_FALSE(called);
}

TEST_CASE("a stream that breaks off is unavailable after its pieces") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Then::close);
  std::string seen;
  const auto sink = [&seen](std::string_view piece) {
    seen += piece;
    return true;
  };
  CHECK(run(context, client.stream(get(peer.url(), 0), sink)).error().code == Errc::unavailable);
  CHECK(seen == "abc");
}

TEST_CASE("cancelling the awaiting coroutine closes its connection") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 200 OK\r\n\r\nx", Then::hang);
  asio::cancellation_signal cancel;
  bool ended = false;
  std::optional<Errc> code;
  bool first_piece = false;
  const auto sink = [&first_piece](std::string_view) { return first_piece = true; };
  asio::co_spawn(context, client.stream(get(peer.url(), 0), sink),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, Result<Response> result) {
                   ended = true;
                   if (!result) code = result.error().code;
                 }));
  REQUIRE(run_until(context, [&] { return first_piece; }));
  cancel.emit(asio::cancellation_type::terminal);
  REQUIRE(run_until(context, [&] { return ended; }));
  CHECK(code == Errc::cancelled);
  CHECK(run_until(context, [&] { return peer.peer_hung_up(); }));
}

TEST_CASE("destroying the client ends what is open with cancelled") {
  asio::io_context context;
  auto client = std::make_unique<Client>(context);
  ScriptedPeer peer(context, "", Then::hang);
  std::optional<Errc> code;
  asio::co_spawn(context, client->send(get(peer.url())), [&](std::exception_ptr, Result<Response> result) {
    if (!result) code = result.error().code;
  });
  REQUIRE(run_until(context, [&] { return !peer.received().empty(); }));
  client.reset();
  REQUIRE(run_until(context, [&] { return code.has_value(); }));
  CHECK(code == Errc::cancelled);
}

TEST_CASE("an open stream outlives the dropping of idle connections") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 200 OK\r\n\r\nx", Then::hang);
  bool first_piece = false;
  bool ended = false;
  const auto sink = [&first_piece](std::string_view) { return first_piece = true; };
  asio::co_spawn(context, client.stream(get(peer.url(), 0), sink),
                 [&](std::exception_ptr, Result<Response>) { ended = true; });
  REQUIRE(run_until(context, [&] { return first_piece; }));
  client.drop_idle_connections();
  ScriptedPeer other(context, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny", Then::hang);
  CHECK(run(context, client.send(get(other.url()))).value().body == "y");
  CHECK_FALSE(ended);
  CHECK_FALSE(peer.peer_hung_up());
}

TEST_CASE("an io_context that goes away with a transfer open leaves nothing behind") {
  auto context = std::make_unique<asio::io_context>();
  auto peer = std::make_unique<ScriptedPeer>(*context, "", Then::hang);
  auto client = std::make_unique<Client>(*context);
  bool called = false;
  asio::co_spawn(*context, client->send(get(peer->url())),
                 [&](std::exception_ptr, Result<Response>) { called = true; });
  REQUIRE(run_until(*context, [&] { return !peer->received().empty(); }));
  client.reset();
  peer.reset();
  context.reset();
  CHECK_FALSE(called);
}

TEST_CASE("a name that does not exist is unavailable") {
  asio::io_context context;
  Client client(context);
  CHECK(run(context, client.send(get("http://no-such-host.invalid/"))).error().code == Errc::unavailable);
}

TEST_CASE("idle kept connections cost no wake-ups") {
  asio::io_context context;
  Client client(context);
  ScriptedPeer peer(context, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny", Then::hang);
  REQUIRE(run(context, client.send(get(peer.url()))).has_value());
  context.restart();
  context.poll();
  CHECK(context.poll() == 0);
}
