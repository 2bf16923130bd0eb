// The API over loopback: real server, real client, one io_context.
#include "control/api/api.hpp"
#include "common/async/spawn.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/protocol/codec.hpp"
#include "harness.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <optional>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

const std::string operator_token(40, 't');
constexpr auto test_deadline = std::chrono::seconds(20);

boost::asio::awaitable<void> send_call(http::Client& client, http::Call call,
                                       std::optional<Result<http::Response>>& out) {
  out = co_await client.send(std::move(call));
}

boost::asio::awaitable<void> stream_call(http::Client& client, http::Call call, http::Client::Sink sink,
                                         std::optional<Result<http::Response>>& out) {
  out = co_await client.stream(std::move(call), std::move(sink));
}

class Site {
 public:
  Site() {
    AccessConfig access;
    access.tokens = *parse_tokens(operator_token + " alice\n");
    waking_plane_ = std::make_unique<Plane>(*control.store, PlaneConfig{60},
                                            [this](std::string_view topic) { waiters_.wake(topic); });
    REQUIRE(waking_plane_->load(control.now).has_value());
    api_.emplace(*waking_plane_, waiters_, Access(access), [this] { return moment(); });
    server_.emplace(context_, Api::limits(), [this](const http::Request& request, const http::Peer& peer) {
      return api_->handle(request, peer);
    });
    const auto port = server_->listen_tcp("127.0.0.1", 0);
    REQUIRE(port.has_value());
    url_ = "http://127.0.0.1:" + std::to_string(*port);
    client_.emplace(context_);
  }

  ~Site() {
    waiters_.stop();
    server_->stop();
    client_.reset();
    context_.restart();
    context_.run_for(std::chrono::seconds(5));
  }

  using Pending = std::optional<Result<http::Response>>;

  http::Call call(const std::string& method, const std::string& path, const std::string& token, std::string body = {}) {
    http::Call call;
    call.request.method = method;
    call.request.target = url_ + path;
    if (!token.empty()) call.request.headers.set("Authorization", "Bearer " + token);
    if (!body.empty()) call.request.headers.set("Content-Type", "application/json");
    call.request.body = std::move(body);
    call.timeout_ms = 15'000;
    return call;
  }
  void begin(http::Call call, Pending& out) { spawn(context_.get_executor(), "call", send_call(*client_, call, out)); }
  void begin_stream(http::Call call, http::Client::Sink sink, Pending& out) {
    spawn(context_.get_executor(), "stream", stream_call(*client_, call, sink, out));
  }

  // Runs until `done` holds or the test's deadline is over.
  template <class Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + test_deadline;
    context_.restart();
    while (!done() && std::chrono::steady_clock::now() < deadline) context_.run_one_until(deadline);
    return done();
  }

  http::Response ask(const std::string& method, const std::string& path, const std::string& token,
                     std::string body = {}) {
    Pending out;
    begin(call(method, path, token, std::move(body)), out);
    REQUIRE(run_until([&out] { return out.has_value(); }));
    REQUIRE(out->has_value());
    return **out;
  }
  http::Response as_operator(const std::string& method, const std::string& path, std::string body = {}) {
    return ask(method, path, operator_token, std::move(body));
  }
  std::string code_of(const http::Response& response) { return protocol::decode_error(response.body).code; }

  std::string enrolled(const std::string& id, const std::string& ledger = "L1") {
    const auto minted = as_operator("POST", "/v1/enroll-codes", R"({"node_id":")" + id + R"("})");
    REQUIRE(minted.status == 200);
    const auto reply = ask("POST", "/v1/enroll", "",
                           protocol::encode(protocol::EnrollRequest{id, *decode_code(minted.body), "", ledger}));
    REQUIRE(reply.status == 200);
    return protocol::decode_enroll_reply(reply.body)->node_key;
  }

  // Parked in Waiters: nothing else runs then, so one pass of the loop tells.
  bool is_parked(const std::string& node_id) {
    const auto& plane = *waking_plane_;
    return plane.parked_polls(node_id) > 0;
  }

  ControlPlane control;

 private:
  Moment moment() const {
    const auto passed = std::chrono::steady_clock::now() - began_;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
    Moment out = control.now;
    out.mono_ms += ms;
    out.now.boot_ms += ms;
    out.now.wall_ms += ms;
    return out;
  }

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  boost::asio::io_context context_{1};
  Waiters waiters_;
  std::unique_ptr<Plane> waking_plane_;
  std::optional<Api> api_;
  std::optional<http::Server> server_;
  std::optional<http::Client> client_;
  std::string url_;
};

const std::string beat_path = "/v1/nodes/vm-1/heartbeat";

}  // namespace

TEST_CASE("a node enrols, beats, and is listed") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  const auto reply = site.ask("POST", beat_path, key, protocol::encode(beat_of(1)));
  REQUIRE(reply.status == 200);
  CHECK(reply.headers.get("Cache-Control") == "no-store");
  const auto beat_reply = protocol::decode_heartbeat_reply(reply.body);
  REQUIRE(beat_reply.has_value());
  CHECK(beat_reply->next_heartbeat_s == 60);
  CHECK(beat_reply->long_poll);
  const auto nodes = decode_nodes(site.as_operator("GET", "/v1/nodes").body);
  REQUIRE(nodes.has_value());
  REQUIRE(nodes->size() == 1);
  CHECK(nodes->front().verdict.word == "running");
  CHECK(decode_node(site.as_operator("GET", "/v1/nodes/vm-1").body)->record.epoch == 1);
}

TEST_CASE("unknown keys get 401, foreign ones 403, and operators' routes want an operator") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  const std::string other = site.enrolled("vm-2", "L2");
  const std::string body = protocol::encode(beat_of(1));
  CHECK(site.ask("POST", beat_path, "", body).status == 401);
  CHECK(site.ask("POST", beat_path, "wrong", body).status == 401);
  CHECK(site.ask("POST", beat_path, other, body).status == 403);
  CHECK(site.ask("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=0", other).status == 403);
  CHECK(site.ask("GET", "/v1/nodes", key).status == 401);
  CHECK(site.ask("POST", "/v1/nodes/vm-1/commands", key, R"({"verb":"stop","target":"node"})").status == 401);
  CHECK(site.ask("POST", "/v1/enroll", "", protocol::encode(protocol::EnrollRequest{"vm-3", "bad", "", "L"})).status ==
        403);
}

TEST_CASE("a stale epoch is 409 and carries the last epoch") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  REQUIRE(site.ask("POST", beat_path, key, protocol::encode(beat_of(5))).status == 200);
  const auto stale = site.ask("POST", beat_path, key, protocol::encode(beat_of(4)));
  CHECK(stale.status == 409);
  CHECK(site.code_of(stale) == "stale_epoch");
  CHECK(stale.body.find(R"("last_epoch":5)") != std::string::npos);
}

TEST_CASE("malformed JSON and wrong fields are 400 with their path, oversized bodies 413") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  CHECK(site.ask("POST", beat_path, key, "{").status == 400);
  std::string body = protocol::encode(beat_of(1));
  body.replace(body.find(R"("boot_id":"boot-1")"), 18, R"("boot_id":7)");
  const auto wrong = site.ask("POST", beat_path, key, body);
  CHECK(wrong.status == 400);
  CHECK(protocol::decode_error(wrong.body).path == "$.boot_id");
  const auto unknown =
      site.as_operator("POST", "/v1/nodes/vm-1/commands", R"({"verb":"stop","target":"node","generation":3})");
  CHECK(unknown.status == 400);
  CHECK(protocol::decode_error(unknown.body).path == "$.generation");
  CHECK(site.as_operator("POST", "/v1/nodes/vm-1/commands", std::string(70 * 1024, ' ')).status == 413);
  CHECK(site.ask("POST", beat_path, key, std::string(70 * 1024, ' ')).status == 400);
  CHECK(site.ask("POST", beat_path, key, std::string(1100 * 1024, ' ')).status == 413);
}

TEST_CASE("typed refusals of commands are 409 with their code") {
  Site site;
  site.enrolled("vm-1");
  const auto refused = [&site](const std::string& body) {
    const auto response = site.as_operator("POST", "/v1/nodes/vm-1/commands", body);
    CHECK(response.status == 409);
    return site.code_of(response);
  };
  CHECK(refused(R"({"verb":"suspend","target":"node"})") == "reason_required");
  CHECK(refused(R"({"verb":"hold","target":"node"})") == "local_only");
  CHECK(refused(R"({"verb":"explode","target":"node"})") == "unknown_verb");
  REQUIRE(site.as_operator("POST", "/v1/nodes/vm-1/commands", R"({"id":"x","verb":"stop","target":"node"})").status ==
          202);
  CHECK(refused(R"({"id":"x","verb":"start","target":"node"})") == "id_reused");
  CHECK(site.as_operator("POST", "/v1/nodes/vm-9/commands", R"({"verb":"stop","target":"node"})").status == 404);
}

TEST_CASE("a parked poll is answered when a command is queued, and a waiting operator when its outcome comes") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  REQUIRE(site.ask("POST", beat_path, key, protocol::encode(beat_of(1))).status == 200);
  Site::Pending poll;
  site.begin(site.call("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=10", key), poll);
  REQUIRE(site.run_until([&] { return site.is_parked("vm-1"); }));
  REQUIRE(!poll);
  const auto sent = site.as_operator("POST", "/v1/nodes/vm-1/commands",
                                     R"({"verb":"stop","target":"node","args":{"grace_s":3},"reason":"night"})");
  REQUIRE(sent.status == 202);
  const std::string id = decode_command_view(sent.body)->command.id;
  REQUIRE(site.run_until([&] { return poll.has_value(); }));
  REQUIRE((*poll)->status == 200);
  const auto polled = protocol::decode_poll_reply((*poll)->body);
  REQUIRE(polled->commands.size() == 1);
  CHECK(polled->commands[0].id == id);
  CHECK(polled->commands[0].actor == "operator:alice");
  CHECK(polled->commands[0].args.grace_s == 3);

  Site::Pending waiting;
  site.begin(site.call("GET", "/v1/nodes/vm-1/commands/" + id + "?wait_s=10", operator_token), waiting);
  auto beat = beat_of(1);
  beat.outcomes = {outcome_of(id)};
  REQUIRE(site.ask("POST", beat_path, key, protocol::encode(beat)).status == 200);
  REQUIRE(site.run_until([&] { return waiting.has_value(); }));
  const auto view = decode_command_view((*waiting)->body);
  REQUIRE(view.has_value());
  CHECK(view->state == fleet::CommandState::settled);
  CHECK(view->outcome->detail == "all stopped");
}

TEST_CASE("a poll without news is 204 when its time is over or a newer one of the same node comes") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  CHECK(site.ask("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=0", key).status == 204);
  Site::Pending older;
  site.begin(site.call("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=50", key), older);
  REQUIRE(site.run_until([&] { return site.is_parked("vm-1"); }));
  CHECK(site.ask("GET", "/v1/nodes/vm-1/commands?cursor=0&wait_s=0", key).status == 204);
  REQUIRE(site.run_until([&] { return older.has_value(); }));
  CHECK((*older)->status == 204);
  CHECK(site.ask("GET", "/v1/nodes/vm-1/commands?cursor=x", key).status == 400);
  CHECK(site.ask("GET", "/v1/nodes/vm-1/commands?wait_s=99", key).status == 400);
}

TEST_CASE("an event stream gives what is stored, then what comes, and goes on after Last-Event-ID") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  std::string seen;
  Site::Pending stream;
  site.begin_stream(
      site.call("GET", "/v1/events?after=0&follow=1", operator_token),
      [&seen](std::string_view bytes) {
        seen += bytes;
        return seen.find("workload_exited") == seen.npos;
      },
      stream);
  REQUIRE(site.run_until([&] { return seen.find("node_enrolled") != seen.npos; }));
  auto beat = beat_of(1);
  beat.events = {event_of(1)};
  REQUIRE(site.ask("POST", beat_path, key, protocol::encode(beat)).status == 200);
  REQUIRE(site.run_until([&] { return stream.has_value(); }));

  auto resumed = site.call("GET", "/v1/events?after=0&follow=1", operator_token);
  resumed.request.headers.set("Last-Event-ID", "2");
  std::string later;
  Site::Pending again;
  site.begin_stream(
      resumed,
      [&later](std::string_view bytes) {
        later += bytes;
        return later.find("data: ") == later.npos;
      },
      again);
  REQUIRE(site.run_until([&] { return again.has_value(); }));
  CHECK(later.find("id: 3\n") != later.npos);
  CHECK(later.find("id: 2\n") == later.npos);
  const auto page = decode_event_records(site.as_operator("GET", "/v1/events?after=1&limit=1").body);
  REQUIRE(page->size() == 1);
  CHECK(page->front().id == 2);
}

TEST_CASE("the plain page shows counts to everybody and nodes to an operator, with their text escaped") {
  Site site;
  const std::string key = site.enrolled("vm-1");
  auto beat = beat_of(1);
  beat.report = protocol::Report{};
  beat.report->reasons = {"<script>alert(1)</script>"};
  REQUIRE(site.ask("POST", beat_path, key, protocol::encode(beat)).status == 200);
  const auto open = site.ask("GET", "/", "");
  CHECK(open.status == 200);
  CHECK(open.headers.get("Content-Security-Policy").find("default-src 'none'") != std::string_view::npos);
  CHECK(open.body.find("vm-1") == std::string::npos);
  CHECK(open.body.find("1 nodes") != std::string::npos);
  const auto full = site.as_operator("GET", "/");
  CHECK(full.body.find("vm-1") != std::string::npos);
  CHECK(full.body.find("<script>") == std::string::npos);
  CHECK(full.body.find("&lt;script&gt;") != std::string::npos);
}

TEST_CASE("health, version and the API document are open; other methods and places are not there") {
  Site site;
  CHECK(site.ask("GET", "/health", "").status == 200);
  CHECK(site.ask("GET", "/version", "").body.find(R"("protocol":1)") != std::string::npos);
  CHECK(site.ask("GET", "/openapi.json", "").body.find("openapi") != std::string::npos);
  CHECK(site.ask("DELETE", "/v1/nodes", operator_token).status == 405);
  CHECK(site.as_operator("GET", "/v1/nothing").status == 404);
  CHECK(site.as_operator("GET", "/v1/nodes/UPPER").status == 404);
  CHECK(site.as_operator("POST", "/v1/nodes/vm-9/approve").status == 404);
}
