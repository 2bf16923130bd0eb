// The API over loopback: real server, real client, one io_context.
#include "common/protocol/codec.hpp"
#include "site.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

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
  CHECK(site.as_operator("POST", "/v1/nodes/vm-9/refuse").status == 404);
}
