// What the loops do when the host goes down, and what they ask of the machine.
#include "agent/loops/go_down.hpp"
#include "common/async/spawn.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;

namespace {

struct World : SupervisedWorld {
  void go_down(loops::Heartbeat* heartbeat) {
    spawn(io.get_executor(), "going down", [](World& world, loops::Heartbeat* beats) -> boost::asio::awaitable<void> {
      co_await loops::go_down(world.node.parts, world.node.supervisor, world.changes, beats);
      world.gone = true;
    }(*this, heartbeat));
  }
  // The daemon notifies after every pass.
  void advance(std::int64_t ms) {
    for (std::int64_t spent = 0; spent < ms && !gone; spent += 100) {
      clock.advance(100);
      changes.notify();
    }
  }
  bool told(const std::string& part) const {
    return std::any_of(node.host.notifications.begin(), node.host.notifications.end(),
                       [&](const std::string& each) { return each.find(part) != each.npos; });
  }
  loops::Broadcast changes;
  bool gone = false;
};

}  // namespace

TEST_CASE("a host that goes down: what runs is stopped, more time is asked for, and the last report says so") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(2'000);
  const auto beats = world.control.beats.size();
  world.go_down(&*world.node.heartbeat);
  world.advance(20'000);
  CHECK(world.gone);
  CHECK(world.node.word("web") == protocol::WorkloadWord::stopped);
  CHECK(world.told("EXTEND_TIMEOUT_USEC="));
  REQUIRE(world.control.beats.size() > beats);
  const auto& last = world.control.beats.back();
  REQUIRE(last.report.has_value());
  CHECK(last.report->workloads.front().state == protocol::WorkloadWord::stopped);
  CHECK(world.node.state().confirmed_event_seq == world.node.state().last_event_seq);
}

TEST_CASE("a control plane that does not answer holds a host that goes down up for five seconds") {
  World world;
  world.node.report_to(world.control);
  world.clock.advance(2'000);
  Error away;
  away.code = Errc::unavailable;
  away.message = "nobody there";
  for (int i = 0; i < 50; ++i) world.control.failures.push_back(away);
  world.go_down(&*world.node.heartbeat);
  world.advance(3'000);
  CHECK_FALSE(world.gone);
  world.advance(20'000);
  CHECK(world.gone);
}

TEST_CASE("without a control plane a host goes down as soon as nothing runs") {
  World world;
  world.go_down(nullptr);
  world.advance(2'000);
  CHECK(world.gone);
}

TEST_CASE("a machine that refuses a reboot fails the command, and what was stopped for it runs again") {
  World world;
  world.node.host.refusal = Error{Errc::forbidden, "polkit refused it"};
  REQUIRE(world.node.command(make_command(Verb::reboot, "node", "c1")).code.empty());
  world.clock.advance(30'000);
  REQUIRE(world.node.host.asked.size() == 1);
  CHECK(world.node.host.asked.front().verb == Verb::reboot);
  const auto& outcome = world.node.state().settled.at("c1").outcome;
  CHECK(outcome.code == "forbidden");
  CHECK(outcome.detail == "polkit refused it");
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
}

TEST_CASE("an upgrade's result is looked for every two seconds, and is its outcome") {
  World world;
  auto upgrade = make_command(Verb::upgrade, "node", "c1");
  upgrade.args.version = "0.2.0";
  REQUIRE(world.node.command(upgrade).code.empty());
  world.clock.advance(10'000);
  REQUIRE(world.node.host.asked.size() == 1);
  CHECK(world.node.host.asked.front().version == "0.2.0");
  CHECK_FALSE(world.node.state().settled.contains("c1"));
  world.node.host.upgraded = reconcile::UpgradeResult{1, "0.2.0", false, "rolled_back", "it crashed"};
  world.clock.advance(2'100);
  REQUIRE(world.node.state().settled.contains("c1"));
  CHECK(world.node.state().settled.at("c1").outcome.code == "rolled_back");
}
