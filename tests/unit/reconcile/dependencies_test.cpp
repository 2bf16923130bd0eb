#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

// web depends on db.
struct Pair {
  ModelDocker docker;
  ModelAgent agent;

  explicit Pair(DependencyNeed need, WorkloadSpec db = simple_spec(),
                OnDependencyRestart on_restart = OnDependencyRestart::none) {
    docker.images = {"web:1"};
    agent.declare("db", db);
    WorkloadSpec web = simple_spec();
    web.depends_on["db"] = need;
    web.on_dependency_restart = on_restart;
    agent.declare("web", web);
  }
  const Container& container(const std::string& name) const {
    return docker.containers.at(agent.state.workloads.at(name).containers.back().id);
  }
  int starts(const std::string& name) const {
    const auto it = docker.starts.find(container(name).id);
    return it == docker.starts.end() ? 0 : it->second;
  }
  void crash(const std::string& name, int code = 1) {
    agent.pass_time(1'000);
    docker.exit(container(name).id, code);
    agent.settle(docker);
  }
};

WorkloadSpec with_readiness() {
  WorkloadSpec spec = simple_spec();
  spec.readiness = Probe{.tcp = "127.0.0.1:80"};
  return spec;
}

WorkloadSpec one_shot() {
  WorkloadSpec spec = simple_spec();
  spec.restart.policy = RestartPolicy::on_failure;
  return spec;
}

}  // namespace

TEST_CASE("a workload that needs a healthy dependency starts when that is ready, and says so meanwhile") {
  Pair pair(DependencyNeed::healthy, with_readiness());
  pair.docker.unready.insert("db");
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("db") == 1);
  CHECK(pair.starts("web") == 0);
  CHECK(pair.agent.finding("web").reason == "It waits for db to be healthy.");
  pair.docker.unready.clear();
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("web") == 1);
}

TEST_CASE("without probes healthy means running, or what the image's HEALTHCHECK says") {
  Pair pair(DependencyNeed::healthy);
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("web") == 1);
  for (const auto& [word, starts] : {std::pair("starting", 1), std::pair("unhealthy", 1), std::pair("healthy", 2)}) {
    Pair checked(DependencyNeed::healthy);
    checked.agent.settle(checked.docker);
    checked.docker.containers.at(checked.container("db").id).health = word;
    checked.crash("web");
    CHECK(checked.starts("web") == starts);
  }
}

TEST_CASE("a workload that needs a completed dependency starts after that has ended with exit code 0") {
  Pair pair(DependencyNeed::completed, one_shot());
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("db") == 1);
  CHECK(pair.starts("web") == 0);
  CHECK(pair.agent.finding("web").reason == "It waits for db to end with exit code 0.");
  pair.crash("db", 1);
  CHECK(pair.starts("db") == 2);
  CHECK(pair.starts("web") == 0);
  pair.crash("db", 0);
  CHECK(pair.starts("db") == 2);
  CHECK(pair.starts("web") == 1);
  CHECK(pair.agent.finding("db").as_intended);
  pair.crash("web");
  CHECK(pair.starts("web") == 2);
}

TEST_CASE("what completed for an earlier spec has to complete again") {
  Pair pair(DependencyNeed::completed, one_shot());
  pair.agent.settle(pair.docker);
  pair.crash("db", 0);
  WorkloadSpec changed = one_shot();
  changed.env["RELEASE"] = "2";
  pair.agent.declare("db", changed);
  pair.docker.exit(pair.container("web").id, 1);
  pair.agent.settle(pair.docker);
  CHECK(pair.agent.finding("web").reason == "It waits for db to end with exit code 0.");
  pair.crash("db", 0);
  CHECK(pair.agent.finding("web").word == WorkloadWord::running);
}

TEST_CASE("a dependency's restart does not bounce a dependant that did not ask for it") {
  Pair pair(DependencyNeed::started);
  pair.agent.settle(pair.docker);
  pair.crash("db");
  CHECK(pair.starts("db") == 2);
  CHECK(pair.starts("web") == 1);
}

TEST_CASE("a dependant that asks is restarted once, when its dependency is there again, and the reason names it") {
  Pair pair(DependencyNeed::healthy, with_readiness(), OnDependencyRestart::restart);
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("web") == 1);
  pair.docker.unready.insert("db");
  pair.crash("db");
  CHECK(pair.starts("db") == 2);
  CHECK(pair.starts("web") == 1);
  CHECK(pair.container("web").phase == Phase::running);
  pair.docker.unready.clear();
  pair.agent.pass_time(1'000);
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("web") == 2);
  const auto& exit = pair.agent.state.workloads.at("web").last_exit;
  REQUIRE(exit);
  CHECK(exit->cause == Cause::dependency);
  CHECK(exit->why.find("a dependency was restarted: db") != std::string::npos);
  CHECK(pair.agent.state.workloads.at("web").restarts.empty());
  pair.agent.pass_time(60'000);
  pair.agent.settle(pair.docker);
  CHECK(pair.starts("web") == 2);
}

TEST_CASE("a restart of the node restarts each workload once, also where a dependant asks for its dependency's") {
  Pair pair(DependencyNeed::started, simple_spec(), OnDependencyRestart::restart);
  pair.agent.settle(pair.docker);
  pair.agent.pass_time(1'000);
  pair.agent.deliver(command("c1", Verb::restart, "node", 1));
  for (int i = 0; i < 5; ++i) {
    pair.agent.settle(pair.docker);
    pair.agent.pass_time(1'000);
  }
  CHECK(pair.starts("db") == 2);
  CHECK(pair.starts("web") == 2);
  CHECK(pair.agent.outcome("c1")->kind == protocol::OutcomeKind::succeeded);
}

TEST_CASE("a circle of dependencies that slipped into force starts nothing of it and ends every pass") {
  ModelDocker docker;
  ModelAgent agent;
  docker.images = {"web:1"};
  for (const auto& [name, other] : {std::pair("a", "b"), std::pair("b", "a")}) {
    WorkloadSpec spec = simple_spec();
    spec.depends_on[other] = DependencyNeed::healthy;
    spec.on_dependency_restart = OnDependencyRestart::restart;
    agent.declare(name, spec);
  }
  agent.settle(docker);
  CHECK(docker.running().empty());
}
