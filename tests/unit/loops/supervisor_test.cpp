#include "tests/unit/loops/node.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace aura;
using namespace aura::testing;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

protocol::OutcomeKind outcome(const Node& node, const std::string& id) {
  REQUIRE(node.state().settled.contains(id));
  return node.state().settled.at(id).outcome.kind;
}

}  // namespace

TEST_CASE("a declared workload is created in the node's network and started") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1000);
  CHECK(node.word("web") == WorkloadWord::running);
  REQUIRE(world.engine.ids_of("web").size() == 1);
  const auto* request = world.engine.request_of(world.engine.ids_of("web").front());
  CHECK(request->labels.node == "n1");
  CHECK(world.engine.has_network(reconcile::name_prefix("n1")));
  CHECK(node.board.unready().empty());
}

TEST_CASE("a workload that may reach the tailnet is in its network at each start, another one is not") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  auto open = app();
  open.tailnet = true;
  auto of_the_host = open;
  of_the_host.security.host_namespaces = {"network"};
  node.declare("open", open);
  node.declare("closed", app());
  node.declare("host", of_the_host);
  node.supervise();
  world.clock.advance(1000);
  CHECK(world.engine.has_network(std::string(reconcile::tailnet_network)));
  const auto connects = [&] {
    return std::count_if(world.engine.calls().begin(), world.engine.calls().end(),
                         [](const std::string& call) { return call.starts_with("connect "); });
  };
  CHECK(connects() == 1);
  CHECK(node.word("host") == WorkloadWord::running);
  world.engine.crash(world.engine.ids_of("open").front(), 1);
  world.clock.run_until_idle();
  CHECK(node.word("open") == WorkloadWord::running);
  CHECK(connects() == 2);
}

TEST_CASE("a workload that may reach the tailnet does not start without its network, and the reason is told") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  auto open = app();
  open.tailnet = true;
  world.engine.fail_next("connect", 1, error_of(Errc::internal, "no such interface"));
  node.declare("open", open);
  node.supervise();
  world.clock.advance(100);
  CHECK(world.engine.starts_of("open") == 0);
  CHECK(node.reason("open").find("no such interface") != std::string::npos);
  world.clock.advance(30'000);
  CHECK(node.word("open") == WorkloadWord::running);
}

TEST_CASE("a crashed workload is started again at once, and its last lines follow as an event") {
  EmptyWorld world;
  FakeScript script;
  script.output = {"listening", "bye"};
  world.engine.script("web", script);
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(60'000);
  const std::string id = world.engine.ids_of("web").front();
  world.engine.crash(id, 1);
  world.clock.run_until_idle();
  CHECK(world.engine.starts(id) == 2);
  CHECK(node.has_event("log_tail"));
  CHECK(node.state().workloads.at("web").last_exit->cause == reconcile::Cause::crashed);
}

TEST_CASE("a container that Docker can never start again is replaced by another, once") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(60'000);
  const std::string wedged = world.engine.ids_of("web").front();
  world.engine.fail_next("start", 1, Error{Errc::conflict, "task is there: already exists"});
  world.engine.crash(wedged, 1);
  world.clock.advance(1'000);
  CHECK(node.word("web") == WorkloadWord::running);
  REQUIRE(world.engine.ids_of("web").size() == 1);
  CHECK(world.engine.ids_of("web").front() != wedged);
  CHECK(world.engine.starts_of("web") == 2);
  CHECK(node.has_event("workload_trouble"));
  CHECK_FALSE(node.has_event("container_gone"));
}

TEST_CASE("what somebody stopped through Docker is started again and called so") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(60'000);
  const std::string id = world.engine.ids_of("web").front();
  world.engine.human_stop(id);
  world.clock.advance(2'000);
  CHECK(world.engine.starts(id) == 2);
  CHECK(node.state().workloads.at("web").last_exit->cause == reconcile::Cause::human);
}

TEST_CASE("whose doing an end was is asked again where Docker did not say") {
  EmptyWorld world;
  boost::asio::io_context earlier;
  {
    world.clock.run_on(earlier);
    Node before(world.folder, earlier, world.clock, world.engine);
    before.declare("web", app());
    before.supervise();
    world.clock.advance(60'000);
    world.clock.run_on(world.io);
    world.clock.forget_timers();
    world.engine.caller_died(false);
  }
  const std::string id = world.engine.ids_of("web").front();
  world.engine.human_stop(id);
  world.engine.fail_next("kill_seen", 1, Error{Errc::timeout, "no answer"});
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(20'000);
  CHECK(world.engine.starts(id) == 2);
  CHECK(node.state().workloads.at("web").last_exit->cause == reconcile::Cause::human);
}

TEST_CASE("stop and start end in one outcome each when the world shows it") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1000);
  node.command(make_command(Verb::stop, "workload:web", "c1"));
  CHECK(node.state().open.contains("c1"));
  world.clock.advance(1000);
  CHECK(outcome(node, "c1") == protocol::OutcomeKind::succeeded);
  CHECK(node.word("web") == WorkloadWord::stopped);
  node.command(make_command(Verb::start, "workload:web", "c2"));
  world.clock.advance(1000);
  CHECK(outcome(node, "c2") == protocol::OutcomeKind::succeeded);
  CHECK(node.word("web") == WorkloadWord::running);
}

TEST_CASE("an agent that died in the middle of a stop waits out the rest of the grace and does not signal again") {
  EmptyWorld world;
  FakeScript stubborn;
  stubborn.obeys_stop = false;
  world.engine.script("web", stubborn);
  const auto stops = [&] {
    return std::count_if(world.engine.calls().begin(), world.engine.calls().end(),
                         [](const std::string& call) { return call.starts_with("stop "); });
  };
  auto spec = app();
  spec.stop.grace_s = 60;
  {
    Node dead(world.folder, world.io, world.clock, world.engine);
    dead.declare("web", spec);
    leave_stopping(dead, "web", leave_running(dead, "web"), 60, "c1");
  }
  world.clock.advance(20'000);
  REQUIRE(stops() == 1);

  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", spec);
  node.supervise();
  world.clock.advance(30'000);
  CHECK(node.state().open.contains("c1"));
  world.clock.advance(15'000);
  CHECK(outcome(node, "c1") == protocol::OutcomeKind::succeeded);
  CHECK(stops() == 1);
}

TEST_CASE("a missing image is pulled beside the others and then used") {
  EmptyWorld world;
  world.engine.add_pullable("far:1");
  Node node(world.folder, world.io, world.clock, world.engine);
  auto far = app();
  far.image = "far:1";
  node.declare("far", far);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(500);
  CHECK(node.word("web") == WorkloadWord::running);
  CHECK(node.word("far") == WorkloadWord::pulling);
  world.clock.advance(5'000);
  CHECK(node.word("far") == WorkloadWord::running);
  CHECK(node.state().workloads.at("far").image_digest.starts_with("sha256:"));
}

TEST_CASE("an image that cannot be had leaves its workload failed with back-off and the others alone") {
  EmptyWorld world;
  Error away;
  away.code = Errc::not_found;
  away.message = "no such repository";
  FakePull pull;
  pull.error = away;
  world.engine.add_pullable("far:1", pull);
  Node node(world.folder, world.io, world.clock, world.engine);
  auto far = app();
  far.image = "far:1";
  node.declare("far", far);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1'200);
  CHECK(node.word("far") == WorkloadWord::failed);
  CHECK(node.reason("far").find("image_unavailable") != std::string::npos);
  CHECK(node.word("web") == WorkloadWord::running);
  const auto pulls = [&] {
    return std::count_if(world.engine.calls().begin(), world.engine.calls().end(),
                         [](const std::string& call) { return call.starts_with("pull "); });
  };
  const auto before = pulls();
  world.clock.advance(60'000);
  CHECK(pulls() > before);
  CHECK(pulls() < 30);
}

TEST_CASE("a mount that may not be mounted keeps a container from being made, with the reason") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.mount_trouble = "/srv/web has a symlink in it";
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1'000);
  CHECK(world.engine.ids_of("web").empty());
  CHECK(node.reason("web").find("symlink") != std::string::npos);
}

TEST_CASE("a secret that is not there is named, and used once it is") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  auto spec = app();
  spec.secrets["TOKEN"].credential = "gateway-token";
  node.declare("web", spec);
  node.supervise();
  world.clock.advance(300);
  CHECK(node.reason("web").find("gateway-token") != std::string::npos);
  node.host.credentials["gateway-token"] = "s3cret-value";
  world.clock.advance(60'000);
  REQUIRE(world.engine.ids_of("web").size() == 1);
  CHECK(world.engine.request_of(world.engine.ids_of("web").front())->env.at("TOKEN") == "s3cret-value");
}

TEST_CASE("a withdrawn workload is stopped and kept; the last one only where removal is allowed") {
  EmptyWorld world;
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(1'000);
  const std::string id = world.engine.ids_of("web").front();
  node.undeclare("web", false);
  world.clock.advance(1'000);
  CHECK(world.engine.find(id)->phase == reconcile::Phase::running);
  CHECK(node.state().removal_held.contains("web"));
  node.undeclare("web", true);
  world.clock.advance(15'000);
  REQUIRE(world.engine.find(id) != nullptr);
  CHECK(world.engine.find(id)->phase == reconcile::Phase::exited);
}

TEST_CASE("a removal whose answer was lost, though it was done, does not make the supervisor look without end") {
  EmptyWorld world;
  world.engine.add_image("app:2");
  Node node(world.folder, world.io, world.clock, world.engine);
  node.declare("web", app());
  node.supervise();
  world.clock.advance(10'000);
  world.engine.lose_reply_next("remove", 1);
  auto spec = app();
  spec.image = "app:2";
  node.declare("web", spec);
  world.clock.advance(10'000);
  const auto calls = world.engine.calls().size();
  world.clock.advance(60'000);
  CHECK(world.engine.calls().size() < calls + 20);
}
