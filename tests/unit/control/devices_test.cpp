#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

const Sender first_device{"nA", "vm-a", "100.64.0.5"};
const Sender other_device{"nB", "vm-a", "100.64.0.6"};
const Sender nowhere{};

std::string enrolled_from(ControlPlane& control, const Sender& sender, const std::string& ledger = "L1") {
  const auto code = control.plane->make_code("vm-1", "operator:test", control.now);
  const auto reply = control.plane->enroll({"vm-1", *code, "", ledger}, control.now, sender);
  REQUIRE(reply.has_value());
  return reply->node_key;
}

// "" where the call is let in.
std::string refusal(ControlPlane& control, const std::string& key, const Sender& sender) {
  const auto known = control.plane->check_node("vm-1", key, sender, control.now);
  return known.has_value() ? std::string() : std::to_string(known.error().status) + " " + known.error().code;
}

int events_of(ControlPlane& control, const std::string& kind) {
  const auto kinds = control.event_kinds();
  return static_cast<int>(std::count(kinds.begin(), kinds.end(), kind));
}

}  // namespace

TEST_CASE("enrolment over the tailnet binds the node id to that device: the key opens nothing from another") {
  ControlPlane control;
  const std::string key = enrolled_from(control, first_device);
  CHECK(refusal(control, key, first_device).empty());
  CHECK(refusal(control, key, other_device) == "403 wrong_device");
  CHECK(refusal(control, key, nowhere) == "403 wrong_device");
  CHECK(refusal(control, "wrong", first_device) == "401 unknown_key");
  CHECK(refusal(control, "", first_device) == "401 unknown_key");
  control.restart();
  CHECK(refusal(control, key, other_device) == "403 wrong_device");
  CHECK(refusal(control, key, first_device).empty());
  CHECK(control.shown().record.device == "nA");
  CHECK(control.shown().record.device_name == "vm-a");
}

TEST_CASE("a stranger is told of once per claimant in ten minutes, and only where the key was right") {
  ControlPlane control;
  const std::string key = enrolled_from(control, first_device);
  refusal(control, "wrong", other_device);
  CHECK(events_of(control, "stranger") == 0);
  for (int i = 0; i < 3; ++i) refusal(control, key, other_device);
  CHECK(events_of(control, "stranger") == 1);
  refusal(control, key, {"nC", "vm-c", "100.64.0.7"});
  CHECK(events_of(control, "stranger") == 2);
  control.pass_s(601);
  refusal(control, key, other_device);
  CHECK(events_of(control, "stranger") == 3);
}

TEST_CASE("another device cannot enrol as a bound node, not even with a code and the same ledger, until reenroll") {
  ControlPlane control;
  const std::string key = enrolled_from(control, first_device);
  const auto code = control.plane->make_code("vm-1", "operator:test", control.now);
  for (const Sender& sender : {other_device, nowhere}) {
    for (const std::string& given : {*code, std::string()}) {
      const auto refused = control.plane->enroll({"vm-1", given, "", "L1"}, control.now, sender);
      REQUIRE(refused.has_error());
      CHECK(refused.error().status == 403);
      CHECK(refused.error().code == "wrong_device");
    }
  }
  CHECK(events_of(control, "stranger") == 2);
  const auto reopened = control.plane->reenroll("vm-1", "operator:test", control.now);
  REQUIRE(reopened.has_value());
  CHECK(refusal(control, key, other_device) == "401 enrol_again");
  CHECK(refusal(control, key, first_device).empty());
  const auto reply = control.plane->enroll({"vm-1", *reopened, "", "L2"}, control.now, other_device);
  REQUIRE(reply.has_value());
  CHECK(refusal(control, reply->node_key, other_device).empty());
  CHECK(refusal(control, reply->node_key, first_device) == "403 wrong_device");
  CHECK(refusal(control, key, first_device) == "401 unknown_key");
}

TEST_CASE("a node that enrolled without the tailnet is bound to the first device that has its key") {
  ControlPlane control;
  const std::string key = control.enrolled("vm-1");
  CHECK(refusal(control, key, nowhere).empty());
  CHECK(refusal(control, "wrong", other_device) == "401 unknown_key");
  CHECK(events_of(control, "device_bound") == 0);
  CHECK(refusal(control, key, first_device).empty());
  CHECK(refusal(control, key, first_device).empty());
  CHECK(events_of(control, "device_bound") == 1);
  CHECK(refusal(control, key, other_device) == "403 wrong_device");
  CHECK(refusal(control, key, nowhere) == "403 wrong_device");
}

TEST_CASE("approval lets in the device that asked, and no other that says the same") {
  ControlPlane control;
  REQUIRE(control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now, first_device).has_value());
  REQUIRE(control.plane->approve("vm-1", "", "operator:test", control.now).has_value());
  control.restart();
  CHECK(control.plane->nodes(control.now).front().record.device == "nA");
  CHECK(control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now, other_device).error().code == "claimed");
  CHECK(control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now, nowhere).error().code == "claimed");
  CHECK_FALSE(control.plane->enroll({"vm-1", "", "i-1", "L1"}, control.now, first_device)->node_key.empty());
}

TEST_CASE("a stage takes a code from a machine that is not enrolled yet, and binds nothing by it") {
  ControlPlane control;
  const auto stage_from = [&control](const std::string& secret, const Sender& sender) {
    const auto known = control.plane->check_stage("vm-1", secret, sender, control.now);
    return known.has_value() ? std::string() : known.error().code;
  };
  const auto code = control.plane->make_code("vm-1", "operator:test", control.now);
  CHECK(stage_from(*code, first_device).empty());
  CHECK(stage_from("wrong", first_device) == "unknown_key");
  const std::string key = enrolled_from(control, first_device);
  const auto later = control.plane->make_code("vm-1", "operator:test", control.now);
  CHECK(stage_from(*later, other_device) == "wrong_device");
  CHECK(stage_from(key, other_device) == "wrong_device");
  CHECK(stage_from(key, first_device).empty());
  const auto reopened = control.plane->reenroll("vm-1", "operator:test", control.now);
  CHECK(stage_from(*reopened, other_device).empty());
  CHECK(control.shown().record.device == "nA");
}

TEST_CASE("the tailnet light is lit by what was heard over it, else by the node's own words") {
  ControlPlane control;
  enrolled_from(control, first_device);
  auto beat = beat_of(1);
  REQUIRE(control.plane->beat("vm-1", beat, control.now, first_device).has_value());
  CHECK(control.shown().lights.tailnet == "ok");
  CHECK(control.shown().over_tailnet);
  CHECK(control.shown().address == "100.64.0.5");
  const auto light_of = [&control, &beat](const std::string& words) {
    beat.report = protocol::Report{};
    beat.report->tailnet = words;
    REQUIRE(control.beat(beat).has_value());
    return control.shown().lights.tailnet;
  };
  CHECK(light_of("ok, vm-a (100.64.0.5)") == "ok");
  CHECK(light_of("needs_login: log it in") == "bad");
  CHECK(light_of("not used") == "unknown");
  CHECK(light_of("") == "unknown");
  CHECK_FALSE(control.shown().over_tailnet);
}

TEST_CASE("a device that was renamed is the same device") {
  ControlPlane control;
  enrolled_from(control, first_device);
  REQUIRE(control.plane->beat("vm-1", beat_of(1), control.now, {"nA", "vm-new", "100.64.0.5"}).has_value());
  control.restart();
  CHECK(control.shown().record.device_name == "vm-new");
  CHECK(control.shown().record.device == "nA");
}
