// Stop hooks against real sockets on loopback, and against the fake engine for exec.
#include "agent/probes/stop_hook_caller.hpp"

#include "tests/support/fake_container_engine.hpp"
#include "tests/unit/http/support.hpp"

#include <chrono>

using namespace aura;
using aura::http::test::ScriptedPeer;
using Kind = ports::HookAnswer::Kind;
namespace asio = boost::asio;

namespace {

constexpr std::int64_t short_ms = 300;

struct Scene {
  asio::io_context context;
  testing::FakeContainerEngine engine;
  http::Client client{context, 64};
  probes::StopHookCaller hooks{client, engine};

  ports::HookAnswer post(const std::string& url, std::int64_t timeout_ms = 5'000) {
    ports::HookQuestion question;
    question.url = url;
    question.host = "127.0.0.1:18789";
    question.bearer = "s3cret";
    question.body = R"({"id":"c1"})";
    question.timeout_ms = timeout_ms;
    return http::test::run(context, hooks.ask(std::move(question)));
  }
};

std::string reply(const std::string& status, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + status + "\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Row {
  std::string bytes;
  Kind kind;
  std::string words;
  std::int64_t again_in_ms = 0;
};

}  // namespace

TEST_CASE("a hook's HTTP answer is ready, busy or failed, and says when to ask again") {
  const std::string ready = R"({"id":"r","ok":true,"payload":{"status":"ready","suspensionId":"s","expiresAtMs":1}})";
  const std::string busy = R"({"ok":true,"payload":{"status":"busy","retryAfterMs":2500,"activeCount":3}})";
  const std::string starting = R"({"ok":false,"error":{"code":"UNAVAILABLE","retryAfterMs":1500}})";
  const std::vector<Row> table{
      {reply("200 OK", ready), Kind::ready, "ready"},
      {reply("204 No Content", ""), Kind::ready, "ready"},
      {reply("200 OK", "fine, stop me"), Kind::ready, "ready"},
      {reply("200 OK", std::string(100'000, 'x')), Kind::ready, "ready"},
      {reply("200 OK", "{\"x\":\"" + std::string(100'000, 'x') + "\"}"), Kind::busy, "busy: its answer is too large",
       5'000},
      {reply("200 OK", R"({"payload":{"blockers":")" + std::string(9'000, 'x') + R"(","status":"busy"}})"), Kind::busy,
       "busy", 5'000},
      {reply("200 OK", R"({"status":"busy","payload":{}})"), Kind::busy, "busy", 5'000},
      {reply("503 Service Unavailable", std::string(9'000, 'x'), "Retry-After: 12\r\n"), Kind::busy,
       "busy: answered 503", 12'000},
      {reply("200 OK", busy), Kind::busy, "busy: 3 active", 2'500},
      {reply("200 OK", R"({"status":"draining","retry_after_s":7,"reason":"two turns"})"), Kind::busy,
       "busy: two turns", 7'000},
      {reply("200 OK", R"({"status":"busy"})"), Kind::busy, "busy", 5'000},
      {reply("200 OK", R"({"status":"busy","retry_after_s":0})"), Kind::busy, "busy", 1'000},
      {reply("200 OK", R"({"status":"busy","retry_after_s":1e300})"), Kind::busy, "busy", 5'000},
      {reply("200 OK", R"({"status":"busy","retry_after_s":86400})"), Kind::busy, "busy", 300'000},
      {reply("200 OK", R"({"status":["busy"]})"), Kind::ready, "ready"},
      {reply("200 OK", R"([[[[[[[[[[[[[[1]]]]]]]]]]]]]])"), Kind::ready, "ready"},
      {reply("503 Service Unavailable", starting), Kind::busy, "busy: answered 503", 1'500},
      {reply("503 Service Unavailable", "", "Retry-After: 12\r\n"), Kind::busy, "busy: answered 503", 12'000},
      {reply("429 Too Many Requests", "", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), Kind::busy,
       "busy: answered 429", 5'000},
      {reply("401 Unauthorized", ""), Kind::failed, "answered 401"},
      {reply("302 Found", "", "Location: http://127.0.0.1:1/\r\n"), Kind::failed, "answered 302"},
      {reply("500 Oops", ready), Kind::failed, "answered 500"},
      {"hello\r\n", Kind::failed, "cannot be reached"},
      {"", Kind::failed, "cannot be reached"},
  };
  for (const Row& row : table) {
    INFO(row.bytes.substr(0, 120));
    Scene scene;
    ScriptedPeer peer(scene.context, row.bytes, ScriptedPeer::Then::close);
    const auto answer = scene.post(peer.url("/rpc"));
    CHECK(answer.kind == row.kind);
    INFO(answer.words);
    CHECK(answer.words.starts_with(row.words));
    CHECK(answer.again_in_ms == row.again_in_ms);
  }
}

TEST_CASE("a hook is posted with its body and credential, under the host's declared name") {
  Scene scene;
  ScriptedPeer peer(scene.context, reply("200 OK", ""), ScriptedPeer::Then::close);
  scene.post(peer.url("/rpc"));
  CHECK(peer.received().starts_with("POST /rpc HTTP/1.1\r\n"));
  CHECK(peer.received().find("Host: 127.0.0.1:18789\r\n") != std::string::npos);
  CHECK(peer.received().find("Authorization: Bearer s3cret\r\n") != std::string::npos);
  CHECK(peer.received().ends_with("\r\n\r\n{\"id\":\"c1\"}"));
}

TEST_CASE("a hook that takes the connection and says nothing has failed at its deadline") {
  Scene scene;
  ScriptedPeer peer(scene.context, "", ScriptedPeer::Then::hang);
  const auto began = std::chrono::steady_clock::now();
  const auto answer = scene.post(peer.url(), short_ms);
  CHECK(answer.kind == Kind::failed);
  CHECK(answer.words == "gave no answer within 0.3 s");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

namespace {

ports::HookAnswer exec(testing::FakeExec what, bool crashed = false) {
  asio::io_context context;
  testing::FakeClock clock{context};
  testing::FakeContainerEngine engine;
  http::Client client{context, 64};
  probes::StopHookCaller hooks{client, engine};
  clock.attach(engine);
  engine.script("web", {.exec = std::move(what)});
  ports::HookQuestion question;
  question.exec = {"drain", "c1"};
  question.container_id = engine.add_foreign("web", "app:1");
  question.timeout_ms = 1'000;
  if (crashed) engine.crash(question.container_id, 1);
  std::optional<ports::HookAnswer> answer;
  asio::co_spawn(context, hooks.ask(std::move(question)),
                 [&](std::exception_ptr, ports::HookAnswer got) { answer = std::move(got); });
  clock.run_until_idle();
  while (!answer && clock.advance_to_next(60'000)) {}
  REQUIRE(answer);
  return *answer;
}

}  // namespace

TEST_CASE("a hook's program is ready with exit code 0 and busy with 75 or by its output") {
  CHECK(exec({.exit_code = 0, .output = "saved\n"}).kind == Kind::ready);
  const auto plain = exec({.exit_code = 75, .output = "two turns are running\nx\n"});
  CHECK(plain.kind == Kind::busy);
  CHECK(plain.words == "busy: two turns are running");
  CHECK(plain.again_in_ms == 5'000);
  CHECK(exec({.exit_code = 75, .output = R"({"retry_after_s":9})"}).again_in_ms == 9'000);
  const auto spoken = exec({.exit_code = 0, .output = R"({"status":"busy","retry_after_s":3})"});
  CHECK(spoken.kind == Kind::busy);
  CHECK(spoken.again_in_ms == 3'000);
}

TEST_CASE("a hook's program that fails, hangs or cannot be run has failed, in its words") {
  const auto failed = exec({.exit_code = 2, .output = "no database\nat line 7\n"});
  CHECK(failed.kind == Kind::failed);
  CHECK(failed.words == "ended with exit code 2: no database");
  CHECK(exec({.takes_ms = 20'000}).words == "had not ended within 1 s");
  const auto gone = exec({}, true);
  CHECK(gone.kind == Kind::failed);
  CHECK(gone.words.starts_with("could not be run: "));
}
