// Collecting images: by age, by room, on request, and never what a container is made of.
#include "agent/loops/collector.hpp"
#include "common/async/spawn.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;

namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
constexpr std::uint64_t gib = 1ULL << 30;

struct World {
  World() {
    clock.attach(engine);
    clock.advance(1);
    engine.add_image("app:1");
    engine.add_image("foreign:1");
    engine.add_pullable("old:1");
    engine.add_pullable("used:1");
  }
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
};

struct Scene : World {
  Node node{folder, io, clock, engine};
  loops::Collector collector{node.parts, {}};
  Scene() {
    node.ledger->on_change([this] {
      node.supervisor.ledger_changed();
      collector.ledger_changed();
    });
    node.declare("web", app());
    node.supervise();
    spawn(io.get_executor(), "collector", collector.run());
    node.command(make_command(Verb::pull, "image:old:1", "p1"));
    node.command(make_command(Verb::pull, "image:used:1", "p2"));
    clock.advance(5'000);
  }
  bool has(const std::string& image) const { return engine.has_image(image); }
  std::string collect(const std::string& id, bool dry_run) {
    auto order = make_command(Verb::collect, "node", id);
    order.args.dry_run = dry_run;
    node.command(order);
    clock.advance(2'000);
    REQUIRE(node.state().settled.contains(id));
    return node.state().settled.at(id).outcome.detail;
  }
};

}  // namespace

TEST_CASE("an image unused for a week goes, once; one that a foreign container is made of stays in Docker") {
  Scene scene;
  scene.engine.add_foreign("theirs", "used:1");
  scene.clock.advance(day_ms);
  CHECK(scene.has("old:1"));
  scene.clock.advance(7 * day_ms);
  CHECK_FALSE(scene.has("old:1"));
  CHECK(scene.has("used:1"));
  CHECK(scene.has("foreign:1"));
  CHECK(scene.has("app:1"));
  CHECK(scene.node.events("image_collected") == 1);
}

TEST_CASE("collect tells what would go, and then does it, only as the policy says") {
  Scene scene;
  CHECK(scene.collect("c1", true) == "No images would be removed.");
  CHECK(scene.collect("c2", false) == "No images were removed.");
  scene.engine.set_disk({100 * gib, 10 * gib});
  const std::string told = scene.collect("c3", true);
  CHECK(told.find("2 images would be removed: ") == 0);
  CHECK(told.find("old:1 (nothing needs it, and Docker's disk is 90 % full)") != std::string::npos);
  CHECK(scene.has("old:1"));
  CHECK(scene.collect("c4", false) == "2 images were removed: old:1, used:1.");
  CHECK_FALSE(scene.has("old:1"));
  CHECK(scene.has("app:1"));
  CHECK(scene.has("foreign:1"));
}
