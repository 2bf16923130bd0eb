// How a node comes back: enrolled anew, or after a boot of the host.
#include "agent/store/node_key.hpp"
#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace aura;
using namespace aura::testing;

using World = SupervisedWorld;

TEST_CASE("a node with another ledger than the enrolled one enrols again and beats with its new key") {
  World world;
  REQUIRE(store::write_node_key(world.folder.path() + "/state", "old-key"));
  world.control.approves = false;
  world.control.failures.push_back(error_of(Errc::conflict, "new_ledger it must enrol again"));
  world.node.host.credentials["enroll-code"] = "good-code";
  world.node.report_to(world.control);
  world.clock.advance(400'000);
  CHECK(world.control.enrolments.size() == 1);
  CHECK(world.control.key == "key-of-n1");
  CHECK(*store::read_node_key(world.folder.path() + "/state") == "key-of-n1");
  CHECK(world.control.beats.size() >= 2);
}

TEST_CASE(
    "a node that is to enrol again and holds a code does so within seconds, and then waits if that is refused, too") {
  World world;
  REQUIRE(store::write_node_key(world.folder.path() + "/state", "old-key"));
  world.control.approves = false;
  world.node.host.credentials["enroll-code"] = "good-code";
  SECTION("it is taken") {
    world.control.failures.push_back(error_of(Errc::unauthorized, "enrol_again"));
    world.node.report_to(world.control);
    world.clock.advance(3'000);
    CHECK(world.control.key == "key-of-n1");
    CHECK(world.control.beats.size() >= 1);
  }
  SECTION("it is refused") {
    for (int i = 0; i < 40; ++i) world.control.failures.push_back(error_of(Errc::unauthorized, "enrol_again"));
    world.node.report_to(world.control);
    world.clock.advance(3'000);
    CHECK(world.control.failures.size() >= 37);
    world.clock.advance(50'000);
    CHECK(world.control.failures.size() >= 37);
  }
}

TEST_CASE("a control plane that takes the code and not the key it gives is not asked every second") {
  World world;
  REQUIRE(store::write_node_key(world.folder.path() + "/state", "old-key"));
  world.control.approves = false;
  world.node.host.credentials["enroll-code"] = "good-code";
  for (int i = 0; i < 400; ++i) world.control.failures.push_back(error_of(Errc::unauthorized, "enrol_again"));
  world.node.report_to(world.control);
  world.clock.advance(600'000);
  CHECK(world.control.enrolments.size() >= 2);
  CHECK(world.control.enrolments.size() <= 12);
}

TEST_CASE("a node whose key is not known asks for approval and tries its key in between") {
  World world;
  REQUIRE(store::write_node_key(world.folder.path() + "/state", "old-key"));
  world.control.approves = false;
  world.control.failures.push_back(error_of(Errc::unauthorized, "unknown_key"));
  world.node.report_to(world.control);
  world.clock.advance(400'000);
  CHECK(world.control.enrolments.size() == 1);
  CHECK(world.control.key == "old-key");
  CHECK(world.control.beats.size() >= 2);
}

TEST_CASE("a fenced node without a code does not ask to be enrolled") {
  World world;
  REQUIRE(store::write_node_key(world.folder.path() + "/state", "old-key"));
  world.control.failures.push_back(error_of(Errc::conflict, "stale_epoch 9"));
  world.node.report_to(world.control);
  world.clock.advance(400'000);
  CHECK(world.control.enrolments.empty());
}

namespace {

// The host has booted while the workload was meant to run; nothing supervises yet.
struct Booted : NodeWorld {
  Booted() {
    node.declare("web", app());
    reconcile::record::AgentStarted started;
    started.epoch = node.state().epoch + 1;
    started.reports = true;
    started.boot_wait = true;
    reconcile::Record record = reconcile::make_record(clock.now(), started);
    record.boot_id = "boot-before";
    REQUIRE(node.ledger->record(record));
    record.boot_id = clock.now().boot_id;
    REQUIRE(node.ledger->record(record));
    REQUIRE(node.state().node.boot_wait_until);
  }
};

}  // namespace

TEST_CASE("a node that was off when it was suspended starts nothing after its boot") {
  Booted world;
  protocol::Wanted wanted;
  wanted.suspended = true;
  wanted.mode = "stop";
  wanted.reason = "payment failed";
  wanted.generation = 43;
  world.control.reply.wanted = wanted;
  world.node.supervise();
  world.node.report_to(world.control);
  world.clock.advance(30'000);
  CHECK(world.node.state().node.suspension);
  CHECK(world.engine.ids_of("web").empty());
}

TEST_CASE("after a boot the workloads start as soon as the control plane has answered or cannot be reached") {
  Booted world;
  const bool away = GENERATE(false, true);
  if (away) world.control.failures.push_back(error_of(Errc::unavailable));
  world.node.supervise();
  world.node.report_to(world.control);
  world.clock.advance(1'000);
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
}

TEST_CASE("after a boot the workloads wait five seconds at most for a control plane that says nothing") {
  Booted world;
  world.node.supervise();
  world.clock.advance(4'000);
  CHECK(world.engine.ids_of("web").empty());
  world.clock.advance(3'000);
  CHECK(world.node.word("web") == protocol::WorkloadWord::running);
}
