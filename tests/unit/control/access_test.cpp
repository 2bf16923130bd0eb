#include "control/api/access.hpp"
#include "common/files.hpp"
#include "control/cli/client.hpp"
#include "control/cli/text.hpp"
#include "control/setup.hpp"
#include "harness.hpp"

#include <sys/stat.h>
#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;

namespace {

const std::string token(40, 'a');

http::Request asking(const std::string& host) {
  http::Request request;
  request.headers.set("Host", host);
  return request;
}

Access access_on(Network network, const std::string& proxy = "") {
  AccessConfig config;
  config.tokens = *parse_tokens(token + " alice\n");
  config.names = {"control.example"};
  config.trusted_proxy = proxy;
  config.networks = {network};
  return Access(config);
}

Config listening(const std::string& address) {
  Config config;
  config.listen = {address};
  return config;
}

}  // namespace

TEST_CASE("Host must be an own name, whatever its port or case") {
  const Access access = access_on(Network::loopback);
  for (const char* host : {"localhost:8080", "127.0.0.1", "[::1]:80", "Control.Example:1"}) {
    CHECK(!access.check(asking(host), "127.0.0.1"));
  }
  for (const char* host : {"evil.example", "", "127.0.0.1.evil.example", "[::2]"}) {
    REQUIRE(access.check(asking(host), "127.0.0.1"));
    CHECK(access.check(asking(host), "127.0.0.1")->status == 421);
  }
}

TEST_CASE("a page of another origin is refused, one of our own is not") {
  const Access access = access_on(Network::loopback);
  auto request = asking("localhost");
  request.headers.set("Origin", "http://localhost:8080");
  CHECK(!access.check(request, "127.0.0.1"));
  for (const char* origin : {"https://evil.example", "null", "http://localhost.evil.example"}) {
    request.headers.set("Origin", origin);
    REQUIRE(access.check(request, "127.0.0.1"));
    CHECK(access.check(request, "127.0.0.1")->status == 403);
  }
}

TEST_CASE("a body must say that it is JSON") {
  const Access access = access_on(Network::loopback);
  auto request = asking("localhost");
  request.body = "{}";
  CHECK(access.check(request, "127.0.0.1")->status == 415);
  request.headers.set("Content-Type", "text/plain");
  CHECK(access.check(request, "127.0.0.1")->status == 415);
  request.headers.set("Content-Type", "Application/JSON; charset=utf-8");
  CHECK(!access.check(request, "127.0.0.1"));
}

TEST_CASE("a tailnet listener answers tailnet peers and a public one its trusted proxy alone") {
  CHECK(!access_on(Network::tailnet).check(asking("localhost"), "100.100.1.2"));
  CHECK(access_on(Network::tailnet).check(asking("localhost"), "192.168.1.2")->status == 403);
  CHECK(!access_on(Network::other, "10.0.0.9").check(asking("localhost"), "10.0.0.9"));
  CHECK(access_on(Network::other, "10.0.0.9").check(asking("localhost"), "127.0.0.1")->status == 403);
}

TEST_CASE("an operator is known by a token and its name, and by nothing else") {
  const Access access = access_on(Network::loopback);
  auto request = asking("localhost");
  CHECK(access.operator_of(request).error().status == 401);
  request.headers.set("Authorization", "Bearer " + token);
  CHECK(access.operator_of(request)->actor == "operator:alice");
  request.headers.set("Authorization", "Bearer " + token + "b");
  CHECK(access.operator_of(request).error().status == 401);
  request.headers.set("Authorization", "Basic " + token);
  CHECK(access.operator_of(request).error().status == 401);
}

TEST_CASE("a token file with a short token, a strange name or nothing in it is refused by its line") {
  CHECK(parse_tokens("# mine\n\n" + token + "\n")->front().name == "default");
  CHECK(parse_tokens("short\n").error().message.find("line 1") != std::string::npos);
  CHECK(parse_tokens(token + " two words\n").has_error());
  CHECK(parse_tokens("").has_error());
}

TEST_CASE("an address that is neither loopback nor tailnet is refused unless a trusted proxy is named") {
  const auto allowed = [](const std::string& address, const std::string& proxy) {
    Config config = listening("");
    config.trusted_proxy = proxy;
    return access_for(config, {{false, address, 80}}, {}).has_value();
  };
  for (const char* address : {"127.0.0.1", "127.8.8.8", "::1", "100.64.0.1", "100.127.255.255", "fd7a:115c:a1e0::5"}) {
    CHECK(allowed(address, ""));
  }
  for (const char* address : {"0.0.0.0", "::", "192.168.1.1", "100.128.0.1", "100.63.255.255", "fd7a:115c:a1e1::5"}) {
    CHECK(!allowed(address, ""));
    CHECK(allowed(address, "10.0.0.1"));
  }
  CHECK(!allowed("example.org", "10.0.0.1"));
  CHECK(!allowed("0.0.0.0", "proxy"));
}

TEST_CASE("loopback and tailnet are served side by side, each to its own peers") {
  Config config;
  config.listen = {"127.0.0.1:80", "tailnet:80"};
  const auto endpoints = endpoints_of(config);
  REQUIRE(endpoints.has_value());
  CHECK(uses_tailnet(config, *endpoints));
  const Access access(*access_for(config, *endpoints, {}));
  for (const char* peer : {"127.0.0.1", "100.64.0.9", "fd7a:115c:a1e0::9"})
    CHECK(!access.check(asking("localhost"), peer));
  for (const char* peer : {"10.0.0.9", "100.128.0.1", "", "::"})
    CHECK(access.check(asking("localhost"), peer)->status == 403);
  config.listen = {"127.0.0.1:80"};
  CHECK_FALSE(uses_tailnet(config, *endpoints_of(config)));
  CHECK(Access(*access_for(config, *endpoints_of(config), {})).check(asking("localhost"), "100.64.0.9")->status == 403);
  config.tailscale_socket = "/run/s";
  CHECK(uses_tailnet(config, *endpoints_of(config)));
  config.socks5 = "proxy";
  CHECK(endpoints_of(config).has_error());
  config.socks5.clear();
  config.listen.assign(max_listeners + 1, "127.0.0.1:0");
  CHECK(endpoints_of(config).has_error());
}

TEST_CASE("over the network no token file is needed, on this machine one is") {
  const auto opened = [](const std::string& url, const std::string& file) {
    cli::Connection connection;
    connection.url = url;
    connection.token_file = file;
    return cli::Client::open(connection);
  };
  CHECK(opened("http://control.example:8080", "").has_value());
  CHECK(opened("http://100.64.0.1:8080", "").has_value());
  CHECK(opened("http://control.example:8080", "/nonexistent/token").has_error());
  for (const char* url : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080/"})
    CHECK(opened(url, "").has_error());
}

TEST_CASE("the default token goes to this machine alone, one that was named goes where it is told") {
  const auto file = [](const std::string& url, const std::string& named) {
    cli::Connection connection;
    connection.token_file = named;
    return cli::token_file_for(connection, url);
  };
  for (const char* url : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080/"}) {
    CHECK(file(url, "") == cli::default_token_file);
    CHECK(file(url, "/mine") == "/mine");
  }
  for (const char* url : {"http://control.example:8080", "http://100.64.0.1:8080", "http://127.0.0.1.evil.example",
                          "http://localhost@evil.example", "http://localhost:x@evil.example/", "http://[::1]@evil",
                          "http://[::1].evil", "http://[fd7a:115c:a1e0::1]:8080", "http://192.168.1.1"}) {
    CHECK(file(url, "").empty());
    CHECK(file(url, "/mine") == "/mine");
  }
  REQUIRE(setenv("AURA_CONTROL_TOKEN_FILE", "/by/variable", 1) == 0);
  CHECK(file("http://control.example:8080", "") == "/by/variable");
  REQUIRE(unsetenv("AURA_CONTROL_TOKEN_FILE") == 0);
}

TEST_CASE("the operator token is made once, for its owner alone, and refused when others may read it") {
  const test::TemporaryDir dir;
  const std::string state = dir.file("");
  const auto first = load_tokens(state);
  REQUIRE(first.has_value());
  struct stat info {};
  REQUIRE(stat(dir.file("operator-token").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(load_tokens(state)->front().hash == first->front().hash);
  REQUIRE(chmod(dir.file("operator-token").c_str(), 0644) == 0);
  CHECK(load_tokens(state).error().code == Errc::forbidden);
}

TEST_CASE("a second control plane on one state directory is refused while the first holds it") {
  const test::TemporaryDir dir;
  {
    const auto first = take_state_dir(dir.file("state"));
    REQUIRE(first.has_value());
    CHECK(take_state_dir(dir.file("state")).error().code == Errc::locked);
  }
  CHECK(take_state_dir(dir.file("state")).has_value());
}

TEST_CASE("a configuration names file, line and key of what is wrong") {
  const test::TemporaryDir dir;
  const auto message = [&dir](const std::string& text) {
    const std::string path = dir.file("control.toml");
    REQUIRE(write_file_durably(path, text, 0600).has_value());
    const auto config = read_config(path);
    return config.has_value() ? std::string() : config.error().message;
  };
  CHECK(message("[serve]\nlisten = \"127.0.0.1:1\"\nnames = [\"a.example\"]\nheartbeat_s = 5\n").empty());
  CHECK(
      message("[serve]\nlisten = [\"127.0.0.1:1\", \"tailnet:2\"]\nnode_port = 1\nsocks5 = \"127.0.0.1:3\"\n").empty());
  CHECK(message("[serve]\nlisten = []\n").find("control.toml:2: serve.listen") != std::string::npos);
  CHECK(message("[serve]\nlisten = [7]\n").find("control.toml:2: serve.listen") != std::string::npos);
  CHECK(message("[serve]\nnode_port = 70000\n").find("control.toml:2: serve.node_port") != std::string::npos);
  CHECK(message("[serve]\n\nlisen = \"x\"\n").find("control.toml:3: serve.lisen") != std::string::npos);
  CHECK(message("[serve]\nheartbeat_s = 0\n").find("control.toml:2: serve.heartbeat_s") != std::string::npos);
  CHECK(message("[other]\n").find("control.toml:1: other") != std::string::npos);
  CHECK(message("[serve\n").find("control.toml:1") != std::string::npos);
}

TEST_CASE("an endpoint is an address and a port, IPv6 in brackets") {
  CHECK(parse_endpoint("127.0.0.1:80")->port == 80);
  CHECK(parse_endpoint("[::1]:8080")->address == "::1");
  CHECK(parse_endpoint("tailnet:8080")->tailnet);
  CHECK(parse_endpoint("tailnet:8080")->port == 8080);
  for (const char* text : {"", "80", "127.0.0.1", "::1:80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":80"}) {
    CHECK(parse_endpoint(text).has_error());
  }
}

TEST_CASE("text from nodes cannot steer a terminal") {
  CHECK(cli::printable("a\x1b[31mb\n\x7f") == "a\\x1b[31mb\\x0a\\x7f");
  CHECK(cli::printable("\xc2\x9b"
                       "31m") == "\\x9b31m");
  CHECK(cli::printable("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  CHECK(cli::printable("\xff") == "\xef\xbf\xbd");
}
