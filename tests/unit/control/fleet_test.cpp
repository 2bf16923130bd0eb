#include "control/fleet/intake.hpp"
#include "control/fleet/verdict.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::control;
using fleet::Heard;

namespace {

constexpr std::int64_t started = 1'000'000;

fleet::Hearing heard_at(std::int64_t mono_ms) { return {true, mono_ms, 10}; }

protocol::Event numbered(std::uint64_t seq) {
  protocol::Event event;
  event.seq = seq;
  return event;
}

NodeRecord known_node() {
  NodeRecord node;
  node.id = "vm-1";
  node.ledger_id = "L1";
  node.cloud_instance_id = "i-1";
  node.epoch = 5;
  node.boot_id = "boot-1";
  return node;
}

protocol::Heartbeat beat(std::uint64_t epoch, const std::string& boot = "boot-1") {
  protocol::Heartbeat out;
  out.ledger_id = "L1";
  out.boot_id = boot;
  out.epoch = epoch;
  return out;
}

}  // namespace

TEST_CASE("a node is suspect exactly after two promised intervals and offline exactly after three") {
  const auto at = [](std::int64_t ms) { return fleet::judge_liveness(heard_at(started), started, started + ms).heard; };
  CHECK(at(0) == Heard::ok);
  CHECK(at(19'999) == Heard::ok);
  CHECK(at(20'000) == Heard::suspect);
  CHECK(at(29'999) == Heard::suspect);
  CHECK(at(30'000) == Heard::offline);
}

TEST_CASE("silence says when it will be judged anew and how much the beat is overdue") {
  const auto ok = fleet::judge_liveness(heard_at(started), started, started + 4'000);
  CHECK(ok.due_in_ms == 6'000);
  CHECK(ok.changes_at_ms == started + 20'000);
  const auto suspect = fleet::judge_liveness(heard_at(started), started, started + 25'000);
  CHECK(suspect.due_in_ms == -15'000);
  CHECK(suspect.changes_at_ms == started + 30'000);
  CHECK(!fleet::judge_liveness(heard_at(started), started, started + 90'000).changes_at_ms);
}

TEST_CASE("after a start of the control plane every node has a fresh full term and is awaited meanwhile") {
  const fleet::Hearing before{true, std::nullopt, 10};
  CHECK(fleet::judge_liveness(before, started, started + 19'999).heard == Heard::awaited);
  CHECK(fleet::judge_liveness(before, started, started + 20'000).heard == Heard::suspect);
  CHECK(fleet::judge_liveness(before, started, started + 30'000).heard == Heard::offline);
}

TEST_CASE("a node that was never heard stays never heard, however long") {
  const auto liveness = fleet::judge_liveness({false, std::nullopt, 10}, started, started + 10'000'000);
  CHECK(liveness.heard == Heard::never);
  CHECK(!liveness.changes_at_ms);
}

TEST_CASE("the verdict is the gravest that holds and what is not known is never shown as good") {
  NodeRecord node = known_node();
  StatusRecord status;
  status.state = protocol::NodeWord::running;
  fleet::Liveness live{Heard::ok, 1, 1};
  CHECK(fleet::judge_node(node, status, live).word == "running");
  status.recorded = false;
  CHECK(fleet::judge_node(node, status, live).word == "degraded");
  live.heard = Heard::awaited;
  CHECK(fleet::judge_node(node, status, live).word == "unknown");
  node.cloned = true;
  CHECK(fleet::judge_node(node, status, live).word == "cloned");
  live.heard = Heard::offline;
  const auto verdict = fleet::judge_node(node, status, live);
  CHECK(verdict.word == "offline");
  CHECK(verdict.reasons.size() == 3);
  CHECK(fleet::judge_lights(status, live).docker == "unknown");
}

TEST_CASE("lights of a node that is not heard now are unknown, whatever its last report said") {
  StatusRecord status;
  status.report = protocol::Report{};
  status.report->docker_known = true;
  CHECK(fleet::judge_lights(status, {Heard::ok, 1, 1}).docker == "ok");
  CHECK(fleet::judge_lights(status, {Heard::suspect, 1, 1}).docker == "unknown");
  CHECK(fleet::judge_lights(status, {Heard::suspect, 1, 1}).heartbeat == "bad");
}

TEST_CASE("a lower epoch is stale, an equal one of the same boot is taken, a higher one is a new start") {
  const NodeRecord node = known_node();
  CHECK(fleet::judge_beat(node, beat(4)).verdict == fleet::BeatVerdict::stale_epoch);
  const auto same = fleet::judge_beat(node, beat(5));
  CHECK(same.verdict == fleet::BeatVerdict::taken);
  CHECK(!same.is_clone);
  CHECK(same.may_command);
  const auto newer = fleet::judge_beat(node, beat(6, "boot-2"));
  CHECK(!newer.is_clone);
  const NodeRecord after = fleet::after_beat(node, beat(6, "boot-2"), newer);
  CHECK(after.epoch == 6);
  CHECK(after.boot_id == "boot-2");
}

TEST_CASE("the same epoch from another boot or another cloud instance is a clone and is given no commands") {
  const NodeRecord node = known_node();
  const auto other_boot = fleet::judge_beat(node, beat(5, "boot-2"));
  CHECK(other_boot.is_clone);
  CHECK(!other_boot.may_command);
  auto elsewhere = beat(6);
  elsewhere.cloud_instance_id = "i-2";
  CHECK(fleet::judge_beat(node, elsewhere).is_clone);
  const NodeRecord after = fleet::after_beat(node, beat(5, "boot-2"), other_boot);
  CHECK(after.cloned);
  CHECK(after.boot_id == "boot-1");
}

TEST_CASE("another ledger must enrol anew, and a null epoch is neither stale nor a clone nor given commands") {
  const NodeRecord node = known_node();
  auto other = beat(9);
  other.ledger_id = "L2";
  CHECK(fleet::judge_beat(node, other).verdict == fleet::BeatVerdict::new_ledger);
  auto unrecorded = beat(1, "boot-9");
  unrecorded.epoch.reset();
  const auto judged = fleet::judge_beat(node, unrecorded);
  CHECK(judged.verdict == fleet::BeatVerdict::taken);
  CHECK(!judged.is_clone);
  CHECK(!judged.may_command);
  CHECK(fleet::after_beat(node, unrecorded, judged).epoch == 5);
}

TEST_CASE("doubled events are ignored and new ones are taken in order") {
  const std::vector<protocol::Event> events = {numbered(3), numbered(4), numbered(5)};
  const auto intake = fleet::judge_events(4, 0, std::nullopt, events);
  REQUIRE(intake.taken.size() == 1);
  CHECK(intake.taken[0]->seq == 5);
  CHECK(intake.confirmed == 5);
}

TEST_CASE("a gap inside a beat is what the node no longer has: it is named lost and the rest is taken") {
  const std::vector<protocol::Event> events = {numbered(1), numbered(2), numbered(4), numbered(7)};
  const auto intake = fleet::judge_events(0, 0, std::nullopt, events);
  CHECK(intake.taken.size() == 4);
  CHECK(intake.confirmed == 7);
  CHECK(!intake.gap_at);
  REQUIRE(intake.lost);
  CHECK(intake.lost->count == 3);
  CHECK(intake.lost->first == 3);
  CHECK(intake.lost->last == 6);
}

TEST_CASE("gaps that the node announced are believed at once and told once, also in later beats") {
  auto fold = numbered(1);
  fold.kind = "events_dropped";
  fold.data = {{"count", "5"}, {"to", "9"}};
  const auto first = fleet::judge_events(0, 0, std::nullopt, {fold, numbered(3), numbered(5)});
  CHECK(first.confirmed == 5);
  CHECK(first.announced_to == 9);
  CHECK_FALSE(first.lost);
  const auto next = fleet::judge_events(5, first.announced_to, std::nullopt, {numbered(8), numbered(12)});
  CHECK(next.confirmed == 12);
  REQUIRE(next.lost);
  CHECK(next.lost->count == 3);
}

TEST_CASE("a gap before the first event is asked about once and then believed, naming what is lost") {
  const std::vector<protocol::Event> events = {numbered(7), numbered(8)};
  const auto first = fleet::judge_events(3, 0, std::nullopt, events);
  CHECK(first.taken.empty());
  CHECK(first.confirmed == 3);
  REQUIRE(first.gap_at == 7);
  const auto again = fleet::judge_events(3, 0, first.gap_at, events);
  CHECK(again.taken.size() == 2);
  CHECK(again.confirmed == 8);
  REQUIRE(again.lost);
  CHECK(again.lost->first == 4);
  CHECK(again.lost->last == 6);
}
