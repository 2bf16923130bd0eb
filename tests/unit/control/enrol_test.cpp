#include "common/digest.hpp"
#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

std::string minted(ControlPlane& control, const std::string& id) {
  const auto code = control.plane->make_code(id, "operator:test", control.now);
  REQUIRE(code.has_value());
  return *code;
}

std::string refused(ControlPlane& control, const protocol::EnrollRequest& request) {
  const auto reply = control.plane->enroll(request, control.now);
  REQUIRE(reply.has_error());
  CHECK(reply.error().status == 403);
  return reply.error().code;
}

}  // namespace

TEST_CASE("a code gives a key that opens its own node only") {
  ControlPlane control;
  const std::string key = control.enrolled("vm-1");
  const std::string other = control.enrolled("vm-2", "L2");
  CHECK(control.plane->check_key("vm-1", key).has_value());
  CHECK(control.plane->check_key("vm-2", key).error().status == 403);
  CHECK(control.plane->check_key("vm-1", "nonsense").error().status == 401);
  CHECK(control.plane->check_key("vm-1", "").error().status == 401);
  CHECK(key != other);
}

TEST_CASE("keys and codes are stored as hashes only") {
  ControlPlane control;
  const std::string key = control.enrolled("vm-1");
  CHECK(control.store->nodes()->front().key_hash == sha256_hex(key));
  const std::string code = minted(control, "vm-2");
  bool found = false;
  for (const CodeRecord& record : *control.store->codes()) {
    CHECK(record.hash != code);
    found = found || record.hash == sha256_hex(code);
  }
  CHECK(found);
}

TEST_CASE("a code is refused for another node, after 30 minutes, and when it was used by another machine") {
  ControlPlane control;
  const std::string code = minted(control, "vm-1");
  CHECK(refused(control, {"vm-2", code, "", "L2"}) == "code_unknown");
  CHECK(refused(control, {"vm-1", "wrong", "", "L1"}) == "code_unknown");
  control.pass_s(1801);
  CHECK(refused(control, {"vm-1", code, "", "L1"}) == "code_expired");
  const std::string fresh = minted(control, "vm-1");
  REQUIRE(control.plane->enroll({"vm-1", fresh, "", "L1"}, control.now).has_value());
  CHECK(refused(control, {"vm-1", fresh, "", "L2"}) == "claimed");
}

TEST_CASE("the machine that used a code may repeat it until it uses its key, since a reply may get lost") {
  ControlPlane control;
  const std::string code = minted(control, "vm-1");
  const auto first = control.plane->enroll({"vm-1", code, "", "L1"}, control.now);
  const auto again = control.plane->enroll({"vm-1", code, "", "L1"}, control.now);
  REQUIRE(again.has_value());
  CHECK(control.plane->check_key("vm-1", first->node_key).has_error());
  CHECK(control.plane->check_key("vm-1", again->node_key).has_value());
  REQUIRE(control.beat(beat_of(1)).has_value());
  CHECK(refused(control, {"vm-1", code, "", "L1"}) == "code_spent");
}

TEST_CASE("a node id is bound to its cloud instance and opens to another only after reenroll") {
  ControlPlane control;
  const std::string old_key = control.enrolled("vm-1", "L1", "i-1");
  const std::string code = minted(control, "vm-1");
  CHECK(refused(control, {"vm-1", code, "i-2", "L2"}) == "claimed");
  CHECK(refused(control, {"vm-1", "", "i-2", "L2"}) == "claimed");
  const auto reopened = control.plane->reenroll("vm-1", "operator:test", control.now);
  REQUIRE(reopened.has_value());
  const auto reply = control.plane->enroll({"vm-1", *reopened, "i-2", "L2"}, control.now);
  REQUIRE(reply.has_value());
  CHECK(control.plane->check_key("vm-1", reply->node_key).has_value());
  CHECK(control.plane->check_key("vm-1", old_key).error().status == 401);
  const std::string later = minted(control, "vm-1");
  CHECK(refused(control, {"vm-1", later, "i-1", "L1"}) == "claimed");
}

TEST_CASE("a new ledger on the same instance enrols with a code and begins its numbers anew") {
  ControlPlane control;
  control.enrolled("vm-1", "L1", "i-1");
  auto beat = beat_of(9);
  beat.events = {event_of(1), event_of(2)};
  REQUIRE(control.beat(beat)->confirmed_event_seq == 2);
  beat.ledger_id = "L2";
  beat.epoch = 1;
  CHECK(control.beat(beat).error().code == "new_ledger");
  control.enrolled("vm-1", "L2", "i-1");
  const auto reply = control.beat(beat);
  REQUIRE(reply.has_value());
  CHECK(reply->confirmed_event_seq == 2);
}

TEST_CASE("without a code a machine waits for approval, and approval lets in that very machine") {
  ControlPlane control;
  const auto asked = control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now);
  REQUIRE(asked.has_value());
  CHECK(asked->node_key.empty());
  CHECK(control.plane->nodes(control.now).front().verdict.word == "pending");
  CHECK(refused(control, {"vm-1", "", "i-2", "L2"}) == "claimed");
  REQUIRE(control.plane->approve("vm-1", "", "operator:test", control.now).has_value());
  control.restart();
  CHECK(refused(control, {"vm-1", "", "i-2", "L2"}) == "claimed");
  const auto let_in = control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now);
  REQUIRE(let_in.has_value());
  CHECK(control.plane->check_key("vm-1", let_in->node_key).has_value());
  REQUIRE(control.beat(beat_of(1)).has_value());
  CHECK(control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now)->node_key.empty());
  CHECK(control.plane->approve("vm-7", "", "operator:test", control.now).error().status == 404);
}

TEST_CASE("enrolment decides running where nothing was decided and leaves a decision alone") {
  ControlPlane control;
  control.enrolled("vm-1", "L1", "i-1");
  const auto wanted = control.beat(beat_of(1))->wanted;
  REQUIRE(wanted);
  CHECK(wanted->intent == protocol::Intent::running);
  CHECK(wanted->generation == 1);
  const auto stop = control.sent("suspend", "node", "payment failed");
  control.enrolled("vm-1", "L2", "i-1");
  CHECK(control.shown().wanted->suspended);
  CHECK(control.shown().wanted->generation == stop.command.generation);
}

TEST_CASE("a stage is told with the unspent code or the key, and the code stays unspent") {
  ControlPlane control;
  const std::string code = minted(control, "vm-1");
  CHECK(control.plane->check_key_or_code("vm-1", code, control.now).has_value());
  CHECK(control.plane->check_key_or_code("vm-2", code, control.now).has_error());
  REQUIRE(control.plane->stage("vm-1", "configuring", "", control.now).has_value());
  const auto enrolled = control.plane->enroll({"vm-1", code, "", "L1"}, control.now);
  REQUIRE(enrolled.has_value());
  CHECK(control.plane->check_key_or_code("vm-1", code, control.now).has_error());
  CHECK(control.plane->check_key_or_code("vm-1", enrolled->node_key, control.now).has_value());
  REQUIRE(control.plane->stage("vm-1", "failed", "no disk", control.now).has_value());
  CHECK(control.shown().record.stage == "failed");
}

TEST_CASE("a node whose ledger went back in time is fenced until it is enrolled again") {
  ControlPlane control;
  control.enrolled("vm-1", "L1");
  auto beat = beat_of(7);
  beat.events = {event_of(1), event_of(2)};
  REQUIRE(control.beat(beat).has_value());
  CHECK(control.beat(beat_of(3)).error().code == "stale_epoch");
  const auto code = control.plane->reenroll("vm-1", "operator:test", control.now);
  REQUIRE(code.has_value());
  REQUIRE(control.plane->enroll({"vm-1", *code, "", "L1"}, control.now).has_value());
  const auto taken = control.beat(beat_of(3, "boot-3"));
  REQUIRE(taken.has_value());
  CHECK(taken->confirmed_event_seq == 2);
  CHECK(control.beat(beat_of(2)).error().code == "stale_epoch");
}

TEST_CASE("once re-enrolment is open a clone and a fenced life are told to enrol again, the known machine goes on") {
  ControlPlane control;
  control.enrolled("vm-1", "L1", "i-1");
  auto known = beat_of(7);
  known.cloud_instance_id = "i-1";
  auto clone = beat_of(8, "boot-2");
  clone.cloud_instance_id = "i-2";
  REQUIRE(control.beat(known).has_value());
  REQUIRE(control.beat(clone).has_value());
  REQUIRE(control.plane->reenroll("vm-1", "operator:test", control.now).has_value());
  CHECK(control.beat(clone).error().status == 401);
  CHECK(control.beat(beat_of(3)).error().status == 401);
  REQUIRE(control.plane->enroll({"vm-1", "", "i-2", "L1"}, control.now).has_value());
  REQUIRE(control.plane->approve("vm-1", "", "operator:test", control.now).has_value());
  CHECK_FALSE(control.plane->enroll({"vm-1", "", "i-2", "L1"}, control.now)->node_key.empty());
  REQUIRE(control.beat(clone).has_value());
  CHECK_FALSE(control.shown().record.cloned);
}
