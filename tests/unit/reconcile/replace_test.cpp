// A changed file replaces its workload; where the new one does not show itself good, the very container from before
// runs.
#include "agent/reconcile/report.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

struct Scene {
  ModelDocker docker;
  ModelAgent agent;
  std::string old_id;

  Scene() {
    docker.images = {"web:1", "web:2", "web:3"};
    agent.declare("web", probed("web:1"));
    agent.settle(docker);
    old_id = docker.running().at(0);
  }
  static WorkloadSpec probed(const std::string& image) {
    WorkloadSpec spec = simple_spec(image);
    spec.liveness = Probe{.tcp = "127.0.0.1:80"};
    spec.liveness->start_grace_s = 60;
    return spec;
  }
  void change_to(const std::string& image, bool starts = false) {
    if (!starts) docker.unready.insert("web");
    agent.declare("web", probed(image));
    agent.settle(docker);
  }
  void wait(std::int64_t ms) {
    agent.pass_time(ms);
    agent.settle(docker);
  }
  // What the folder says now, as a reload (`again`) or a start of the agent reads it.
  void read(const Declaration& declaration, bool again) {
    DeclaredSet set;
    set.complete = true;
    set.good[declaration.name] = declaration;
    for (const Record& record : declare(agent.state, set, {.again = again}, agent.now)) agent.record(record.body);
    agent.settle(docker);
  }
  const Workload& web() const { return agent.state.workloads.at("web"); }
  bool old_runs() const { return docker.running() == std::vector<std::string>{old_id}; }
};

}  // namespace

TEST_CASE("a changed file that does not get healthy in time is taken back: the very container from before runs") {
  Scene scene;
  scene.change_to("web:2");
  CHECK_FALSE(scene.old_runs());
  CHECK(scene.docker.containers.contains(scene.old_id));
  scene.wait(59'000);
  CHECK_FALSE(scene.web().refused);
  scene.docker.unready.clear();
  SECTION("the agent lives") {}
  SECTION("the agent dies meanwhile") { scene.agent.die_and_return(); }
  scene.docker.unready.insert("web");
  scene.agent.pass_time(1'000);
  scene.agent.think(scene.docker);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.old_runs());
  CHECK(scene.docker.containers.size() == 1);
  REQUIRE(scene.web().refused);
  CHECK(scene.web().declared.spec.image == "web:1");
  CHECK(scene.agent.events("spec_refused") == 1);
  const auto report =
      make_report(scene.agent.state, scene.agent.plan, {}, Surroundings{.docker_known = true}, scene.agent.now);
  CHECK(report.state == protocol::NodeWord::degraded);
}

TEST_CASE("a changed file without probes is taken back when it ends at once, and proven when it runs on") {
  Scene scene;
  WorkloadSpec spec = simple_spec("web:2");
  scene.agent.declare("web", spec);
  scene.agent.settle(scene.docker);
  SECTION("it ends") {
    scene.docker.exit(scene.docker.running().at(0), 1);
    scene.agent.settle(scene.docker);
    CHECK(scene.old_runs());
    CHECK(scene.web().refused->why.find("web") == 0);
  }
  SECTION("it runs on") {
    scene.wait(3'000);
    CHECK_FALSE(scene.web().refused);
    CHECK_FALSE(scene.web().replacing);
    CHECK_FALSE(scene.docker.containers.contains(scene.old_id));
    CHECK(scene.agent.events("spec_proven") == 1);
    scene.docker.exit(scene.docker.running().at(0), 1);
    scene.agent.settle(scene.docker);
    CHECK(scene.web().declared.spec.image == "web:2");
  }
}

TEST_CASE("the container from before is kept until the new one is proven, and gone afterwards") {
  Scene scene;
  scene.change_to("web:2");
  CHECK(scene.docker.containers.size() == 2);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.containers.size() == 1);
  CHECK_FALSE(scene.docker.containers.contains(scene.old_id));
}

TEST_CASE("what was refused is not tried again by a start of the agent, but by a reload, or when its file changes") {
  Scene scene;
  scene.change_to("web:2");
  scene.agent.pass_time(60'000);
  scene.agent.think(scene.docker);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  REQUIRE(scene.web().refused);
  const Declaration refused = scene.web().refused->declaration;
  scene.agent.die_and_return();
  scene.read(refused, false);
  CHECK(scene.old_runs());
  CHECK(scene.web().refused);
  SECTION("a reload") {
    scene.read(refused, true);
    CHECK(scene.web().declared.spec.image == "web:2");
    CHECK_FALSE(scene.old_runs());
  }
  SECTION("another content") {
    Declaration other = refused;
    other.spec.image = "web:3";
    other.spec_hash = "v1:other";
    scene.read(other, false);
    CHECK(scene.web().declared.spec.image == "web:3");
  }
  SECTION("what runs") {
    scene.read(scene.web().declared, false);
    CHECK(scene.old_runs());
  }
  CHECK_FALSE(scene.web().refused);
}

TEST_CASE("a file that is changed again before it is proven goes back to what ran before both") {
  Scene scene;
  scene.change_to("web:2");
  scene.change_to("web:3");
  scene.agent.pass_time(60'000);
  scene.agent.think(scene.docker);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.old_runs());
  CHECK(scene.docker.containers.size() == 1);
}

TEST_CASE("a file that is put back before it is proven starts the container from before") {
  Scene scene;
  scene.change_to("web:2");
  scene.change_to("web:1", true);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.old_runs());
  CHECK_FALSE(scene.web().replacing);
}

TEST_CASE("on a suspended node nothing is proven and nothing refused; the container from before is kept") {
  Scene scene;
  scene.agent.deliver(command("c1", protocol::Verb::suspend, "node", 1, "payment failed"));
  scene.agent.settle(scene.docker);
  scene.change_to("web:2");
  scene.wait(600'000);
  CHECK(scene.web().replacing);
  CHECK(scene.docker.containers.contains(scene.old_id));
  scene.agent.deliver(command("c2", protocol::Verb::resume, "node", 2));
  scene.agent.settle(scene.docker);
  scene.agent.pass_time(60'000);
  scene.agent.think(scene.docker);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.old_runs());
}

TEST_CASE("while a new image cannot be had the old container runs on, and nothing is refused") {
  Scene scene;
  scene.change_to("missing:1", true);
  for (int i = 0; i < 10; ++i) scene.wait(300'000);
  CHECK(scene.old_runs());
  CHECK_FALSE(scene.web().refused);
}

TEST_CASE("there is no way back to what was not well itself") {
  Scene scene;
  for (int i = 0; i < 10; ++i) {
    scene.docker.exit(scene.old_id, 1);
    scene.wait(300'000);
  }
  if (!scene.web().crash_loop) {
    scene.agent.record(record::Exited{.workload = "web", .crash = true, .crash_loop = true});
  }
  scene.change_to("web:2");
  CHECK_FALSE(scene.web().replacing);
}
