#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

struct World {
  World() {
    clock.attach(engine);
    engine.add_image("app:1");
    node.declare("web", app());
    node.supervise();
    clock.advance(30'000);
  }
  long calls(const std::string& head) const {
    return std::count_if(engine.calls().begin(), engine.calls().end(),
                         [&](const std::string& call) { return call.starts_with(head); });
  }
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  Node node{folder, io, clock, engine};
};

}  // namespace

TEST_CASE("while Docker is away everything is unknown, nothing is started, and the reason is told") {
  World world;
  world.engine.down(false);
  world.clock.advance(10'000);
  CHECK(world.node.word("web") == WorkloadWord::unknown);
  CHECK_FALSE(world.node.board.report().docker_known);
  CHECK(world.node.board.report().state == protocol::NodeWord::degraded);
  CHECK(world.engine.starts_of("web") == 1);
}

TEST_CASE("after a restart of Docker that ended its containers they run again within the back-off of the connection") {
  World world;
  world.engine.down(true);
  world.clock.advance(60'000);
  world.engine.up();
  world.clock.advance(6'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
  CHECK(world.engine.starts_of("web") == 2);
}

TEST_CASE("a restart of Docker that left its containers running bounces none of them") {
  World world;
  world.engine.down(false);
  world.clock.advance(5'000);
  world.engine.up();
  world.clock.advance(10'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
  CHECK(world.engine.starts_of("web") == 1);
}

TEST_CASE("Docker that somebody stopped on purpose is not asked") {
  World world;
  world.engine.down(false);
  world.node.host.may_connect = false;
  world.clock.advance(10'000);
  const auto before = world.engine.calls().size();
  world.clock.advance(120'000);
  CHECK(world.engine.calls().size() == before);
  CHECK(world.node.board.report().docker.find("systemctl start docker") != std::string::npos);
  world.engine.up();
  world.node.host.may_connect = true;
  world.clock.advance(10'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
}

TEST_CASE("Docker that is being stopped on purpose is not woken when it ends our containers and then goes away") {
  World world;
  world.node.host.may_connect = false;
  world.engine.crash(world.engine.ids_of("web").front(), 0);
  world.clock.advance(1'000);
  world.engine.down(true);
  const auto before = world.engine.calls().size();
  world.clock.advance(120'000);
  CHECK(world.engine.calls().size() == before);
  CHECK(world.engine.starts_of("web") == 1);
  world.engine.up();
  world.node.host.may_connect = true;
  world.clock.advance(6'000);
  CHECK(world.node.word("web") == WorkloadWord::running);
}

TEST_CASE("an idle node looks at its containers only once in five minutes and inspects none of them again") {
  World world;
  world.clock.advance(3'000);
  const auto lists = world.calls("list");
  const auto inspects = world.calls("inspect");
  world.clock.advance(600'000);
  CHECK(world.calls("list") - lists <= 3);
  CHECK(world.calls("inspect") == inspects);
}

TEST_CASE("an agent that comes back adopts what runs without touching it") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  clock.attach(engine);
  engine.add_image("app:1");
  reconcile::Instance instance;
  {
    Node dead(folder, io, clock, engine);
    dead.declare("web", app());
    instance = leave_running(dead, "web");
  }
  Node node(folder, io, clock, engine);
  node.declare("web", app());
  node.supervise();
  clock.advance(5'000);
  CHECK(node.word("web") == WorkloadWord::running);
  CHECK(engine.starts_of("web") == 1);
  CHECK(engine.ids_of("web") == std::vector<std::string>{instance.container_id});
  CHECK(node.state().epoch == 2);
}

TEST_CASE("what died while the agent was down runs again as soon as the agent does") {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  clock.attach(engine);
  engine.add_image("app:1");
  std::string id;
  {
    Node dead(folder, io, clock, engine);
    dead.declare("web", app());
    id = leave_running(dead, "web").container_id;
  }
  engine.crash(id, 1);
  clock.advance(5'000);
  Node node(folder, io, clock, engine);
  node.declare("web", app());
  node.supervise();
  clock.run_until_idle();
  CHECK(engine.starts(id) == 2);
}

TEST_CASE("a foreign container is never touched, even where it has our label") {
  World world;
  reconcile::Labels labels;
  labels.node = "n1";
  labels.workload = "web";
  const std::string id = world.engine.add_foreign("stranger", "app:1", labels);
  world.clock.advance(400'000);
  CHECK(world.engine.find(id)->phase == reconcile::Phase::running);
  CHECK(world.calls("stop") == 0);
  CHECK(world.calls("remove") == 0);
  CHECK_FALSE(world.node.supervisor.plan().conflicts.empty());
}
