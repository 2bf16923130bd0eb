// What the stream of events and Docker's history tell of an end.
#include "agent/loops/oom_watch.hpp"
#include "agent/reconcile/runs.hpp"
#include "common/async/spawn.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::testing;

namespace {

struct World {
  World() {
    clock.attach(engine);
    clock.advance(1);
    engine.add_image("app:1");
  }
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
};

// The last run that ended.
protocol::Run ended(const Node& node) {
  for (const auto& run : reconcile::tell_why(node.state(), "web").runs) {
    if (run.ended != 0) return run;
  }
  return {};
}

bool says(const protocol::Run& run, const std::string& part) { return run.ended_why.find(part) != std::string::npos; }

std::string up(World& world, Node& node) {
  node.declare("web", app());
  node.supervise();
  world.clock.advance(60'000);
  return world.engine.ids_of("web").front();
}

}  // namespace

TEST_CASE("docker stop, docker kill and a crash each have their own words") {
  World world;
  Node node(world.folder, world.io, world.clock, world.engine);
  const std::string id = up(world, node);
  world.engine.human_stop(id);
  world.clock.advance(60'000);
  CHECK(says(ended(node), "somebody stopped it through Docker (docker stop)"));
  world.engine.human_kill(id);
  world.clock.advance(60'000);
  CHECK(says(ended(node), "somebody sent it SIGKILL through Docker (docker kill)"));
  world.engine.crash(id, 3);
  world.clock.advance(60'000);
  CHECK(ended(node).cause == "crashed");
  CHECK(ended(node).ended_why == "ended by itself with exit code 3.");
}

TEST_CASE("the kernel's kill of one process long before the end is not the cause of the end") {
  World world;
  Node node(world.folder, world.io, world.clock, world.engine);
  const std::string id = up(world, node);
  world.engine.child_oom(id);
  world.clock.advance(60'000);
  world.engine.crash(id, 137);
  world.clock.advance(60'000);
  CHECK_FALSE(ended(node).oom);
  CHECK(ended(node).child_oom);
  world.engine.oom(id);
  world.clock.advance(60'000);
  CHECK(ended(node).oom);
  CHECK_FALSE(ended(node).child_oom);
}

TEST_CASE("a kill while the agent was away is found in Docker's history") {
  World world;
  {
    Node gone(world.folder, world.io, world.clock, world.engine);
    gone.declare("web", app());
    leave_running(gone, "web");
  }
  const std::string id = world.engine.ids_of("web").front();
  SECTION("docker kill") {
    world.engine.human_kill(id);
    Node node(world.folder, world.io, world.clock, world.engine);
    up(world, node);
    CHECK(says(ended(node), "somebody sent it SIGKILL through Docker (docker kill)"));
  }
  SECTION("want of memory") {
    world.engine.oom(id);
    Node node(world.folder, world.io, world.clock, world.engine);
    up(world, node);
    CHECK(ended(node).oom);
    CHECK(says(ended(node), "it happened while the agent was away"));
  }
}

TEST_CASE("a kill for want of memory that Docker did not tell of is counted, and is not the cause of a later end") {
  World world;
  Node node(world.folder, world.io, world.clock, world.engine);
  loops::OomWatch watch(node.parts, node.observer);
  spawn(node.parts.executor, "oom watch", watch.run());
  const std::string id = up(world, node);
  node.host.oom_killed[id] = 1;
  world.clock.advance(loops::oom_watch_every_ms);
  node.host.oom_killed.clear();
  world.engine.crash(id, 3);
  world.clock.advance(60'000);
  CHECK(ended(node).child_oom);
  CHECK(says(ended(node), "ended by itself with exit code 3"));
  world.engine.crash(id, 137);
  world.clock.advance(60'000);
  CHECK_FALSE(ended(node).child_oom);
}
