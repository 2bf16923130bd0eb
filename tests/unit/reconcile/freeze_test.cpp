#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace {

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;
using protocol::WorkloadWord;

struct Crew {
  ModelDocker docker;
  ModelAgent agent;
  Crew() {
    docker.images = {"web:1"};
    agent.declare("db", simple_spec());
    agent.declare("web", simple_spec());
    agent.settle(docker);
    agent.record(record::EngineFacts{.live_restore = true});
  }
  std::string id(const std::string& name) const { return agent.state.workloads.at(name).containers.back().id; }
  Phase phase(const std::string& name) const { return docker.containers.at(id(name)).phase; }
  OutcomeKind kind(const std::string& command_id) const {
    const auto* outcome = agent.outcome(command_id);
    REQUIRE(outcome != nullptr);
    return outcome->kind;
  }
  void freeze(const std::string& command_id, std::uint64_t generation) {
    auto order = command(command_id, Verb::suspend, "node", generation, "payment failed");
    order.args.mode = "freeze";
    agent.deliver(order);
    agent.settle(docker);
  }
  void obey(const std::string& command_id, Verb verb, std::uint64_t generation, const std::string& target = "node") {
    agent.deliver(command(command_id, verb, target, generation));
    agent.settle(docker);
  }
};

}  // namespace

TEST_CASE("suspend with mode freeze pauses every container and stops none; resume lets them run on") {
  Crew crew;
  crew.freeze("c1", 1);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.phase("web") == Phase::paused);
  CHECK(crew.phase("db") == Phase::paused);
  CHECK(crew.agent.finding("web").word == WorkloadWord::frozen);
  CHECK(crew.agent.finding("web").as_intended);
  CHECK(crew.agent.plan.probed.empty());
  crew.obey("c2", Verb::resume, 2);
  CHECK(crew.kind("c2") == OutcomeKind::succeeded);
  CHECK(crew.phase("web") == Phase::running);
  CHECK(crew.docker.starts.at(crew.id("web")) == 1);
  CHECK(crew.agent.events("workload_exited") == 0);
  CHECK(crew.agent.events("workload_thawed") == 2);
}

TEST_CASE("freezing is refused where Docker would stop what is frozen when it restarts") {
  Crew crew;
  crew.agent.record(record::EngineFacts{.live_restore = false});
  auto order = command("c1", Verb::suspend, "node", 1, "payment failed");
  order.args.mode = "freeze";
  CHECK(crew.agent.deliver(order).code == "freeze_unavailable");
  crew.agent.settle(crew.docker);
  CHECK(crew.phase("web") == Phase::running);
}

TEST_CASE("a freeze that the agent does not live to see is done exactly once") {
  Crew crew;
  auto order = command("c1", Verb::suspend, "node", 1, "payment failed");
  order.args.mode = "freeze";
  crew.agent.deliver(order);
  crew.agent.think(crew.docker);
  crew.agent.die_and_return();
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.phase("web") == Phase::paused);
  crew.agent.die_and_return();
  crew.agent.settle(crew.docker);
  CHECK(crew.agent.events("workload_frozen") == 2);
}

TEST_CASE("a reboot while frozen ends in suspended with the containers stopped, and says so") {
  Crew crew;
  crew.freeze("c1", 1);
  crew.agent.reboot(crew.docker);
  crew.agent.settle(crew.docker);
  CHECK(crew.phase("web") == Phase::exited);
  CHECK(crew.docker.running().empty());
  CHECK(crew.agent.events("freeze_lost") == 2);
  CHECK(crew.agent.finding("web").word == WorkloadWord::stopped);
  crew.obey("c2", Verb::resume, 2);
  CHECK(crew.phase("web") == Phase::running);
}

TEST_CASE("a frozen workload can be stopped, and a suspension by stopping takes the place of one by freezing") {
  Crew crew;
  crew.freeze("c1", 1);
  crew.obey("c2", Verb::stop, 2, "workload:web");
  CHECK(crew.kind("c2") == OutcomeKind::succeeded);
  CHECK(crew.phase("web") == Phase::exited);
  CHECK(crew.phase("db") == Phase::paused);
  crew.obey("c3", Verb::suspend, 3);
  CHECK(crew.kind("c3") == OutcomeKind::succeeded);
  CHECK(crew.phase("db") == Phase::exited);
  CHECK(crew.agent.events("freeze_lost") == 0);
}

TEST_CASE("a stop does not wait for a dependant that is frozen") {
  Crew crew;
  WorkloadSpec front = simple_spec();
  front.depends_on["db"] = DependencyNeed::started;
  crew.agent.declare("front", front);
  crew.agent.settle(crew.docker);
  crew.freeze("c1", 1);
  crew.obey("c2", Verb::stop, 2, "workload:db");
  CHECK(crew.kind("c2") == OutcomeKind::succeeded);
  CHECK(crew.phase("db") == Phase::exited);
  CHECK(crew.phase("front") == Phase::paused);
}

TEST_CASE("what a human paused is not thawed by the agent") {
  Crew crew;
  crew.docker.containers.at(crew.id("web")).phase = Phase::paused;
  crew.agent.settle(crew.docker);
  CHECK(crew.phase("web") == Phase::paused);
  CHECK(crew.agent.finding("web").word == WorkloadWord::frozen);
  CHECK_FALSE(crew.agent.finding("web").as_intended);
}

TEST_CASE("a wanted level that freezes is reached by stopping where freezing is not possible") {
  Crew crew;
  crew.agent.record(record::EngineFacts{.live_restore = false});
  protocol::Wanted wanted{.suspended = true, .mode = "freeze", .reason = "payment failed", .generation = 5};
  const auto taken = accept_wanted(crew.agent.state, wanted, crew.agent.now);
  REQUIRE(taken);
  crew.agent.record(taken->body);
  crew.agent.settle(crew.docker);
  CHECK(crew.phase("web") == Phase::exited);
}

TEST_CASE("what a lost ledger had frozen runs on once the node may run: nobody else would ever thaw it") {
  Crew crew;
  crew.freeze("c1", 1);
  REQUIRE(crew.phase("web") == Phase::paused);
  const std::string web = crew.id("web");
  ModelAgent fresh;
  for (const char* name : {"db", "web"}) fresh.declare(name, simple_spec());
  fresh.settle(crew.docker);
  CHECK(crew.docker.containers.at(web).phase == Phase::running);
  CHECK(crew.docker.starts.at(web) == 1);
  CHECK(fresh.finding("web").word == WorkloadWord::running);
}
