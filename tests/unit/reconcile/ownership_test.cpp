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
  Scene() {
    docker.images = {"web:1"};
    agent.declare("web", simple_spec());
    agent.settle(docker);
  }
  Container& container() { return docker.containers.at(agent.state.workloads.at("web").containers.back().id); }
};

}  // namespace

TEST_CASE("a container made just before the agent died is recognised by its nonce, not made twice") {
  ModelDocker docker;
  docker.images = {"web:1"};
  ModelAgent agent;
  agent.declare("web", simple_spec());
  agent.think(docker);
  const auto create = std::get<action::Create>(agent.plan.actions.at(0));
  docker.create(agent.state.node_id, create, simple_spec());
  agent.die_and_return();
  agent.settle(docker);
  CHECK(docker.containers.size() == 1);
  CHECK(agent.finding("web").word == WorkloadWord::running);
}

TEST_CASE("with a new ledger a container that is exactly as declared is taken over without a bounce") {
  Scene old;
  ModelAgent fresh;
  fresh.declare("web", simple_spec());
  fresh.settle(old.docker);
  CHECK(fresh.finding("web").as_intended);
  CHECK(old.docker.starts.at(old.container().id) == 1);
  CHECK(old.docker.containers.size() == 1);
}

TEST_CASE("with a new ledger a labelled container of another spec is a conflict and is not touched") {
  Scene old;
  old.container().labels.spec_hash = "v1:other";
  ModelAgent fresh;
  fresh.declare("web", simple_spec());
  fresh.settle(old.docker);
  CHECK(fresh.finding("web").word == WorkloadWord::conflict);
  CHECK(fresh.plan.conflicts.size() == 1);
  CHECK(old.docker.containers.size() == 1);
  CHECK(old.container().phase == Phase::running);
}

TEST_CASE("adopt takes a conflicting container over") {
  Scene old;
  old.container().labels.spec_hash = "v1:other";
  ModelAgent fresh;
  fresh.declare("web", simple_spec());
  fresh.settle(old.docker);
  fresh.deliver(command("a1", protocol::Verb::adopt, "workload:web"), Origin::local_root);
  fresh.settle(old.docker);
  REQUIRE(fresh.outcome("a1") != nullptr);
  CHECK(fresh.outcome("a1")->kind == protocol::OutcomeKind::succeeded);
  CHECK(fresh.finding("web").as_intended);
}

TEST_CASE("a container made from a committed image carries our labels but is not ours") {
  Scene scene;
  Container copy = scene.container();
  copy.id = std::string(64, 'c');
  copy.name = "copy";
  copy.phase = Phase::exited;
  scene.docker.containers[copy.id] = copy;
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.containers.contains(copy.id));
  CHECK(scene.agent.state.workloads.at("web").containers.size() == 1);
  CHECK(scene.agent.plan.conflicts.size() == 1);
}

TEST_CASE("a foreign container that writes to a declared mount blocks the start") {
  ModelDocker docker;
  docker.images = {"web:1"};
  docker.foreign("somebody", true, {"/srv/data"});
  ModelAgent agent;
  WorkloadSpec spec = simple_spec();
  spec.mounts.push_back({"/srv/data", "/data", false});
  agent.declare("web", spec);
  agent.settle(docker);
  CHECK(agent.finding("web").word == WorkloadWord::conflict);
  CHECK(docker.containers.size() == 1);
}

TEST_CASE("a foreign container with the workload's name blocks the start while it runs") {
  ModelDocker docker;
  docker.images = {"web:1"};
  const std::string id = docker.foreign("web", true);
  ModelAgent agent;
  agent.declare("web", simple_spec());
  agent.settle(docker);
  CHECK(agent.finding("web").word == WorkloadWord::conflict);
  docker.exit(id, 0);
  agent.settle(docker);
  CHECK(agent.finding("web").word == WorkloadWord::running);
  CHECK(docker.containers.contains(id));
}

TEST_CASE("a container that somebody removed is made again and the event says so") {
  Scene scene;
  scene.docker.containers.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  CHECK(scene.agent.events("container_gone") == 1);
}

TEST_CASE("vanished declarations: one of many stops, several or the last wait for leave") {
  ModelAgent agent;
  agent.declare("a", simple_spec());
  agent.declare("b", simple_spec());
  agent.declare("c", simple_spec());
  DeclaredSet set;
  set.complete = true;
  for (const char* name : {"a", "b"}) set.good[name] = agent.state.workloads.at(name).declared;
  auto records = declare(agent.state, set, {.allow_removal = false}, agent.now);
  REQUIRE(records.size() == 1);
  CHECK(std::get<record::Withdrawn>(records[0].body).workload == "c");

  set.good.clear();
  records = declare(agent.state, set, {.allow_removal = false}, agent.now);
  REQUIRE(records.size() == 1);
  CHECK(std::get<record::RemovalHeld>(records[0].body).workloads.size() == 3);
  CHECK(declare(agent.state, set, {.allow_removal = true}, agent.now).size() == 3);
}

TEST_CASE("a removal that waits for leave is not carried out piece by piece") {
  ModelAgent agent;
  for (const char* name : {"a", "b", "c"}) agent.declare(name, simple_spec());
  DeclaredSet set;
  set.complete = true;
  for (const Record& record : declare(agent.state, set, {.allow_removal = false}, agent.now)) agent.record(record.body);
  for (const char* back : {"a", "b"}) {
    set.good[back] = agent.state.workloads.at(back).declared;
    for (const Record& record : declare(agent.state, set, {.allow_removal = false}, agent.now))
      agent.record(record.body);
  }
  CHECK_FALSE(agent.state.workloads.at("c").withdrawn_at);
  CHECK(agent.state.removal_held == std::set<std::string>{"c"});
}

TEST_CASE("an unreadable folder and a broken file withdraw nothing") {
  ModelAgent agent;
  agent.declare("a", simple_spec());
  agent.declare("b", simple_spec());
  DeclaredSet set;
  CHECK(declare(agent.state, set, {.allow_removal = true}, agent.now).empty());
  set.complete = true;
  set.broken = {"a", "b"};
  CHECK(declare(agent.state, set, {.allow_removal = true}, agent.now).empty());
}

TEST_CASE("creations that never came about are remembered for a while and not for ever") {
  ModelAgent agent;
  ModelDocker docker;
  for (int i = 0; i < 40; ++i) {
    agent.declare("web", simple_spec("missing:" + std::to_string(i)));
    agent.think(docker);
  }
  const auto& containers = agent.state.workloads.at("web").containers;
  CHECK(containers.size() == 16);
  CHECK(containers.back().spec_hash == agent.state.workloads.at("web").declared.spec_hash);
}
