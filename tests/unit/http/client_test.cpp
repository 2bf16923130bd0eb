// The client against our own server, over a Unix socket and loopback TCP.
#include "common/http/client.hpp"
#include "common/http/server.hpp"

#include "support.hpp"

#include <map>

using namespace aura;
using namespace aura::http;
using namespace aura::http::test;

namespace {

// Says what was asked, and counts the requests of each peer port, which is a connection of its own.
struct Echo {
  std::map<std::uint16_t, int> by_connection;

  Handler handler() {
    return [this](const Request& request, const Peer& peer) { return answer(*this, request, peer); };
  }

  static asio::awaitable<Reply> answer(Echo& self, const Request& request, const Peer& peer) {
    ++self.by_connection[peer.port];
    Reply reply;
    if (request.target == "/missing") reply.response.status = 404;
    if (request.target == "/nothing") reply.response.status = 204;
    if (request.target == "/moved") {
      reply.response.status = 302;
      reply.response.headers.set("Location", "/elsewhere");
    }
    reply.response.headers.set("X-Method", request.method);
    reply.response.headers.set("X-Type", std::string(request.headers.get("content-type")));
    reply.response.headers.set("X-Expect", std::string(request.headers.get("expect")));
    reply.response.body = request.target + "|" + request.body;
    co_return reply;
  }
};

struct Fixture {
  asio::io_context context;
  Echo echo;
  Folder folder;
  Server server{context, ServerLimits{}, echo.handler()};
  Client client{context};
  std::string base;

  Fixture() {
    REQUIRE(server.listen_unix(folder.socket(), 0600));
    base = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value());
  }

  Call call(const std::string& method, const std::string& target, std::string body = {}) const {
    Call made;
    made.request.method = method;
    made.request.target = base + target;
    made.request.body = std::move(body);
    return made;
  }
  Response send(Call made) { return run(context, client.send(std::move(made))).value(); }
};

}  // namespace

TEST_CASE("a request over a Unix socket is answered") {
  Fixture f;
  Call call;
  call.unix_socket = f.folder.socket();
  call.request.target = "http://docker/v1.41/info?x=1";
  const Response response = f.send(call);
  CHECK(response.status == 200);
  CHECK(response.body == "/v1.41/info?x=1|");
}

TEST_CASE("each method arrives as itself, with its body and without headers of libcurl's own making") {
  Fixture f;
  for (const char* const method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    CAPTURE(method);
    const Response response = f.send(f.call(method, "/a", std::string(method) == "GET" ? "" : "body"));
    CHECK(response.headers.get("x-method") == method);
    CHECK(response.headers.get("x-type").empty());
    CHECK(response.headers.get("x-expect").empty());
    CHECK(response.body == (std::string(method) == "GET" ? "/a|" : "/a|body"));
  }
  CHECK(f.send(f.call("POST", "/empty")).body == "/empty|");
  CHECK(f.send(f.call("DELETE", "/empty")).body == "/empty|");
}

TEST_CASE("HEAD has a header and no body, and its connection is used again") {
  Fixture f;
  const Response response = f.send(f.call("HEAD", "/a"));
  CHECK(response.headers.get("content-length") == "3");
  CHECK(response.body.empty());
  CHECK(f.send(f.call("GET", "/b")).body == "/b|");
  CHECK(f.echo.by_connection.size() == 1);
}

TEST_CASE("any status is a response, and a redirect is not followed") {
  Fixture f;
  CHECK(f.send(f.call("GET", "/missing")).status == 404);
  CHECK(f.send(f.call("GET", "/nothing")).status == 204);
  const Response moved = f.send(f.call("GET", "/moved"));
  CHECK(moved.status == 302);
  CHECK(moved.headers.get("location") == "/elsewhere");
}

TEST_CASE("a connection is used again, and not after it was dropped") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.send(f.call("GET", "/a"));
  CHECK(f.echo.by_connection.size() == 1);
  f.client.drop_idle_connections();
  f.send(f.call("GET", "/a"));
  CHECK(f.echo.by_connection.size() == 2);
}

TEST_CASE("headers of the caller arrive") {
  Fixture f;
  Call call = f.call("POST", "/a", "{}");
  call.request.headers.set("Content-Type", "application/json");
  CHECK(f.send(call).headers.get("x-type") == "application/json");
}

TEST_CASE("a body of half a megabyte goes up and comes down whole") {
  asio::io_context context;
  Echo echo;
  ServerLimits limits;
  limits.body_bytes = 1 << 20;
  Server server(context, limits, echo.handler());
  Client client(context);
  Call call;
  call.request.method = "POST";
  call.request.target = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value()) + "/big";
  for (int i = 0; i < 65536; ++i) call.request.body += std::to_string(10000000 + i);
  const std::string expected = "/big|" + call.request.body;
  CHECK(run(context, client.send(std::move(call))).value().body == expected);
}

TEST_CASE("many calls at once are all answered") {
  Fixture f;
  int answered = 0;
  for (int i = 0; i < 30; ++i) {
    asio::co_spawn(f.context, f.client.send(f.call("GET", "/" + std::to_string(i))),
                   [&answered, i](std::exception_ptr, Result<Response> result) {
                     if (result && result->body == "/" + std::to_string(i) + "|") ++answered;
                   });
  }
  REQUIRE(run_until(f.context, [&] { return answered == 30; }));
}

TEST_CASE("a pinned address is connected to instead of the URL's host") {
  Fixture f;
  Call call = f.call("GET", "/a");
  call.request.target = "http://no-such-host.invalid" + f.base.substr(f.base.rfind(':')) + "/a";
  call.pin_address = "127.0.0.1";
  CHECK(f.send(call).body == "/a|");
}

TEST_CASE("a line break in a header or a foreign scheme is refused before anything is sent") {
  Fixture f;
  Call split = f.call("GET", "/a");
  split.request.headers.set("X-A", "1\r\nX-B: 2");
  CHECK(run(f.context, f.client.send(split)).error().code == Errc::invalid_argument);
  Call scheme = f.call("GET", "/a");
  scheme.request.target = "file:///etc/passwd";
  CHECK(run(f.context, f.client.send(scheme)).error().code == Errc::invalid_argument);
  CHECK(f.echo.by_connection.empty());
}
