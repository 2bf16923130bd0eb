#include "control/fleet/commands.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;
using fleet::CommandState;
using fleet::Heard;
using protocol::Intent;
using protocol::Verb;

namespace {

protocol::Command node_command(Verb verb, std::uint64_t generation) {
  protocol::Command command;
  command.id = "c";
  command.verb = verb;
  command.generation = generation;
  command.reason = "because";
  command.actor = "operator:alice";
  return command;
}

CommandRecord queued(Verb verb) {
  CommandRecord record;
  record.command = node_command(verb, 1);
  record.made_at = 1'000'000;
  record.made_boot_id = "b";
  record.made_boot_ms = 500'000;
  return record;
}

}  // namespace

TEST_CASE("the next generation is above the own one and above what the node reports") {
  NodeRecord node;
  node.generation = 4;
  CHECK(fleet::next_generation(node) == 5);
  node.reported_generation = 9;
  CHECK(fleet::next_generation(node) == 10);
}

TEST_CASE("start and stop of the node change its wanted intent, suspend and resume only the flag") {
  const auto stopped = fleet::wanted_after(protocol::Wanted{}, node_command(Verb::stop, 2));
  REQUIRE(stopped);
  CHECK(stopped->intent == Intent::stopped);
  CHECK(stopped->generation == 2);
  const auto suspended = fleet::wanted_after(stopped, node_command(Verb::suspend, 3));
  REQUIRE(suspended);
  CHECK(suspended->suspended);
  CHECK(suspended->mode == "stop");
  CHECK(suspended->intent == Intent::stopped);
  const auto started = fleet::wanted_after(suspended, node_command(Verb::start, 4));
  REQUIRE(started);
  CHECK(started->suspended);
  CHECK(started->intent == Intent::running);
  const auto resumed = fleet::wanted_after(started, node_command(Verb::resume, 5));
  REQUIRE(resumed);
  CHECK(!resumed->suspended);
  CHECK(resumed->intent == Intent::running);
}

TEST_CASE("a start during a suspension keeps the reason of the suspension") {
  auto suspend = node_command(Verb::suspend, 2);
  suspend.reason = "payment failed";
  const auto suspended = fleet::wanted_after(std::nullopt, suspend);
  CHECK(fleet::wanted_after(suspended, node_command(Verb::start, 3))->reason == "payment failed");
}

TEST_CASE("restart, workload commands and commands without generation leave wanted alone") {
  CHECK(!fleet::wanted_after(protocol::Wanted{}, node_command(Verb::restart, 2)));
  auto workload = node_command(Verb::stop, 2);
  workload.target = {protocol::Target::Kind::workload, "web"};
  CHECK(!fleet::wanted_after(protocol::Wanted{}, workload));
  auto reboot = node_command(Verb::reboot, 1);
  reboot.generation.reset();
  CHECK(!fleet::wanted_after(protocol::Wanted{}, reboot));
}

TEST_CASE("wanted is repeated until the node's generation reaches it and withheld while its own command is open") {
  NodeRecord node;
  CHECK(!fleet::wanted_to_send(node, false));
  node.wanted = protocol::Wanted{};
  node.wanted->generation = 3;
  node.node_generation = 2;
  CHECK(fleet::wanted_to_send(node, false));
  CHECK(!fleet::wanted_to_send(node, true));
  node.node_generation = 3;
  CHECK(!fleet::wanted_to_send(node, false));
}

TEST_CASE("a command that was never delivered is queued while the node is heard and undelivered while it is not") {
  const CommandRecord record = queued(Verb::stop);
  const Now now{"b", 600'000, 1'100'000, 0};
  CHECK(fleet::command_state(record, Heard::ok, 2'000'000, now) == CommandState::queued);
  CHECK(fleet::command_state(record, Heard::suspect, 2'000'000, now) == CommandState::undelivered);
  CHECK(fleet::command_state(record, Heard::never, 2'000'000, now) == CommandState::undelivered);
}

TEST_CASE("a command whose time to begin is over before its delivery is undelivered, never expired by us") {
  CommandRecord record = queued(Verb::restart);
  record.command.expires_in_s = 60;
  CHECK(fleet::command_state(record, Heard::ok, 2'000'000, {"b", 559'999, 1'059'999, 0}) == CommandState::queued);
  CHECK(fleet::command_state(record, Heard::ok, 2'000'000, {"b", 560'000, 1'060'000, 0}) == CommandState::undelivered);
  record.command.verb = Verb::stop;  // intents do not expire
  CHECK(fleet::command_state(record, Heard::ok, 2'000'000, {"b", 560'000, 1'060'000, 0}) == CommandState::queued);
}

TEST_CASE("a command handed to a connection of a node that was not heard since is undelivered") {
  CommandRecord record = queued(Verb::stop);
  record.delivered_at = 1'500'000;
  const Now now{"b", 600'000, 1'900'000, 0};
  CHECK(fleet::command_state(record, Heard::offline, 1'400'000, now) == CommandState::undelivered);
  CHECK(fleet::command_state(record, Heard::offline, 1'600'000, now) == CommandState::delivered);
  CHECK(fleet::command_state(record, Heard::ok, 1'400'000, now) == CommandState::delivered);
}

TEST_CASE("a delivered command is delivered, deferred or settled, whatever the node's silence") {
  CommandRecord record = queued(Verb::stop);
  record.delivered_at = 1;
  const Now now{"b", 600'000, 1'100'000, 0};
  CHECK(fleet::command_state(record, Heard::offline, 2'000'000, now) == CommandState::delivered);
  record.deferred_code = "busy";
  CHECK(fleet::command_state(record, Heard::offline, 2'000'000, now) == CommandState::deferred);
  record.settled = true;
  CHECK(fleet::command_state(record, Heard::offline, 2'000'000, now) == CommandState::settled);
}

TEST_CASE(
    "a command's age counts on the boot clock, and after a reboot of this host on the wall clock, never below 0") {
  const CommandRecord record = queued(Verb::stop);
  CHECK(fleet::age_s(record, {"b", 507'000, 99'000'000, 0}) == 7);
  CHECK(fleet::age_s(record, {"other", 1'000, 1'030'000, 0}) == 30);
  CHECK(fleet::age_s(record, {"other", 1'000, 400'000, 0}) == 0);
  CHECK(fleet::as_sent(record, {"b", 507'000, 0, 0}).age_s == 7);
}

TEST_CASE("local verbs, impossible targets and a suspension without a reason are refused by their code") {
  auto command = node_command(Verb::hold, 1);
  CHECK(fleet::refuse_command(command)->code == "local_only");
  command = node_command(Verb::suspend, 1);
  CHECK(!fleet::refuse_command(command));
  command.reason.clear();
  CHECK(fleet::refuse_command(command)->code == "reason_required");
  command = node_command(Verb::pull, 1);
  CHECK(fleet::refuse_command(command)->code == "invalid");
  command.target = {protocol::Target::Kind::image, "alpine:3"};
  CHECK(!fleet::refuse_command(command));
}

TEST_CASE("a suspension that the node never took, though its generation passed, is wanted anew under a new one") {
  NodeRecord node;
  node.generation = 7;
  node.wanted = protocol::Wanted{Intent::stopped, true, "stop", "payment failed", "billing", 7};
  protocol::Heartbeat beat;
  beat.node_generation = 7;
  const auto again = fleet::wanted_again(node, beat);
  REQUIRE(again);
  CHECK(again->generation == 8);
  CHECK(again->suspended);
  beat.suspended = true;
  CHECK_FALSE(fleet::wanted_again(node, beat));
  beat.suspended = false;
  beat.node_generation = 6;
  CHECK_FALSE(fleet::wanted_again(node, beat));
}
