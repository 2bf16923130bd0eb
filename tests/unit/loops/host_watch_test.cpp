// Clocks that jump, hosts that are paused, an agent that stands still: noticed, told, and no workload's failure.
#include "tests/support/fault_log.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

constexpr std::int64_t year_ms = 365LL * 24 * 3600 * 1000;

struct World {
  World() {
    clock.attach(engine);
    engine.add_image("app:1");
    control.reply.next_heartbeat_s = 10;
    node.declare("web", app());
    node.supervise();
    node.report_to(control);
    clock.advance(30'000);
    id = engine.ids_of("web").at(0);
    hear();
  }
  // Until the control plane has told its time once more.
  void hear() {
    for (const auto beats = control.beats.size(); control.beats.size() < beats + 2;) {
      control.reply.server_time = clock.other_wall_ms() / 1000 * 1000;
      clock.advance(1'000);
    }
  }
  long streams() const { return std::count(engine.calls().begin(), engine.calls().end(), "events"); }
  std::string told(const std::string& kind, const std::string& key) const {
    for (const auto& event : node.state().events) {
      if (event.kind == kind) return event.data.at(key);
    }
    return "";
  }
  bool untouched() const {
    return engine.starts(id) == 1 && engine.ids_of("web").size() == 1 && node.word("web") == WorkloadWord::running &&
           !node.has_event("workload_exited");
  }

  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  FakeControlPlane control{io.get_executor()};
  Node node{folder, io, clock, engine, true};
  std::string id;
};

}  // namespace

TEST_CASE("a wall clock that jumps by years is told once, changes no workload, and is reported as an offset") {
  FaultLog fault("unit", "the wall clock jumps by years, forward and back", "virtual clock, whole node on fakes");
  for (const std::int64_t by_ms : {40 * year_ms, -40 * year_ms, 3'600'000L, -5'000L}) {
    World world;
    fault.ran();
    const long streams = world.streams();
    world.clock.shift_wall(by_ms);
    world.clock.run_until_idle();
    REQUIRE(fault.held(world.node.events("clock_jumped") == 1));
    CHECK(world.told("clock_jumped", "by_ms") == std::to_string(by_ms));
    CHECK(world.streams() == streams + 1);
    world.hear();
    CHECK(fault.held(world.node.events("clock_jumped") == 1));
    CHECK(fault.held(!world.node.has_event("host_paused")));
    const auto offset_ms = world.node.board.report().host.clock_offset_ms;
    REQUIRE(offset_ms);
    CHECK(std::abs(*offset_ms - by_ms) < 1'500);
    CHECK(fault.held(world.untouched()));
    // Supervision goes on as if nothing had been.
    world.engine.crash(world.id, 1);
    world.clock.advance(1'000);
    CHECK(fault.held(world.engine.starts(world.id) == 2));
  }
  fault.observed("one event, the offset in the report, no container touched");
}

TEST_CASE("durations do not follow the wall clock: back-off, heartbeats and an expiry keep their time") {
  World world;
  world.clock.shift_wall(40 * year_ms);
  world.clock.run_until_idle();
  const auto beats = world.control.beats.size();
  world.clock.advance(60'000);
  const auto told = world.control.beats.size() - beats;
  CHECK(told >= 5);
  CHECK(told <= 9);
}

TEST_CASE("a clock that is slewed is not told of") {
  World world;
  for (int i = 0; i < 60; ++i) {
    // As fast as adjtimex(2) may go: a tenth.
    world.clock.shift_wall(500);
    world.clock.advance(5'000);
    world.hear();
  }
  CHECK_FALSE(world.node.has_event("clock_jumped"));
  CHECK_FALSE(world.node.has_event("host_paused"));
}

TEST_CASE("a paused host that none of its own clocks shows is found by the control plane's clock") {
  FaultLog fault("unit", "the host is paused (KVM guest: neither of its clocks moves)",
                 "virtual clock, control plane's time runs ahead");
  World world;
  fault.ran();
  const long streams = world.streams();
  world.clock.pause_host(3 * 3'600'000);
  world.hear();
  REQUIRE(fault.held(world.node.events("host_paused") == 1));
  CHECK(std::abs(std::stoll(world.told("host_paused", "for_ms")) - 3 * 3'600'000) < 2'000);
  CHECK(world.streams() == streams + 1);
  CHECK(fault.held(world.untouched()));
  // Somebody sets the clock right: told as what it is, and the offset is gone.
  world.clock.shift_wall(3 * 3'600'000);
  world.hear();
  CHECK(world.node.events("clock_jumped") == 1);
  CHECK(world.node.events("host_paused") == 1);
  CHECK(std::abs(world.node.board.report().host.clock_offset_ms.value_or(99'999)) < 1'500);
  fault.observed("told with its length; connections are made anew; no container touched");
}

TEST_CASE("the agent that stood still tells so, looks anew and takes nothing for a workload's failure") {
  FaultLog fault("unit", "the agent itself stands still (SIGSTOP, hung disk)", "virtual clock that moves at once");
  for (const BootMs stall_ms : {30'000, 600'000, 24 * 3'600'000}) {
    World world;
    fault.ran();
    const long streams = world.streams();
    world.clock.stall(stall_ms);
    world.clock.advance(5'000);
    REQUIRE(fault.held(world.node.events("agent_stalled") == 1));
    const auto told_ms = std::stoll(world.told("agent_stalled", "for_ms"));
    CHECK(told_ms <= stall_ms);
    CHECK(told_ms >= stall_ms - loops::watch_every_ms);
    CHECK(world.streams() == streams + 1);
    CHECK(fault.held(!world.node.has_event("clock_jumped")));
    CHECK(fault.held(world.untouched()));
  }
  fault.observed("one event with the time lost, everything listed anew, no container touched");
}

TEST_CASE("a crash while the agent stood still is told as a crash, not as Docker's doing") {
  World world;
  world.engine.crash(world.id, 3);
  world.clock.stall(60'000);
  world.clock.advance(5'000);
  CHECK(world.told("workload_exited", "cause") == "crashed");
  CHECK(world.engine.starts(world.id) == 2);
}

TEST_CASE("a stop that ended while the agent stood still is no stuck container") {
  World world;
  world.engine.hang("stop");
  world.node.command(make_command(protocol::Verb::stop, "workload:web", "c1"));
  world.clock.advance(1'000);
  // Docker carried it out; the agent only sees its own deadline pass.
  world.engine.crash(world.id, 143);
  world.clock.stall(120'000);
  world.clock.advance(5'000);
  REQUIRE(world.node.state().settled.contains("c1"));
  CHECK(world.node.state().settled.at("c1").outcome.kind == protocol::OutcomeKind::succeeded);
  CHECK(world.node.state().settled.at("c1").outcome.code != "stuck");
  const auto lists = std::count(world.engine.calls().begin(), world.engine.calls().end(), "list");
  world.clock.advance(60'000);
  CHECK(std::count(world.engine.calls().begin(), world.engine.calls().end(), "list") - lists < 5);
}
