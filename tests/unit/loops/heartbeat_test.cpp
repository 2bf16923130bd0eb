#include "agent/store/node_key.hpp"
#include "tests/support/simulated_disk.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;

namespace {

using World = SupervisedWorld;

protocol::Command remote(Verb verb, const std::string& target, const std::string& id, std::uint64_t generation) {
  auto command = make_command(verb, target, id);
  command.generation = generation;
  command.actor = "dashboard:alice";
  return command;
}

}  // namespace

TEST_CASE("a node without a key enrols with its code, keeps the key and beats with it") {
  World world;
  world.control.approves = false;
  world.node.host.credentials["enroll-code"] = "good-code";
  world.node.report_to(world.control);
  world.clock.advance(500);
  CHECK(world.control.key == "key-of-n1");
  CHECK(*store::read_node_key(world.folder.path() + "/state") == "key-of-n1");
  REQUIRE(world.control.beats.size() >= 1);
  CHECK(world.control.beats.front().epoch == 1);
  CHECK(world.control.beats.front().seq == 1);
  CHECK(world.control.beats.front().report.has_value());
}

TEST_CASE("approval that is pending is asked for again, and told in words") {
  World world;
  world.control.approves = false;
  world.node.report_to(world.control);
  world.clock.advance(30'000);
  CHECK(world.control.beats.empty());
  CHECK(world.control.enrolments.size() >= 2);
  CHECK(world.node.heartbeat->words().starts_with("pending"));
  world.control.approves = true;
  world.clock.advance(15'000);
  CHECK_FALSE(world.control.beats.empty());
}

TEST_CASE("an idle node beats in the dictated interval and not between") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  const auto before = world.control.beats.size();
  world.clock.advance(600'000);
  const auto beats = world.control.beats.size() - before;
  CHECK(beats >= 9);
  CHECK(beats <= 12);
}

TEST_CASE("a beat that changes nothing writes nothing to the ledger") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(70'000);
  int changes = 0;
  world.node.ledger->on_change([&] { ++changes; });
  world.clock.advance(240'000);
  CHECK(changes == 0);
}

TEST_CASE("a crash is told within the coalescing time, its events once and in order") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  world.control.beats.clear();
  world.engine.crash(world.engine.ids_of("web").front(), 3);
  world.clock.advance(1'000);
  REQUIRE_FALSE(world.control.beats.empty());
  std::uint64_t last = 0;
  for (const auto& beat : world.control.beats) {
    for (const auto& event : beat.events) {
      CHECK(event.seq > last);
      last = event.seq;
    }
  }
  CHECK(last == world.node.state().last_event_seq);
  CHECK(world.node.state().confirmed_event_seq == last);
}

TEST_CASE("events that happened while the control plane was away arrive afterwards, all and in order") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  for (int i = 0; i < 5; ++i) world.control.failures.push_back(error_of(Errc::unavailable));
  world.clock.advance(70'000);
  world.control.beats.clear();
  world.engine.crash(world.engine.ids_of("web").front(), 1);
  world.clock.advance(900'000);
  CHECK(world.node.state().confirmed_event_seq == world.node.state().last_event_seq);
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
}

TEST_CASE("a control plane that never confirms is not flooded") {
  World world;
  world.control.confirms = false;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  const auto before = world.control.beats.size();
  world.clock.advance(600'000);
  CHECK(world.control.beats.size() - before <= 12);
}

TEST_CASE("failures back off to minutes, and Retry-After is honoured") {
  World world;
  for (int i = 0; i < 1000; ++i) world.control.failures.push_back(error_of(Errc::unavailable));
  world.node.report_to(world.control);
  world.clock.advance(3'600'000);
  CHECK(1000 - world.control.failures.size() < 60);
  CHECK(world.node.heartbeat->words().starts_with("away for"));
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
}

TEST_CASE("after a boot the workloads wait for a control plane that is a moment away, and not for one that is gone") {
  for (const int failures : {2, 1000}) {
    World world;
    for (int i = 0; i < failures; ++i) world.control.failures.push_back(error_of(Errc::unavailable));
    reconcile::record::AgentStarted started;
    started.epoch = 2;
    started.reports = started.boot_wait = true;
    auto record = reconcile::make_record(world.clock.now(), started);
    record.boot_id = "another boot";
    REQUIRE(world.node.ledger->record(record));
    world.node.report_to(world.control);
    world.clock.advance(700);
    CHECK(world.node.state().node.boot_wait_until.has_value());
    world.clock.advance(3'000);
    CHECK_FALSE(world.node.state().node.boot_wait_until.has_value());
    CHECK(world.control.beats.empty() == (failures == 1000));
  }
}

TEST_CASE("after a boot a node that waits for approval does not ask twice a second, and its workloads do not wait") {
  World world;
  world.control.approves = false;
  reconcile::record::AgentStarted started;
  started.epoch = 2;
  started.reports = started.boot_wait = true;
  auto record = reconcile::make_record(world.clock.now(), started);
  record.boot_id = "another boot";
  REQUIRE(world.node.ledger->record(record));
  world.node.report_to(world.control);
  world.clock.advance(2'000);
  CHECK_FALSE(world.node.state().node.boot_wait_until.has_value());
  CHECK(world.control.enrolments.size() == 1);
}

TEST_CASE("a Retry-After is waited for") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  world.control.failures.push_back(error_of(Errc::rate_limited, "slow down", 100));
  world.clock.advance(66'100);
  const auto beats = world.control.beats.size();
  CHECK(world.control.failures.empty());
  world.clock.advance(20'000);
  CHECK(world.control.beats.size() == beats);
  world.clock.advance(100'000);
  CHECK(world.control.beats.size() > beats);
}

TEST_CASE("a command in a reply is carried out and its outcome told until it is confirmed") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  world.control.reply.commands = {remote(Verb::stop, "workload:web", "c1", 7)};
  world.clock.advance(150'000);
  CHECK(world.node.word("web") == protocol::WorkloadWord::stopped);
  REQUIRE(world.node.state().settled.contains("c1"));
  CHECK(world.node.state().settled.at("c1").confirmed);
  const auto& last = world.control.beats.back();
  CHECK(last.generation == 7);
  CHECK(last.outcomes.empty());
}

TEST_CASE("a long poll brings a command at once and goes on from its cursor") {
  World world;
  world.control.reply.long_poll = true;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  REQUIRE(world.control.cursors == std::vector<std::uint64_t>{0});
  world.control.push({remote(Verb::restart, "workload:web", "c1", 7)});
  world.clock.advance(2'000);
  CHECK(world.node.state().settled.contains("c1"));
  CHECK(world.engine.starts_of("web") == 2);
  CHECK(world.control.cursors.back() == 1);
}

TEST_CASE("a wanted suspension is taken once and reported as the node's generation") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  protocol::Wanted wanted;
  wanted.suspended = true;
  wanted.mode = "stop";
  wanted.reason = "payment failed";
  wanted.generation = 43;
  world.control.reply.wanted = wanted;
  world.clock.advance(90'000);
  CHECK(world.node.state().node.suspension.has_value());
  CHECK(world.control.beats.back().node_generation == 43);
  CHECK(world.control.beats.back().suspended);
  CHECK(world.node.word("web") == protocol::WorkloadWord::stopped);
}

TEST_CASE("a stale epoch fences the node, which goes on supervising, until it is taken again") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  world.control.failures.push_back(error_of(Errc::conflict, "stale_epoch 9"));
  world.clock.advance(70'000);
  CHECK(world.node.state().node.fenced_by == 9);
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
  world.clock.advance(400'000);
  CHECK_FALSE(world.node.state().node.fenced_by.has_value());
}

TEST_CASE("a command that cannot be taken now is named in the next beat") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  std::vector<protocol::Command> many;
  for (std::uint64_t i = 0; i < 20; ++i) {
    many.push_back(remote(Verb::restart, "workload:web", "c" + std::to_string(i), 10 + i));
  }
  world.control.reply.commands = many;
  world.clock.advance(70'000);
  const bool told = std::any_of(world.control.beats.begin(), world.control.beats.end(),
                                [](const auto& beat) { return !beat.deferred.empty(); });
  CHECK(told);
}

TEST_CASE("an outcome that only memory holds is told when the disk has it, and by itself") {
  Folder folder;
  SimulatedDisk disk(folder.path() + "/state");
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  clock.attach(engine);
  engine.add_image("app:1");
  FakeScript slow;
  slow.stops_in_ms = 5'000;
  engine.script("web", slow);
  FakeControlPlane control{io.get_executor()};
  Node node{folder, io, clock, engine, true};
  node.declare("web", app());
  node.supervise();
  node.report_to(control);
  clock.advance(10'000);
  node.command(make_command(Verb::stop, "workload:web", "c1"));
  clock.advance(1'000);
  disk.read_only = true;
  clock.advance(60'000);
  REQUIRE(node.state().settled.contains("c1"));
  CHECK(node.ledger->behind());
  const auto told = [&] {
    return std::any_of(control.beats.begin(), control.beats.end(), [](const auto& beat) {
      return std::any_of(beat.outcomes.begin(), beat.outcomes.end(),
                         [](const auto& outcome) { return outcome.command_id == "c1"; });
    });
  };
  CHECK_FALSE(told());
  const auto beats = control.beats.size();
  clock.advance(60'000);
  CHECK(control.beats.size() <= beats + 2);
  disk.read_only = false;
  clock.advance(60'000);
  CHECK_FALSE(node.ledger->behind());
  CHECK(told());
}

TEST_CASE("after a command that must come again nothing ordered later is taken: a suspension is not overtaken") {
  World world;
  for (int i = 0; i < 12; ++i) {
    world.node.desk.deliver(remote(Verb::restart, "workload:web", "r" + std::to_string(i), 10 + i),
                            reconcile::Origin::control);
  }
  auto suspend = remote(Verb::suspend, "node", "s", 30);
  suspend.reason = "payment failed";
  const auto deferred = world.node.desk.deliver_all({suspend, remote(Verb::start, "node", "later", 31)}, {});
  REQUIRE(deferred.size() == 2);
  CHECK(deferred[0].code == "rate_limited");
  CHECK(deferred[1].code == "busy");
  CHECK(deferred[1].retry_after_s == deferred[0].retry_after_s);
  CHECK(world.node.state().node.node_generation < 30);
}

TEST_CASE("what was deferred is named again while no beat with it was answered") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(5'000);
  world.node.heartbeat->defer({{"c1", "busy", 5}});
  world.control.failures.push_back(error_of(Errc::unavailable));
  world.clock.advance(70'000);
  int told = 0;
  for (const auto& beat : world.control.beats) told += static_cast<int>(beat.deferred.size());
  CHECK(world.control.failures.empty());
  CHECK(told == 2);
}
