#include "agent/loops/memory_watch.hpp"

#include "common/async/spawn.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

constexpr std::int64_t mib = 1 << 20;

struct Scene {
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
  std::unique_ptr<Node> node;
  std::string id;

  Scene() {
    clock.attach(engine);
    clock.advance(1);
    engine.add_image("app:1");
    node = std::make_unique<Node>(folder, io, clock, engine);
    reconcile::WorkloadSpec spec = app();
    spec.resources.memory_bytes = 100 * mib;
    spec.memory = reconcile::MemoryPolicy{};
    node->declare("web", spec);
    node->supervise();
    clock.advance(1'000);
    id = engine.ids_of("web").front();
  }
  void uses(std::int64_t used_mib) {
    node->host.uses[id].working_set_bytes = static_cast<std::uint64_t>(used_mib * mib);
  }
};

}  // namespace

TEST_CASE("a leak is warned of and ends in a planned restart, before the kernel's kill") {
  Scene scene;
  for (std::int64_t used_mib = 10; used_mib <= 100 && scene.engine.starts(scene.id) < 2; used_mib += 2) {
    scene.uses(used_mib);
    scene.clock.advance(10'000);
  }
  CHECK(scene.engine.starts(scene.id) == 2);
  CHECK(scene.node->events("memory_high") == 1);
  CHECK(scene.node->state().workloads.at("web").last_exit->cause == reconcile::Cause::memory);
}

TEST_CASE("a peak that the next look does not see counts for nothing") {
  Scene scene;
  for (int i = 0; i < 10; ++i) {
    scene.uses(i % 2 == 0 ? 98 : 50);
    scene.clock.advance(10'000);
  }
  CHECK(scene.engine.starts(scene.id) == 1);
  CHECK(scene.node->events("memory_high") == 0);
}

TEST_CASE("the supervisor is woken when a level changes, and not by every look") {
  Scene scene;
  scene.uses(50);
  scene.clock.advance(100'000);
  const auto calls = scene.engine.calls().size();
  for (const std::int64_t used_mib : {51, 52, 53, 54, 55}) {
    scene.uses(used_mib);
    scene.clock.advance(10'000);
  }
  // The poll that goes on beside events may have come once.
  CHECK(scene.engine.calls().size() <= calls + 2);
}

TEST_CASE("figures that are not to be seen change nothing") {
  Scene scene;
  scene.clock.advance(60'000);
  CHECK(scene.node->word("web") == WorkloadWord::running);
  CHECK(scene.node->events("memory_high") == 0);
}
