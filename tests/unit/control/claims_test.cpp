// Who asks to be a node without a code, and what operators make of it.
#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

const Sender squatter{"nBad", "vm-b", "100.64.0.66"};
const Sender honest{"nA", "vm-a", "100.64.0.5"};
const std::string anna = "operator:anna";

// "" where the claim waits, "key" where the machine was let in, else the refusal.
std::string asked(ControlPlane& control, const std::string& node_id, const Sender& sender,
                  const std::string& code = {}) {
  const auto reply = control.plane->enroll({node_id, code, "", "L-" + sender.device}, control.now, sender);
  if (reply.has_value()) return reply->node_key.empty() ? "" : "key";
  return std::to_string(reply.error().status) + " " + reply.error().code;
}

std::string refused(ControlPlane& control, const std::string& device = {}, const std::string& node_id = "vm-1") {
  const auto done = control.plane->refuse_claim(node_id, device, anna, control.now);
  return done.has_value() ? done->device : done.error().code;
}

std::string approved(ControlPlane& control, const std::string& device = {}) {
  const auto done = control.plane->approve("vm-1", device, anna, control.now);
  return done.has_value() ? done->device : done.error().code;
}

void fill(ControlPlane& control, std::size_t count, const Sender& sender, const std::string& prefix) {
  for (std::size_t i = 0; i < count; ++i) REQUIRE(asked(control, prefix + std::to_string(i), sender).empty());
}

}  // namespace

TEST_CASE("a device may ask to be eight nodes at most, and keeps nobody else out by it") {
  ControlPlane control;
  fill(control, max_claims_of_device, squatter, "squat-");
  CHECK(asked(control, "squat-8", squatter) == "429 too_many_claims");
  CHECK(asked(control, "squat-0", squatter).empty());
  CHECK(asked(control, "vm-1", honest).empty());
  CHECK(asked(control, "vm-2", {}).empty());
  control.restart();
  CHECK(asked(control, "squat-8", squatter) == "429 too_many_claims");
  CHECK(control.plane->nodes(control.now).size() == max_claims_of_device + 2);
  REQUIRE(control.plane->approve("squat-0", "", anna, control.now).has_value());
  CHECK(asked(control, "squat-8", squatter).empty());
  CHECK(asked(control, "squat-9", squatter) == "429 too_many_claims");
  CHECK(refused(control, "", "squat-1") == "nBad");
  CHECK(asked(control, "squat-9", squatter).empty());
}

TEST_CASE("those from outside the tailnet share one limit, which is none of the tailnet's") {
  ControlPlane control;
  fill(control, max_claims_without_device, {}, "local-");
  CHECK(asked(control, "local-64", {}) == "429 too_many_claims");
  CHECK(asked(control, "local-0", {}).empty());
  CHECK(asked(control, "vm-1", honest).empty());
  const auto code = control.plane->make_code("local-64", anna, control.now);
  CHECK(asked(control, "local-64", {}, *code) == "key");
}

TEST_CASE("the thousand claims of all hold however many devices ask") {
  ControlPlane control;
  for (std::size_t i = 0; i < max_claims / max_claims_of_device; ++i) {
    fill(control, max_claims_of_device, {"n" + std::to_string(i), "", ""}, "of-" + std::to_string(i) + "-");
  }
  CHECK(asked(control, "vm-1", honest) == "429 too_many_claims");
  REQUIRE(refused(control, "n3", "of-3-5") == "n3");
  CHECK(asked(control, "vm-1", honest).empty());
}

TEST_CASE("an operator turns a squatter away: the next that asks may wait in its place, the squatter not for an hour") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", squatter).empty());
  CHECK(asked(control, "vm-1", honest) == "403 claimed");
  CHECK(refused(control, "nA") == "other_device");
  CHECK(refused(control) == "nBad");
  CHECK(refused(control) == "no_claim");
  CHECK(asked(control, "vm-1", squatter) == "403 turned_away");
  CHECK(asked(control, "vm-3", squatter).empty());
  CHECK(asked(control, "vm-1", honest).empty());
  CHECK(approved(control) == "nA");
  CHECK(asked(control, "vm-1", squatter) == "403 claimed");
  CHECK(asked(control, "vm-1", honest) == "key");

  REQUIRE(asked(control, "vm-2", squatter).empty());
  REQUIRE(refused(control, "nBad", "vm-2") == "nBad");
  control.pass_s(turned_away_s + 1);
  CHECK(asked(control, "vm-2", squatter).empty());
}

TEST_CASE("a device that was turned away by mistake comes in with a code") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", honest).empty());
  REQUIRE(refused(control) == "nA");
  const auto code = control.plane->make_code("vm-1", anna, control.now);
  CHECK(asked(control, "vm-1", honest, *code) == "key");
}

TEST_CASE("a claim that was dropped stays dropped, is audited, and told as an event") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", squatter).empty());
  REQUIRE(refused(control) == "nBad");
  control.restart();
  CHECK(control.plane->nodes(control.now).empty());
  CHECK(approved(control) == "no_claim");
  const auto audit = control.store->audit(1);
  REQUIRE(audit.has_value());
  CHECK(audit->front().actor == anna);
  CHECK(audit->front().action == "refuse");
  CHECK(audit->front().detail.find("device nBad") != std::string::npos);
  const auto events = control.plane->last_events("vm-1", 1);
  REQUIRE(events.has_value());
  CHECK(events->front().event.kind == "enrolment_refused");
  CHECK(events->front().event.text.find("operator:anna turned away the device vm-b (nBad) at 100.64.0.66") == 0);
}

TEST_CASE("approval of a device that was named lets in no other that asks for the same name") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", squatter).empty());
  CHECK(approved(control, "nA") == "other_device");
  CHECK(asked(control, "vm-1", squatter).empty());
  control.restart();
  const auto done = control.plane->approve("vm-1", "nBad", anna, control.now);
  REQUIRE(done.has_value());
  CHECK(done->device_name == "vm-b");
  CHECK(done->address == "100.64.0.66");
  CHECK(asked(control, "vm-1", squatter) == "key");
}

TEST_CASE("an approval is taken back by refuse until the machine has its key, then by reenroll alone") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", squatter).empty());
  REQUIRE(approved(control) == "nBad");
  CHECK(refused(control) == "nBad");
  CHECK(asked(control, "vm-1", squatter) == "403 turned_away");
  REQUIRE(asked(control, "vm-1", honest).empty());
  REQUIRE(approved(control) == "nA");
  REQUIRE(asked(control, "vm-1", honest) == "key");
  CHECK(refused(control) == "enrolled");
}

TEST_CASE("the list says which device waits, and how it is let in or turned away") {
  ControlPlane control;
  REQUIRE(asked(control, "vm-1", squatter).empty());
  const auto nodes = control.plane->nodes(control.now);
  const std::string& reason = nodes.front().verdict.reasons.front();
  for (const char* words : {"the device vm-b (nBad) at 100.64.0.66 asks to enrol", "aura-control approve vm-1",
                            "aura-control refuse vm-1"}) {
    CHECK(reason.find(words) != std::string::npos);
  }
}

TEST_CASE("an approval of before lets nobody in after reenroll, nor after another machine enrolled by its code") {
  ControlPlane control;
  CHECK(asked(control, "vm-1", squatter).empty());
  CHECK(approved(control) == "nBad");
  const auto code = control.plane->make_code("vm-1", anna, control.now);
  CHECK(asked(control, "vm-1", honest, *code) == "key");
  CHECK(asked(control, "vm-1", squatter) == "403 wrong_device");
  REQUIRE(control.plane->reenroll("vm-1", anna, control.now).has_value());
  CHECK(asked(control, "vm-1", squatter).empty());
  control.restart();
  CHECK(asked(control, "vm-1", squatter).empty());
}

TEST_CASE(
    "who asks from the device of a node that is well is not let in for it: a container on the VM has that device") {
  ControlPlane control;
  const auto code = control.plane->make_code("vm-1", anna, control.now);
  const auto reply = control.plane->enroll({"vm-1", *code, "i-1", "L1"}, control.now, honest);
  REQUIRE(reply.has_value());
  REQUIRE(control.plane->check_node("vm-1", reply->node_key, honest, control.now).has_value());
  REQUIRE(control.plane->beat("vm-1", beat_of(1), control.now, honest).has_value());
  const auto other = control.plane->enroll({"vm-1", "", "i-1", "L2"}, control.now, honest);
  REQUIRE(other.has_value());
  CHECK(other->node_key.empty());
  CHECK(approved(control) == "enrolled");
  CHECK(control.plane->check_node("vm-1", reply->node_key, honest, control.now).has_value());
  // A node that has lost its ledger is not heard for long, and is let in.
  control.pass_s(600);
  CHECK(approved(control) == "nA");
}
