#include "common/protocol/codec.hpp"
#include "samples.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::protocol;

namespace {

// The value, or a failed test that shows the message.
template <class T>
T read(Result<T> result) {
  if (result.has_error()) FAIL(result.error().message);
  return *std::move(result);
}

}  // namespace

TEST_CASE("a command of every verb survives the way through JSON") {
  for (const Command& command : samples::commands()) {
    INFO(encode(command));
    CHECK(read(decode_command(encode(command))) == command);
  }
}

TEST_CASE("a command reads as the protocol page writes it") {
  const auto command = read(decode_command(
      R"({"id":"01J", "verb":"restart", "target":"workload:web", "generation":42, "expires_in_s":600, "age_s":0,
          "args":{"grace_s":330}, "force":false, "reason":"user request", "actor":"dashboard:alice@example.com"})"));
  CHECK(command.verb == Verb::restart);
  CHECK(command.target == samples::workload("web"));
  CHECK(command.generation == 42);
  CHECK(command.expires_in_s == 600);
  CHECK(command.args.grace_s == 330);
  CHECK(command.actor == "dashboard:alice@example.com");
}

TEST_CASE("id, verb and target are a whole command") {
  const auto command = read(decode_command(R"({"id":"a","verb":"start","target":"node"})"));
  Command expected;
  expected.id = "a";
  CHECK(command == expected);
}

TEST_CASE("equal specs become the same text, whatever the order of their keys") {
  auto spec = [](std::string_view json) {
    const std::string text =
        R"({"id":"a","verb":"apply","target":"node","args":{"workloads":{"web":)" + std::string(json) + "}}}";
    return read(decode_command(text)).args.workloads.at("web");
  };
  CHECK(spec(R"({"image":"x","env":{"B":"2","A":"1"},"ports":["b","a"]})") ==
        R"({"env":{"A":"1","B":"2"},"image":"x","ports":["b","a"]})");
  CHECK(spec(R"({ "image" : "x" })") == spec(R"({"image":"x"})"));
  CHECK(spec(R"({"ports":["a","b"]})") != spec(R"({"ports":["b","a"]})"));
}

TEST_CASE("a why with all and with nothing survives the way through JSON") {
  Why why;
  why.workload = "web";
  Run full;
  full.container_id = "c";
  full.started_at = "2026-11-21T11:59:17.123456789Z";
  full.began = samples::noon;
  full.began_why = "as declared";
  full.ended = samples::noon;
  full.ended_why = "killed by the kernel for want of memory (exit code 137).";
  full.cause = "crashed";
  full.exit_code = 137;
  full.signal = "SIGKILL";
  full.oom = true;
  full.child_oom = true;
  full.command_id = "01J1";
  full.actor = "local:root";
  full.attempts = 4;
  full.log_tail = {"one", "\x1b[2J"};
  why.runs = {full, Run{}};
  CHECK(read(decode_why(encode(why))) == why);
  CHECK(decode_why(R"({"workload":"web","runs":[{"oom":true}]})").has_error());
}

TEST_CASE("an outcome survives the way through JSON") {
  const Outcome full = samples::outcome();
  CHECK(read(decode_outcome(encode(full))) == full);
  Outcome bare;
  bare.command_id = "a";
  CHECK(read(decode_outcome(encode(bare))) == bare);
}

TEST_CASE("events survive the way through JSON, alone and as a list") {
  const std::vector<Event> events = {samples::event(3), samples::bare_event()};
  for (const Event& event : events) CHECK(read(decode_event(encode(event))) == event);
  CHECK(read(decode_events(encode(events))) == events);
  CHECK(read(decode_events("[]")).empty());
}

TEST_CASE("a report survives the way through JSON, full and bare") {
  CHECK(read(decode_report(encode(samples::report()))) == samples::report());
  CHECK(read(decode_report(encode(samples::bare_report()))) == samples::bare_report());
}

TEST_CASE("an enrolment survives the way through JSON") {
  const EnrollRequest sent{"node-1", "c0de", "i-1", "l1"};
  const auto got = read(decode_enroll_request(encode(sent)));
  CHECK(got.node_id == sent.node_id);
  CHECK(got.code == sent.code);
  CHECK(got.cloud_instance_id == sent.cloud_instance_id);
  CHECK(got.ledger_id == sent.ledger_id);
  CHECK(read(decode_enroll_reply(encode(EnrollReply{"k3y"}))).node_key == "k3y");
  CHECK(encode(EnrollReply{}) == R"({"pending":true})");
  CHECK(read(decode_enroll_reply(encode(EnrollReply{}))).node_key.empty());
}

TEST_CASE("a heartbeat survives the way through JSON") {
  const Heartbeat sent = samples::heartbeat();
  const auto got = read(decode_heartbeat(encode(sent)));
  CHECK(got.ledger_id == sent.ledger_id);
  CHECK(got.boot_id == sent.boot_id);
  CHECK(got.epoch == sent.epoch);
  CHECK(got.cloud_instance_id == sent.cloud_instance_id);
  CHECK(got.seq == sent.seq);
  CHECK(got.agent_version == sent.agent_version);
  CHECK(got.state == sent.state);
  CHECK(got.intent == sent.intent);
  CHECK(got.suspended == sent.suspended);
  CHECK(got.generation == sent.generation);
  CHECK(got.node_generation == sent.node_generation);
  CHECK(got.state_hash == sent.state_hash);
  CHECK(got.report == sent.report);
  CHECK(got.events == sent.events);
  CHECK(got.outcomes == sent.outcomes);
  CHECK(got.deferred == sent.deferred);
}

TEST_CASE("a node without ledger and recorded start says null for both, and is read so") {
  const std::string text = encode(samples::nameless_heartbeat());
  CHECK(text.find(R"("ledger_id":null)") != text.npos);
  CHECK(text.find(R"("epoch":null)") != text.npos);
  CHECK(text.find(R"("report":null)") != text.npos);
  const auto got = read(decode_heartbeat(text));
  CHECK(got.ledger_id.empty());
  CHECK_FALSE(got.epoch);
  CHECK_FALSE(got.report);
}

TEST_CASE("a reply to a heartbeat survives the way through JSON") {
  const HeartbeatReply sent = samples::heartbeat_reply();
  const auto got = read(decode_heartbeat_reply(encode(sent)));
  CHECK(got.server_time == sent.server_time);
  CHECK(got.next_heartbeat_s == sent.next_heartbeat_s);
  CHECK(got.long_poll);
  CHECK(got.want_report);
  CHECK(got.confirmed_event_seq == sent.confirmed_event_seq);
  CHECK(got.confirmed_outcomes == sent.confirmed_outcomes);
  CHECK(got.wanted == sent.wanted);
  CHECK(got.commands == sent.commands);
  CHECK(got.unreadable.empty());
}

TEST_CASE("a reply that says only when to call again confirms nothing and wants nothing") {
  const auto got = read(decode_heartbeat_reply(R"({"server_time":"2026-11-21T10:54:03Z","next_heartbeat_s":60})"));
  CHECK(got.confirmed_event_seq == 0);
  CHECK(got.confirmed_outcomes.empty());
  CHECK_FALSE(got.wanted);
  CHECK(got.commands.empty());
  CHECK_FALSE(got.long_poll);
}

TEST_CASE("a poll reply survives the way through JSON") {
  const PollReply sent{9, samples::commands(), {}};
  const auto got = read(decode_poll_reply(encode(sent)));
  CHECK(got.cursor == 9);
  CHECK(got.commands == sent.commands);
}

TEST_CASE("an error survives the way through JSON") {
  const auto got = decode_error(encode_error("stale_generation", "41 is not above 45", "$.generation"));
  CHECK(got.code == "stale_generation");
  CHECK(got.message == "41 is not above 45");
  CHECK(got.path == "$.generation");
  CHECK(encode_error("busy", "later") == R"({"error":{"code":"busy","message":"later"}})");
}

TEST_CASE("a stale epoch comes with the last one known") {
  const auto got = decode_error(R"({"error":{"code":"stale_epoch","message":"fence yourself"},"last_epoch":18})");
  CHECK(got.code == "stale_epoch");
  CHECK(got.last_epoch == 18);
  CHECK_FALSE(decode_error(encode_error("stale_epoch", "epoch 3")).last_epoch);
}

TEST_CASE("what is not an error body gives its beginning as the message") {
  const auto page = decode_error("<html>" + std::string(400, 'x'));
  CHECK(page.code.empty());
  CHECK(page.message.size() == 200);
  CHECK(decode_error("").message.empty());
  CHECK(decode_error(R"({"error":"flat"})").message == R"({"error":"flat"})");
  CHECK(decode_error(R"({"error":{"code":7,"message":"x"}})").code.empty());
}

TEST_CASE("an error of decoding becomes a body with code and path") {
  const auto unknown = decode_command(R"({"id":"a","verb":"explode","target":"node"})");
  REQUIRE(unknown.has_error());
  const auto body = decode_error(encode_error(unknown.error()));
  CHECK(body.code == code::unknown_verb);
  CHECK(body.path == "$.verb");

  const auto odd = decode_command(R"({"id":"a","verb":"start","target":"node","x\": y":1})");
  REQUIRE(odd.has_error());
  const auto quoted = decode_error(encode_error(odd.error()));
  CHECK(quoted.code == code::invalid);
  CHECK(quoted.path == R"($["x\": y"])");

  Error other;
  other.message = "no path here";
  CHECK(decode_error(encode_error(other)).message == "no path here");
}
