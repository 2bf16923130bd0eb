// Pulls: logins, room on the disk, ending them, how fast they go, and what a tag stands for.
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

constexpr std::uint64_t gib = 1ULL << 30;

struct World {
  World() {
    clock.attach(engine);
    clock.advance(1);
    engine.add_image("app:1");
  }
  long pulls() const {
    return std::count_if(engine.calls().begin(), engine.calls().end(),
                         [](const std::string& call) { return call.starts_with("pull "); });
  }
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
};

reconcile::WorkloadSpec spec_of(const std::string& image, const std::string& login = "") {
  auto spec = app();
  spec.image = image;
  spec.registry_auth = login;
  return spec;
}

const protocol::Outcome& outcome(const Node& node, const std::string& id) {
  REQUIRE(node.state().settled.contains(id));
  return node.state().settled.at(id).outcome;
}

}  // namespace

TEST_CASE("a pull takes the login that its workload names, also for another image of that registry") {
  World world;
  world.engine.add_pullable("r.example/far:1");
  world.engine.add_pullable("r.example/other:1");
  world.engine.add_pullable("else.example/far:1");
  Node node(world.folder, world.io, world.clock, world.engine);
  node.host.credentials["reg"] = "the login";
  node.declare("far", spec_of("r.example/far:1", "reg"));
  node.supervise();
  world.clock.advance(5'000);
  CHECK(node.word("far") == WorkloadWord::running);
  CHECK(world.engine.login() == "the login");
  CHECK(node.secrets.masked("with the login") == "with ***");
  node.command(make_command(Verb::pull, "image:else.example/far:1", "c1"));
  world.clock.advance(5'000);
  CHECK(world.engine.login().empty());
  node.command(make_command(Verb::pull, "image:r.example/other:1", "c2"));
  world.clock.advance(5'000);
  CHECK(world.engine.login() == "the login");
}

TEST_CASE("a login that is not there is said, and the pull is not tried without it") {
  World world;
  world.engine.add_pullable("r.example/far:1");
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("far", spec_of("r.example/far:1", "reg"));
  node.supervise();
  world.clock.advance(1'000);
  CHECK(node.word("far") == WorkloadWord::failed);
  CHECK(node.reason("far").find("the credential \"reg\" is not there") != std::string::npos);
  CHECK(world.pulls() == 0);
}

TEST_CASE("a disk without room refuses a pull before it begins, with a code of its own, and heals") {
  World world;
  world.engine.add_pullable("far:1");
  world.engine.set_disk({100 * gib, gib / 2});
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("far", spec_of("far:1"));
  node.supervise();
  node.command(make_command(Verb::pull, "image:far:1", "c1"));
  world.clock.advance(1'000);
  CHECK(world.pulls() == 0);
  CHECK(outcome(node, "c1").code == "no_space");
  CHECK(node.reason("far").find("no_space: 512 MiB are free") != std::string::npos);
  world.engine.set_disk({100 * gib, 50 * gib});
  world.clock.advance(60'000);
  CHECK(node.word("far") == WorkloadWord::running);
}

TEST_CASE("a pull that turns out to be too large for the disk is broken off") {
  World world;
  FakePull large;
  large.takes_ms = 3'600'000;
  large.bytes = 60 * gib;
  world.engine.add_pullable("far:1", large);
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  node.command(make_command(Verb::pull, "image:far:1", "c1"));
  world.clock.advance(5'000);
  CHECK(outcome(node, "c1").code == "no_space");
  CHECK(outcome(node, "c1").detail.find("61440 MiB of the image are still to come") != std::string::npos);
  CHECK(node.actor.in_flight().pulls.empty());
  CHECK(node.word("web") == WorkloadWord::running);
}

TEST_CASE("a cancelled pull ends in the engine; one that a workload needs goes on") {
  World world;
  FakePull slow;
  slow.takes_ms = 600'000;
  world.engine.add_pullable("slow:1", slow);
  world.engine.add_pullable("needed:1", slow);
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("far", spec_of("needed:1"));
  node.supervise();
  node.command(make_command(Verb::pull, "image:slow:1", "c1"));
  node.command(make_command(Verb::pull, "image:needed:1", "c2"));
  world.clock.advance(20'000);
  CHECK(node.actor.in_flight().pulls.size() == 2);
  CHECK(node.has_event("image_pulling") == false);  // nothing moved since it began
  node.command(make_command(Verb::cancel, "command:c1", "c3"));
  node.command(make_command(Verb::cancel, "command:c2", "c4"));
  world.clock.advance(2'000);
  CHECK(outcome(node, "c1").kind == protocol::OutcomeKind::cancelled);
  CHECK(outcome(node, "c2").kind == protocol::OutcomeKind::cancelled);
  CHECK(node.actor.in_flight().pulls.size() == 1);
  CHECK(node.actor.in_flight().pulls.contains("needed:1"));
  CHECK(world.pulls() == 2);
  auto other = spec_of("app:1");
  node.declare("far", other);
  world.clock.advance(2'000);
  CHECK(node.actor.in_flight().pulls.empty());
  CHECK(node.word("far") == WorkloadWord::running);
}

TEST_CASE("what a tag stands for is recorded also where nothing was pulled, and forgotten with the tag") {
  World world;
  world.engine.add_image("app:1", "sha256:first");
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1'000);
  CHECK(node.state().workloads.at("web").image_digest == "sha256:first");
  node.declare("web", spec_of("app:2"));
  CHECK(node.state().workloads.at("web").image_digest.empty());
}

TEST_CASE("the rate follows the last seconds, and a pull that stands still has none") {
  loops::PullRate rate;
  protocol::PullProgress progress{.image = "x", .bytes = 0, .total_bytes = 100'000'000};
  rate.note(progress, 1'000);
  CHECK(progress.rate_bytes_per_s == 0);
  CHECK_FALSE(progress.left_s);
  progress.bytes = 10'000'000;
  rate.note(progress, 2'000);
  CHECK(progress.rate_bytes_per_s == 10'000'000);
  CHECK(progress.left_s == 10);
  for (BootMs now = 3'000; now <= 30'000; now += 1'000) rate.note(progress, now);
  CHECK(progress.rate_bytes_per_s == 0);
  CHECK_FALSE(progress.left_s);
  progress.bytes = 5'000'000;
  rate.note(progress, 31'000);
  CHECK(progress.rate_bytes_per_s == 0);
}
