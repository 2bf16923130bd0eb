#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;
using fleet::CommandState;

namespace {

protocol::Command restart_command(const std::string& id) {
  protocol::Command command;
  command.id = id;
  command.verb = protocol::Verb::restart;
  command.target = {protocol::Target::Kind::workload, "web"};
  command.actor = "operator:test";
  return command;
}

CommandState state_of(ControlPlane& control, const std::string& id) {
  const auto view = control.plane->command("vm-1", id, control.now);
  REQUIRE(view.has_value());
  return view->state;
}

}  // namespace

TEST_CASE("a command goes queued, delivered, settled, and wakes whoever waits at each step") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  control.woken.clear();
  const auto sent = control.sent("stop");
  CHECK(sent.state == CommandState::queued);
  CHECK(control.woken.back() == topic_commands("vm-1"));
  const auto polled = control.plane->poll("vm-1", 0, control.now);
  REQUIRE(polled->commands.size() == 1);
  CHECK(polled->commands[0].generation == sent.command.generation);
  CHECK(control.woken.back() == topic_command(sent.command.id));
  CHECK(state_of(control, sent.command.id) == CommandState::delivered);
  auto beat = beat_of(1);
  beat.outcomes = {outcome_of(sent.command.id)};
  REQUIRE(control.beat(beat).has_value());
  CHECK(control.woken.back() == topic_command(sent.command.id));
  CHECK(state_of(control, sent.command.id) == CommandState::settled);
  CHECK(control.plane->poll("vm-1", 0, control.now)->commands.empty());
}

TEST_CASE("generations grow per node, go to intents only, and follow what the node reports") {
  ControlPlane control;
  control.enrolled("vm-1");
  CHECK(control.sent("stop").command.generation == 2);
  CHECK(control.sent("restart", "workload:web").command.generation == 3);
  CHECK(!control.sent("reboot").command.generation);
  auto beat = beat_of(1);
  beat.generation = 40;
  REQUIRE(control.beat(beat).has_value());
  CHECK(control.sent("start").command.generation == 41);
}

TEST_CASE("a poll gives what is above its cursor, and a cursor of a lost future gives everything again") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  control.sent("stop");
  const auto first = control.plane->poll("vm-1", 0, control.now);
  CHECK(control.plane->poll("vm-1", first->cursor, control.now)->commands.empty());
  control.sent("start");
  const auto second = control.plane->poll("vm-1", first->cursor, control.now);
  REQUIRE(second->commands.size() == 1);
  CHECK(second->commands[0].verb == protocol::Verb::start);
  CHECK(second->cursor > first->cursor);
  CHECK(control.plane->poll("vm-1", 0, control.now)->commands.size() == 2);
  CHECK(control.plane->poll("vm-1", second->cursor + 100, control.now)->commands.size() == 2);
}

TEST_CASE("a heartbeat carries commands unless a poll is parked, and an unsettled one again after a minute") {
  ControlPlane control;
  control.enrolled("vm-1");
  control.sent("stop");
  control.plane->count_poll("vm-1", +1);
  CHECK(control.beat(beat_of(1))->commands.empty());
  control.plane->count_poll("vm-1", -1);
  CHECK(control.beat(beat_of(1))->commands.size() == 1);
  CHECK(control.beat(beat_of(1))->commands.empty());
  control.pass_s(60);
  const auto again = control.beat(beat_of(1));
  REQUIRE(again->commands.size() == 1);
  CHECK(again->commands[0].age_s == 60);
}

TEST_CASE("wanted stays away while its own command is open and is repeated when that was settled without it") {
  ControlPlane control;
  control.enrolled("vm-1");
  auto beat = beat_of(1);
  beat.node_generation = 1;
  const auto sent = control.sent("stop");
  CHECK(!control.beat(beat)->wanted);
  beat.outcomes = {outcome_of(sent.command.id)};
  beat.outcomes[0].kind = protocol::OutcomeKind::refused;
  const auto reply = control.beat(beat);
  REQUIRE(reply->wanted);
  CHECK(reply->wanted->intent == protocol::Intent::stopped);
  CHECK(reply->wanted->generation == sent.command.generation);
  beat.node_generation = *sent.command.generation;
  CHECK(!control.beat(beat)->wanted);
}

TEST_CASE("a deferred command comes again under a new number when its time has come, not before") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  const auto sent = control.sent("stop");
  const auto first = control.plane->poll("vm-1", 0, control.now);
  auto beat = beat_of(1);
  beat.deferred = {{sent.command.id, "busy", 30}};
  REQUIRE(control.beat(beat).has_value());
  CHECK(state_of(control, sent.command.id) == CommandState::deferred);
  CHECK(control.plane->next_due_mono_ms("vm-1") == control.now.mono_ms + 30'000);
  control.pass_s(29);
  CHECK(control.plane->poll("vm-1", first->cursor, control.now)->commands.empty());
  control.pass_s(1);
  const auto again = control.plane->poll("vm-1", first->cursor, control.now);
  REQUIRE(again->commands.size() == 1);
  CHECK(again->commands[0].id == sent.command.id);
  CHECK(again->cursor > first->cursor);
  CHECK(state_of(control, sent.command.id) == CommandState::delivered);
}

TEST_CASE("the same id with the same content is one command, with other content it is refused") {
  ControlPlane control;
  control.enrolled("vm-1");
  control.enrolled("vm-2", "L2");
  const auto first = control.plane->queue("vm-1", restart_command("mine"), control.now);
  REQUIRE(first.has_value());
  const auto again = control.plane->queue("vm-1", restart_command("mine"), control.now);
  REQUIRE(again.has_value());
  CHECK(again->command.generation == first->command.generation);
  REQUIRE(control.beat(beat_of(1))->commands.size() == 1);
  auto other = restart_command("mine");
  other.reason = "something else";
  CHECK(control.plane->queue("vm-1", other, control.now).error().code == "id_reused");
  CHECK(control.plane->queue("vm-2", restart_command("mine"), control.now).error().code == "id_reused");
}

TEST_CASE("beyond 64 open commands only intents of the node and cancels are taken") {
  ControlPlane control;
  control.enrolled("vm-1");
  for (int i = 0; i < 64; ++i) {
    REQUIRE(control.plane->queue("vm-1", restart_command("c" + std::to_string(i)), control.now).has_value());
  }
  const auto more = control.plane->queue("vm-1", restart_command("more"), control.now);
  REQUIRE(more.has_error());
  CHECK(more.error().status == 429);
  CHECK(more.error().retry_after_s > 0);
  CHECK(control.sent("suspend", "node", "payment failed").command.generation == 66);
}

TEST_CASE("a restart of the control plane keeps nodes, keys, wanted, open commands and their order") {
  ControlPlane control;
  const std::string key = control.enrolled("vm-1", "L1", "i-1");
  auto beat = beat_of(4);
  beat.events = {event_of(1)};
  REQUIRE(control.beat(beat).has_value());
  const auto stop = control.sent("stop", "node", "night");
  const auto start = control.sent("start");
  control.restart();
  CHECK(control.plane->check_key("vm-1", key).has_value());
  CHECK(control.beat(beat_of(3)).error().last_epoch == 4);
  const auto polled = control.plane->poll("vm-1", 0, control.now);
  REQUIRE(polled->commands.size() == 2);
  CHECK(polled->commands[0].id == stop.command.id);
  CHECK(polled->commands[1].id == start.command.id);
  CHECK(control.beat(beat)->confirmed_event_seq == 1);
  CHECK(control.shown().wanted->generation == start.command.generation);
  CHECK(control.sent("stop").command.generation == *start.command.generation + 1);
}

TEST_CASE("what operators do stands in the audit with their name") {
  ControlPlane control;
  control.enrolled("vm-1");
  control.sent("stop", "node", "night");
  const auto audit = control.store->audit(10);
  REQUIRE(audit.has_value());
  CHECK(audit->front().actor == "operator:test");
  CHECK(audit->front().action == "command");
  CHECK(audit->front().detail.find("stop node night") != std::string::npos);
}

TEST_CASE("what was ordered after a deferred command waits for it and goes out after it") {
  ControlPlane control;
  control.enrolled("vm-1");
  REQUIRE(control.beat(beat_of(1)).has_value());
  const auto suspend = control.sent("suspend", "node", "payment failed");
  const auto start = control.sent("start");
  REQUIRE(control.plane->poll("vm-1", 0, control.now)->commands.size() == 2);
  auto beat = beat_of(1);
  beat.deferred = {{suspend.command.id, "rate_limited", 30}};
  REQUIRE(control.beat(beat).has_value());
  CHECK(control.plane->poll("vm-1", 0, control.now)->commands.empty());
  control.pass_s(31);
  const auto again = control.plane->poll("vm-1", 2, control.now);
  REQUIRE(again->commands.size() == 2);
  CHECK(again->commands[0].id == suspend.command.id);
  CHECK(again->commands[1].id == start.command.id);
}
