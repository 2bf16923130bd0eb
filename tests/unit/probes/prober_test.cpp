// The prober against real sockets on loopback, and against the fake engine for exec.
#include "agent/probes/prober.hpp"

#include "tests/support/fake_container_engine.hpp"
#include "tests/unit/http/support.hpp"

#include <chrono>

using namespace aura;
using aura::http::test::ScriptedPeer;
using Kind = ports::ProbeAnswer::Kind;
namespace asio = boost::asio;

namespace {

constexpr std::int64_t short_ms = 300;

struct Scene {
  asio::io_context context;
  testing::FakeContainerEngine engine;
  http::Client client{context, 64};
  probes::Prober prober{context.get_executor(), client, engine};

  ports::ProbeAnswer ask(ports::ProbeQuestion question, std::int64_t timeout_ms = 5'000) {
    question.timeout_ms = timeout_ms;
    return http::test::run(context, prober.ask(std::move(question)));
  }
  ports::ProbeAnswer get(const std::string& url, std::int64_t timeout_ms = 5'000) {
    ports::ProbeQuestion question;
    question.url = url;
    question.host = "127.0.0.1:18789";
    return ask(std::move(question), timeout_ms);
  }
  ports::ProbeAnswer connect(int port, std::int64_t timeout_ms = 5'000) {
    ports::ProbeQuestion question;
    question.address = "127.0.0.1";
    question.port = port;
    return ask(std::move(question), timeout_ms);
  }
};

std::string reply(const std::string& status, const std::string& body = "ok") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("http passes on 2xx alone; an error, a redirect and what is no HTTP are failing, each in its words") {
  const std::vector<std::tuple<std::string, Kind, std::string>> table{
      {reply("200 OK"), Kind::passed, ""},
      {reply("204 No Content", ""), Kind::passed, ""},
      {reply("200 OK", std::string(100'000, 'x')), Kind::passed, ""},
      {reply("503 Service Unavailable"), Kind::failed, "answered 503"},
      {reply("302 Found"), Kind::failed, "answered 302"},
      {reply("404 Not Found", std::string(100'000, 'x')), Kind::failed, "more than 4 KiB"},
      {"hello\r\n", Kind::failed, "not in HTTP"},
      {"", Kind::failed, "broke off"},
  };
  for (const auto& [bytes, kind, words] : table) {
    INFO(bytes.substr(0, 40));
    Scene scene;
    ScriptedPeer peer(scene.context, bytes, ScriptedPeer::Then::close);
    const auto answer = scene.get(peer.url("/healthz"));
    CHECK(answer.kind == kind);
    INFO(answer.words);
    CHECK(answer.words.find(words) != std::string::npos);
  }
}

TEST_CASE("http names the host as it is declared, and keeps the connection for the next time") {
  Scene scene;
  ScriptedPeer peer(scene.context, reply("503 Busy"), ScriptedPeer::Then::hang);
  scene.get(peer.url("/healthz"));
  CHECK(peer.received().find("Host: 127.0.0.1:18789\r\n") != std::string::npos);
  CHECK(peer.received().starts_with("GET /healthz HTTP/1.1"));
  // The peer answers once a connection; the second question comes over the same one and gets nothing.
  scene.get(peer.url("/healthz"), short_ms);
  CHECK(peer.connections() == 1);
}

TEST_CASE("a server that takes the connection and says nothing fails at the deadline") {
  Scene scene;
  ScriptedPeer peer(scene.context, "", ScriptedPeer::Then::hang);
  const auto began = std::chrono::steady_clock::now();
  const auto answer = scene.get(peer.url(), short_ms);
  CHECK(answer.kind == Kind::failed);
  CHECK(answer.words == "no answer within 0.3 s");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

TEST_CASE("tcp passes when the connection stands, also where nobody says a word, and fails where nobody listens") {
  Scene scene;
  int port = 0;
  {
    ScriptedPeer peer(scene.context, "", ScriptedPeer::Then::hang);
    port = peer.port();
    CHECK(scene.connect(port).kind == Kind::passed);
  }
  const auto refused = scene.connect(port);
  CHECK(refused.kind == Kind::failed);
  CHECK(refused.words == "Connection refused");
}

TEST_CASE("tcp to where packets vanish fails at the deadline") {
  Scene scene;
  // A listener whose queue is full answers no further connection.
  asio::ip::tcp::acceptor full(scene.context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  full.listen(1);
  std::vector<asio::ip::tcp::socket> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(scene.context);
    waiting.back().async_connect(full.local_endpoint(), [](const boost::system::error_code&) {});
  }
  scene.context.run_for(std::chrono::milliseconds(50));
  scene.context.restart();
  const auto answer = scene.connect(full.local_endpoint().port(), short_ms);
  CHECK(answer.kind == Kind::failed);
  CHECK(answer.words == "no answer within 0.3 s");
}

namespace {

// A running container that does `exec` for every program.
struct ExecScene {
  asio::io_context context;
  testing::FakeClock clock{context};
  testing::FakeContainerEngine engine;
  http::Client client{context, 64};
  probes::Prober prober{context.get_executor(), client, engine};
  std::string id;

  explicit ExecScene(testing::FakeExec exec) {
    clock.attach(engine);
    engine.script("web", {.exec = std::move(exec)});
    id = engine.add_foreign("web", "app:1");
  }

  ports::ProbeAnswer ask(std::int64_t timeout_ms) {
    ports::ProbeQuestion question;
    question.exec = {"check"};
    question.container_id = id;
    question.timeout_ms = timeout_ms;
    std::optional<ports::ProbeAnswer> answer;
    asio::co_spawn(context, prober.ask(std::move(question)),
                   [&](std::exception_ptr, ports::ProbeAnswer got) { answer = std::move(got); });
    clock.run_until_idle();
    while (!answer && clock.advance_to_next(60'000)) {}
    REQUIRE(answer);
    return *answer;
  }
};

}  // namespace

TEST_CASE("exec passes on exit code 0; another is shown with the first line printed") {
  CHECK(ExecScene({.exit_code = 0}).ask(1'000).kind == Kind::passed);
  const auto failed = ExecScene({.exit_code = 2, .output = "no database\nat line 7\n"}).ask(1'000);
  CHECK(failed.kind == Kind::failed);
  CHECK(failed.words == "exit code 2: no database");
}

TEST_CASE("a program that hangs fails at its deadline and is not run a second time beside itself") {
  ExecScene scene({.takes_ms = 20'000});
  CHECK(scene.ask(1'000).words == "no answer within 1 s");
  CHECK(scene.ask(1'000).words == "the one before has not ended yet");
  const auto& calls = scene.engine.calls();
  CHECK(std::count(calls.begin(), calls.end(), "exec web") == 1);
  scene.clock.advance(20'000);
  CHECK(scene.ask(1'000).words == "no answer within 1 s");
  CHECK(std::count(calls.begin(), calls.end(), "exec web") == 2);
}

TEST_CASE("a container that does not run and an engine that is away are no answer") {
  ExecScene scene({});
  scene.engine.crash(scene.id, 1);
  CHECK(scene.ask(1'000).kind == Kind::unknown);
  scene.engine.down(false);
  CHECK(scene.ask(1'000).kind == Kind::unknown);
}
