#include "agent/api/access.hpp"
#include "agent/api/node_api.hpp"
#include "agent/loops/commands.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/reconcile/report.hpp"
#include "common/async/spawn.hpp"
#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_container_engine.hpp"
#include "tests/support/fake_host.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include <unistd.h>

using namespace aura;
using namespace aura::testing;
namespace rec = reconcile::record;

namespace {

// Takes what a stream writes until the caller hangs up after `most` pieces.
class Writer final : public http::BodyWriter {
 public:
  Writer(FakeClock& clock, int most) : clock_(clock), left_(most) {}
  boost::asio::awaitable<bool> write(std::string_view bytes) override {
    text.append(bytes);
    if (--left_ <= 0) gone_.notify();
    co_return left_ > 0;
  }
  boost::asio::awaitable<void> closed() override { co_await gone_.wait(clock_, clock_.boot_ms() + 3'600'000); }
  void abandon() override { gone_.notify(); }
  std::string text;

 private:
  FakeClock& clock_;
  loops::Wakeup gone_;
  int left_;
};

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "aura-api-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

http::Peer peer_of(uid_t uid) {
  http::Peer peer;
  peer.is_unix = true;
  peer.uid = uid;
  peer.gid = 60'000;
  return peer;
}
const http::Peer root = peer_of(0);
const http::Peer stranger = peer_of(60'000);

http::Request get(const std::string& target) {
  http::Request request;
  request.target = target;
  request.headers.set("Host", "localhost");
  return request;
}

http::Request post(const std::string& body, const std::string& query = "") {
  http::Request request = get("/v1/commands" + query);
  request.method = "POST";
  request.headers.set("Content-Type", "application/json");
  request.body = body;
  return request;
}

boost::asio::awaitable<void> call(http::Handler& handler, http::Request request, http::Peer peer,
                                  std::optional<http::Reply>& reply) {
  reply = co_await handler(request, peer);
}

boost::asio::awaitable<void> stream(http::Reply& reply, Writer& writer, bool& ended) {
  co_await reply.body_writer(writer);
  ended = true;
}

struct Api {
  Api() : ledger(std::move(*store::Ledger::open(folder.path + "/state"))) {
    record(rec::LedgerCreated{new_id(), "n1", ""});
    record(rec::AgentStarted{1, "0.1.0"});
    reconcile::Declaration web;
    web.name = "web";
    web.spec.image = "app:1";
    web.spec.env["PASSWORD"] = "hunter2";
    web.spec_hash = "v1:x";
    record(rec::Declared{web});
    ledger->on_change([this] { changes.notify(); });
    handler = api::make_handler(
        {clock, *ledger, engine, "0.1.0", [this] { return report(); }, [this] { return unready; },
         [this] { return reconciled; },
         [this](const protocol::Command& command, reconcile::Origin origin) { return desk.deliver(command, origin); },
         [this](BootMs deadline) { return changes.wait(clock, deadline); }});
  }
  void record(reconcile::RecordBody body) { REQUIRE(loops::record(parts, std::move(body)).has_value()); }
  protocol::Report report() {
    auto made = reconcile::make_report(ledger->state(), plan, {}, {}, clock.now());
    for (auto& one : made.workloads) one.container_id = container_id;
    return made;
  }
  http::Reply ask(http::Request request, const http::Peer& peer = root) {
    std::optional<http::Reply> reply;
    spawn(io.get_executor(), "call", call(handler, std::move(request), peer, reply));
    clock.run_until_idle();
    REQUIRE(reply.has_value());
    return std::move(*reply);
  }
  int status(http::Request request, const http::Peer& peer = root) {
    return ask(std::move(request), peer).response.status;
  }

  Folder folder;
  boost::asio::io_context io;
  FakeClock clock{io};
  FakeContainerEngine engine;
  FakeHost host;
  std::unique_ptr<store::Ledger> ledger;
  loops::Parts parts{io.get_executor(), clock, *ledger, engine, host};
  loops::CommandDesk desk{parts, {}};
  loops::Broadcast changes;
  reconcile::Plan plan;
  std::string container_id;
  std::vector<std::string> unready;
  bool reconciled = true;
  http::Handler handler;
};

const std::string stop_web = R"({"id":"c1","verb":"stop","target":"workload:web"})";

bool has(const http::Reply& reply, const std::string& text) {
  return reply.response.body.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("health tells alive, ready and started apart") {
  Api api;
  CHECK(api.status(get("/health")) == 200);
  CHECK(api.status(get("/health/ready")) == 200);
  api.unready = {"Docker is unknown."};
  api.reconciled = false;
  CHECK(api.status(get("/health")) == 200);
  CHECK(api.status(get("/health/ready")) == 503);
  CHECK(has(api.ask(get("/health/ready")), "Docker is unknown."));
  CHECK(api.status(get("/health/startup")) == 503);
}

TEST_CASE("everyone on the machine may read; only root and the group may act or see logs") {
  Api api;
  CHECK(api.status(get("/v1/status"), stranger) == 200);
  CHECK(api.status(get("/v1/workloads"), stranger) == 200);
  const auto refused = api.ask(post(stop_web), stranger);
  CHECK(refused.response.status == 403);
  CHECK(has(refused, "stop"));
  CHECK(api.ledger->state().settled.empty());
  CHECK(api.status(get("/v1/workloads/web/logs"), stranger) == 403);
  CHECK(api.status(post(stop_web), root) == 202);
}

TEST_CASE("a peer that is not on the Unix socket is refused") {
  Api api;
  http::Peer tcp;
  tcp.address = "100.64.0.7";
  CHECK(api.status(get("/v1/status"), tcp) == 403);
}

TEST_CASE("a literal loopback address and our own names are our Host, a name that somebody points here is not") {
  const std::vector<std::string> own = {"100.64.0.2", "fd7a:115c:a1e0::2", "node.tn.test", "node"};
  const auto trouble = [&own](const std::string& host) {
    http::Request request;
    request.headers.set("Host", host);
    return api::browser_trouble(request, own);
  };
  for (const char* host : {"localhost:9414", "127.0.0.1:9414", "[::1]:9414", "[fd7a:115c:a1e0::2]:9414",
                           "NODE.tn.test:9414", "node", "100.64.0.2"}) {
    CAPTURE(host);
    CHECK(trouble(host).empty());
  }
  for (const char* host : {"evil.example:9414", "[", "[::2]", "node.evil.example", "100.64.0.3"}) {
    CAPTURE(host);
    CHECK_FALSE(trouble(host).empty());
  }
}

TEST_CASE("what a page of another site asks for is refused, also without an Origin") {
  http::Request request;
  request.headers.set("Host", "node");
  request.headers.set("Sec-Fetch-Site", "cross-site");
  CHECK_FALSE(api::browser_trouble(request, {"node"}).empty());
  request.headers.set("Sec-Fetch-Site", "none");
  CHECK(api::browser_trouble(request, {"node"}).empty());
}

TEST_CASE("browsers are refused: any Origin, a foreign Host, a body that is not JSON") {
  Api api;
  auto with_origin = get("/v1/status");
  with_origin.headers.set("Origin", "null");
  CHECK(api.status(with_origin) == 403);
  auto foreign = get("/v1/status");
  foreign.headers.set("Host", "evil.example");
  CHECK(api.status(foreign) == 403);
  auto form = post(stop_web);
  form.headers.set("Content-Type", "text/plain");
  CHECK(api.status(form) == 415);
  CHECK(api.ledger->state().open.empty());
}

TEST_CASE("values of env are masked") {
  Api api;
  const auto reply = api.ask(get("/v1/workloads/web"));
  CHECK(reply.response.status == 200);
  CHECK(has(reply, "PASSWORD"));
  CHECK_FALSE(has(reply, "hunter2"));
  CHECK(api.status(get("/v1/workloads/nope")) == 404);
}

TEST_CASE("why a workload's runs began and ended is for everybody who may read") {
  Api api;
  const auto reply = api.ask(get("/v1/workloads/web/why"));
  CHECK(reply.response.status == 200);
  const auto why = protocol::decode_why(reply.response.body);
  REQUIRE(why.has_value());
  CHECK(why->workload == "web");
}

TEST_CASE("a command is answered 202 while open, 200 once settled, and its actor is the caller") {
  Api api;
  CHECK(api.status(post(R"({"id":"c1","verb":"stop","target":"workload:web","actor":"dashboard:eve"})")) == 202);
  CHECK(api.ledger->state().open.at("c1").command.actor == "local:root");
  protocol::Outcome outcome;
  outcome.command_id = "c1";
  outcome.verb = protocol::Verb::stop;
  api.record(rec::Settled{"c1", outcome});
  const auto again = api.ask(post(stop_web));
  CHECK(again.response.status == 200);
  CHECK(has(again, "succeeded"));
  CHECK(api.status(get("/v1/commands/c1")) == 200);
  CHECK(api.status(get("/v1/commands/c9")) == 404);
}

TEST_CASE("wait_s answers as soon as the outcome is there") {
  Api api;
  std::optional<http::Reply> reply;
  spawn(api.io.get_executor(), "call", call(api.handler, post(stop_web, "?wait_s=30"), root, reply));
  api.clock.advance(5'000);
  CHECK_FALSE(reply.has_value());
  protocol::Outcome outcome;
  outcome.command_id = "c1";
  api.record(rec::Settled{"c1", outcome});
  api.clock.run_until_idle();
  REQUIRE(reply.has_value());
  CHECK(reply->response.status == 200);
}

TEST_CASE("wait_s ends with 202 when there is no outcome in time") {
  Api api;
  std::optional<http::Reply> reply;
  spawn(api.io.get_executor(), "call", call(api.handler, post(stop_web, "?wait_s=30"), root, reply));
  api.clock.advance(31'000);
  REQUIRE(reply.has_value());
  CHECK(reply->response.status == 202);
}

TEST_CASE("what is refused has its code: 400 unreadable, 409 judged, 429 too many") {
  Api api;
  const auto unknown_verb = api.ask(post(R"({"id":"c1","verb":"dance","target":"node"})"));
  CHECK(unknown_verb.response.status == 400);
  CHECK(has(unknown_verb, "unknown_verb"));
  CHECK(api.status(post("{")) == 400);
  const auto no_workload = api.ask(post(R"({"id":"c2","verb":"stop","target":"workload:nope"})"));
  CHECK(no_workload.response.status == 409);
  CHECK(has(no_workload, "unknown_workload"));
  CHECK(api.status(post(stop_web)) == 202);
  const auto reused = api.ask(post(R"({"id":"c1","verb":"start","target":"workload:web"})"));
  CHECK(reused.response.status == 409);
  CHECK(has(reused, "id_reused"));
  int status = 202;
  for (int i = 0; i < 100 && status == 202; ++i) {
    status = api.status(post(R"({"id":"p)" + std::to_string(i) + R"(","verb":"pull","target":"image:app:1"})"));
  }
  CHECK(status == 429);
}

TEST_CASE("events come as a list after a number, and a bad number is refused") {
  Api api;
  CHECK(has(api.ask(get("/v1/events")), "agent_started"));
  const auto last = std::to_string(api.ledger->state().last_event_seq);
  CHECK(api.ask(get("/v1/events?after=" + last)).response.body == "[]");
  CHECK(api.status(get("/v1/events?after=x")) == 400);
}

TEST_CASE("a followed event stream goes on after Last-Event-ID and brings what is new") {
  Api api;
  auto request = get("/v1/events?follow=1");
  request.headers.set("Last-Event-ID", std::to_string(api.ledger->state().last_event_seq));
  auto reply = api.ask(std::move(request));
  REQUIRE(reply.body_writer);
  Writer writer(api.clock, 2);
  bool ended = false;
  spawn(api.io.get_executor(), "stream", stream(reply, writer, ended));
  api.clock.run_until_idle();
  rec::Noted note;
  note.kind = "something";
  note.text = "new";
  api.record(note);
  api.clock.run_until_idle();
  CHECK(writer.text.find("something") != std::string::npos);
  CHECK(writer.text.find("agent_started") == std::string::npos);
  CHECK(ended);
}

TEST_CASE("logs of a workload without a container are 404, a bad tail is 400") {
  Api api;
  CHECK(api.status(get("/v1/workloads/web/logs")) == 404);
  CHECK(api.status(get("/v1/workloads/nope/logs")) == 404);
  CHECK(api.status(get("/v1/workloads/nope/why")) == 404);
  CHECK(api.status(get("/v1/workloads/web/logs?tail=many")) == 400);
  CHECK(api.status(get("/v1/workloads/web/logs?since=yesterday")) == 400);
}

TEST_CASE("followed logs end when the reader hangs up") {
  Api api;
  api.clock.attach(api.engine);
  api.engine.add_image("app:1");
  api.container_id = api.engine.add_foreign("web", "app:1");
  auto reply = api.ask(get("/v1/workloads/web/logs?follow=1"));
  REQUIRE(reply.body_writer);
  Writer writer(api.clock, 2);
  bool ended = false;
  spawn(api.io.get_executor(), "stream", stream(reply, writer, ended));
  api.clock.run_until_idle();
  api.engine.print(api.container_id, "one");
  api.clock.run_until_idle();
  CHECK_FALSE(ended);
  api.engine.print(api.container_id, "two");
  api.clock.run_until_idle();
  CHECK(writer.text.find("one") != std::string::npos);
  CHECK(ended);
}

TEST_CASE("metrics are served") {
  Api api;
  CHECK(has(api.ask(get("/metrics")), "node_id=\"n1\",workload=\"web\""));
}

TEST_CASE("the OpenAPI document and the version are served") {
  Api api;
  CHECK(has(api.ask(get("/openapi.json")), "\"openapi\""));
  CHECK(has(api.ask(get("/version")), "0.1.0"));
  CHECK(api.status(get("/nothing")) == 404);
}
