#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

bool holds(const std::vector<std::string>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

TEST_CASE("a stale epoch is refused with the last epoch and shown once") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(7)).has_value());
  for (int i = 0; i < 3; ++i) {
    const auto reply = control.beat(beat_of(6));
    REQUIRE(reply.has_error());
    CHECK(reply.error().status == 409);
    CHECK(reply.error().code == "stale_epoch");
    CHECK(reply.error().last_epoch == 7);
  }
  const auto kinds = control.event_kinds();
  CHECK(std::count(kinds.begin(), kinds.end(), "stale_epoch") == 1);
}

TEST_CASE("a clone is shown, is given nothing, confirms nothing, and is over with a higher epoch") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(3)).has_value());
  control.sent("stop");
  auto clone = beat_of(3, "boot-2");
  clone.events = {event_of(1)};
  const auto reply = control.beat(clone);
  REQUIRE(reply.has_value());
  CHECK(reply->commands.empty());
  CHECK(!reply->wanted);
  CHECK(reply->confirmed_event_seq == 0);
  CHECK(control.shown().verdict.word == "cloned");
  CHECK(holds(control.event_kinds(), "clone_seen"));
  CHECK(control.plane->poll("vm-1", 0, control.now)->commands.empty());
  CHECK(control.beat(beat_of(4, "boot-1"))->commands.size() == 1);
  CHECK(control.shown().verdict.word == "running");
}

TEST_CASE("a node that could not record its start is degraded and given neither commands nor wanted") {
  ControlPlane control;
  control.enrolled("vm-1");
  control.sent("stop");
  auto beat = beat_of(1);
  beat.epoch.reset();
  beat.ledger_id.clear();
  const auto reply = control.beat(beat);
  REQUIRE(reply.has_value());
  CHECK(reply->commands.empty());
  CHECK(!reply->wanted);
  CHECK(control.shown().verdict.word == "degraded");
  CHECK(control.plane->poll("vm-1", 0, control.now)->commands.empty());
}

TEST_CASE("events and outcomes are confirmed once stored, doubled ones are confirmed again and stored once") {
  ControlPlane control;
  control.enrolled("vm-1");
  const auto command = control.sent("stop");
  auto beat = beat_of(1);
  beat.events = {event_of(1), event_of(2)};
  beat.outcomes = {outcome_of(command.command.id), outcome_of("a-local-one")};
  for (int i = 0; i < 2; ++i) {
    const auto reply = control.beat(beat);
    REQUIRE(reply.has_value());
    CHECK(reply->confirmed_event_seq == 2);
    CHECK(reply->confirmed_outcomes == std::vector<std::string>{command.command.id, "a-local-one"});
  }
  const auto kinds = control.event_kinds();
  CHECK(std::count(kinds.begin(), kinds.end(), "workload_exited") == 2);
  control.restart();
  const auto settled = control.plane->command("vm-1", command.command.id, control.now);
  REQUIRE(settled.has_value());
  CHECK(settled->state == fleet::CommandState::settled);
  CHECK(settled->outcome->detail == "all stopped");
}

TEST_CASE("events before the first of a beat are asked for once; a node that no longer has them is believed then") {
  ControlPlane control;
  control.enrolled("vm-1");
  auto beat = beat_of(1);
  beat.events = {event_of(3)};
  CHECK(control.beat(beat)->confirmed_event_seq == 0);
  CHECK(control.beat(beat)->confirmed_event_seq == 3);
  CHECK(holds(control.event_kinds(), "events_lost"));
}

TEST_CASE("what a node dropped and announced is no loss that this control plane names a second time") {
  ControlPlane control;
  control.enrolled("vm-1");
  auto beat = beat_of(1);
  beat.events = {event_of(1), event_of(4)};
  beat.events[0].kind = "events_dropped";
  beat.events[0].data = {{"count", "4"}, {"to", "6"}};
  CHECK(control.beat(beat)->confirmed_event_seq == 4);
  beat.events = {event_of(7)};
  CHECK(control.beat(beat)->confirmed_event_seq == 7);
  CHECK_FALSE(holds(control.event_kinds(), "events_lost"));
}

TEST_CASE("an outcome told by one node never settles the command of another") {
  ControlPlane control;
  control.enrolled("vm-1");
  control.enrolled("vm-2", "L1");
  const auto command = control.sent("stop");
  auto forged = beat_of(1);
  forged.outcomes = {outcome_of(command.command.id)};
  REQUIRE(control.beat(forged, "vm-2").has_value());
  CHECK(control.plane->command("vm-1", command.command.id, control.now)->state == fleet::CommandState::undelivered);
}

TEST_CASE("a silent node becomes suspect, then offline, then heard again, each told once") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  control.pass_s(119);
  control.plane->tick(control.now);
  CHECK(control.shown().verdict.word == "running");
  control.pass_s(1);
  CHECK(control.plane->tick(control.now) == control.now.mono_ms + 60'000);
  control.plane->tick(control.now);
  CHECK(control.shown().verdict.word == "suspect");
  control.pass_s(60);
  control.plane->tick(control.now);
  control.plane->tick(control.now);
  CHECK(control.shown().verdict.word == "offline");
  CHECK(control.shown().due_in_s == -120);
  REQUIRE(control.beat(beat_of(1)).has_value());
  CHECK(control.shown().verdict.word == "running");
  const auto kinds = control.event_kinds();
  CHECK(kinds == std::vector<std::string>{"node_enrolled", "node_heard", "node_suspect", "node_offline", "node_heard"});
}

TEST_CASE("after a restart of the control plane a node is unknown, not offline, until its full term has passed") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  REQUIRE(control.plane->flush().has_value());
  control.pass_s(100'000);
  control.restart();
  CHECK(control.shown().verdict.word == "unknown");
  CHECK(control.shown().heard_s_ago == 100'000);
  control.pass_s(120);
  CHECK(control.shown().verdict.word == "suspect");
}

TEST_CASE("a plain heartbeat writes nothing at once and survives in the next batch") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  REQUIRE(control.plane->flush().has_value());
  CHECK(!control.plane->has_unwritten());
  auto later = beat_of(1);
  later.state = protocol::NodeWord::held;
  REQUIRE(control.beat(later).has_value());
  CHECK(control.plane->has_unwritten());
  CHECK(control.store->statuses()->front().status.state == protocol::NodeWord::running);
  REQUIRE(control.plane->flush().has_value());
  CHECK(control.store->statuses()->front().status.state == protocol::NodeWord::held);
}

TEST_CASE("a report is asked for until one of the told state has come") {
  ControlPlane control;
  control.enrolled("vm-1");
  auto beat = beat_of(1);
  CHECK(control.beat(beat)->want_report);
  beat.report = protocol::Report{};
  CHECK(!control.beat(beat)->want_report);
  beat.report.reset();
  CHECK(!control.beat(beat)->want_report);
  beat.state_hash = "other";
  CHECK(control.beat(beat)->want_report);
}

TEST_CASE("a node that starts anew is given its commands at once, whatever was sent to the start before") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  const auto command = control.sent("suspend", "node", "unpaid");
  CHECK(control.beat(beat_of(1))->commands.size() == 1);
  CHECK(control.beat(beat_of(1))->commands.empty());
  control.plane->count_poll("vm-1", +1);
  CHECK(control.beat(beat_of(2, "boot-2"))->commands.size() == 1);
}
