#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;

namespace {

struct Crew {
  ModelDocker docker;
  ModelAgent agent;
  Crew() {
    docker.images = {"web:1"};
    agent.declare("db", simple_spec());
    WorkloadSpec web = simple_spec();
    web.depends_on["db"] = DependencyNeed::started;
    agent.declare("web", web);
    agent.settle(docker);
  }
  std::string id(const std::string& name) const { return agent.state.workloads.at(name).containers.back().id; }
  OutcomeKind kind(const std::string& command_id) const {
    const auto* outcome = agent.outcome(command_id);
    REQUIRE(outcome != nullptr);
    return outcome->kind;
  }
};

}  // namespace

TEST_CASE("stop is finished when nothing runs and its outcome holds the exit of each") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "node", 1));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.running().empty());
  const auto& evidence = crew.agent.outcome("c1")->evidence;
  REQUIRE(evidence.size() == 2);
  CHECK(evidence[0].exit_code == 143);
  CHECK(evidence[0].signal == "SIGTERM");
  CHECK(evidence[0].duration_ms.has_value());
}

TEST_CASE("dependants stop before what they depend on") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "node", 1));
  crew.agent.think(crew.docker);
  REQUIRE(crew.agent.plan.actions.size() == 1);
  CHECK(workload_of(crew.agent.plan.actions[0]) == "web");
}

TEST_CASE("restart is stop, then start, and is done when another instance runs") {
  Crew crew;
  const Instance before = crew.docker.containers.at(crew.id("db")).instance();
  crew.agent.deliver(command("c1", Verb::restart, "workload:db", 1));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK_FALSE(crew.docker.containers.at(crew.id("db")).instance() == before);
  CHECK(crew.docker.starts.at(crew.id("db")) == 2);
  CHECK(crew.docker.starts.at(crew.id("web")) == 1);
}

TEST_CASE("restarting the node gives every workload a new instance in the order of dependencies") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::restart, "node", 1));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.starts.at(crew.id("db")) == 2);
  CHECK(crew.docker.starts.at(crew.id("web")) == 2);
  CHECK(crew.docker.containers.at(crew.id("db")).started_at < crew.docker.containers.at(crew.id("web")).started_at);
}

TEST_CASE("a restart that the agent does not live to see is done exactly once") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  crew.agent.think(crew.docker);
  crew.docker.stop(crew.id("web"));  // the call went out, the agent died before it returned
  crew.agent.die_and_return();
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.starts.at(crew.id("web")) == 2);
}

TEST_CASE("a stop that an earlier life of the agent sent is resumed with the rest of its grace") {
  Crew crew;
  auto stop = command("c1", Verb::stop, "workload:web", 1);
  stop.args.grace_s = 30;
  crew.agent.deliver(stop);
  crew.agent.think(crew.docker);
  crew.agent.die_and_return();
  crew.agent.pass_time(10'000);
  crew.agent.think(crew.docker);
  REQUIRE(crew.agent.plan.actions.size() == 1);
  const auto& action = std::get<action::Stop>(crew.agent.plan.actions[0]);
  CHECK(action.resume);
  CHECK(action.grace_s == 20);
}

TEST_CASE("a stop that was overtaken by a start long ago lends its grace to no later stop") {
  Crew crew;
  auto first = command("c1", Verb::stop, "workload:web", 1);
  first.args.grace_s = 30;
  crew.agent.deliver(first);
  crew.agent.think(crew.docker);  // recorded; Docker was never reached
  crew.agent.deliver(command("c2", Verb::start, "workload:web", 2));
  crew.agent.pass_time(3'600'000);
  crew.agent.think(crew.docker);
  auto second = command("c3", Verb::stop, "workload:web", 3);
  second.args.grace_s = 60;
  crew.agent.deliver(second);
  crew.agent.think(crew.docker);
  REQUIRE(crew.agent.plan.actions.size() == 1);
  const auto& stop = std::get<action::Stop>(crew.agent.plan.actions[0]);
  // Whether the first was sent is asked of Docker; what is left of its grace counts for nothing.
  CHECK(stop.resume);
  CHECK(stop.grace_s == 60);
}

TEST_CASE("a crash long after an overtaken stop is a crash") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  crew.agent.think(crew.docker);
  crew.agent.deliver(command("c2", Verb::start, "workload:web", 2));
  crew.agent.pass_time(3'600'000);
  crew.docker.exit(crew.id("web"), 1);
  crew.agent.settle(crew.docker);
  CHECK(crew.agent.state.workloads.at("web").last_exit->cause == Cause::crashed);
  CHECK(crew.agent.state.workloads.at("web").restarts.size() == 1);
}

TEST_CASE("a restart of a held workload waits for the hold") {
  Crew crew;
  auto hold = command("h1", Verb::hold, "workload:web");
  hold.args.for_s = 60;
  crew.agent.deliver(hold, Origin::local_admin);
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  crew.agent.settle(crew.docker);
  CHECK(crew.agent.outcome("c1") == nullptr);
  crew.agent.pass_time(60'000);
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.starts.at(crew.id("web")) == 2);
}

TEST_CASE("a restart of a held workload is not done because Docker does not say how its container is") {
  Crew crew;
  auto hold = command("h1", Verb::hold, "workload:web");
  hold.args.for_s = 60;
  crew.agent.deliver(hold, Origin::local_admin);
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  crew.docker.containers.at(crew.id("web")).phase = Phase::unknown;
  crew.agent.settle(crew.docker);
  CHECK(crew.agent.outcome("c1") == nullptr);
}

TEST_CASE("a run that Docker told of only after the restart was accepted must go, too") {
  Crew crew;
  crew.docker.exit(crew.id("web"), 1);
  crew.agent.settle(crew.docker, 1);  // the start is recorded and sent; nobody has seen it run
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  CHECK(crew.agent.state.open.at("c1").must_go.empty());
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.starts.at(crew.id("web")) == 3);
}

TEST_CASE("after the agent's death another order does not send a second stop") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  crew.agent.think(crew.docker);
  CHECK_FALSE(std::get<action::Stop>(crew.agent.plan.actions.at(0)).resume);
  crew.agent.die_and_return();
  crew.agent.deliver(command("c2", Verb::suspend, "node", 2));
  crew.agent.think(crew.docker);
  bool found = false;
  for (const Action& each : crew.agent.plan.actions) {
    const auto* stop = std::get_if<action::Stop>(&each);
    if (stop == nullptr || stop->workload != "web") continue;
    found = true;
    CHECK(stop->resume);
  }
  CHECK(found);
}

TEST_CASE("a stop takes as long as the grace of all that it stops") {
  Crew crew;
  WorkloadSpec slow = simple_spec();
  slow.stop.grace_s = 1800;
  crew.agent.declare("slow", slow);
  crew.agent.settle(crew.docker);
  crew.agent.deliver(command("c1", Verb::stop, "workload:slow", 1));
  crew.agent.think(crew.docker);
  crew.agent.in_flight.workloads.insert("slow");
  crew.agent.pass_time(1'750'000);
  crew.agent.think(crew.docker);
  CHECK(crew.agent.outcome("c1") == nullptr);
}

TEST_CASE("a reload and a cancel that the agent did not live to finish end truthfully") {
  Crew crew;
  crew.agent.deliver(command("r1", Verb::reload), Origin::local_root);
  crew.agent.die_and_return();
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("r1") == OutcomeKind::failed);
  crew.docker.reachable = false;
  crew.agent.deliver(command("p1", Verb::pull, "image:other:1"));
  auto cancel = command("x1", Verb::cancel, "command:p1");
  crew.agent.deliver(cancel);
  protocol::Outcome ended{.command_id = "p1", .verb = Verb::pull, .kind = OutcomeKind::cancelled};
  crew.agent.record(record::Settled{"p1", ended});
  crew.agent.die_and_return();
  crew.docker.reachable = true;
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("x1") == OutcomeKind::succeeded);
}

TEST_CASE("no hold is taken while the node is suspended") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::suspend, "node", 1));
  auto hold = command("h1", Verb::hold);
  hold.args.for_s = 60;
  CHECK(crew.agent.deliver(hold, Origin::local_root).code == "suspended");
}

TEST_CASE("a newer stop with less time hastens the one under way") {
  Crew crew;
  auto slow = command("c1", Verb::stop, "workload:web", 1);
  slow.args.grace_s = 600;
  crew.agent.deliver(slow);
  crew.agent.think(crew.docker);
  crew.agent.in_flight.workloads.insert("web");
  crew.agent.pass_time(5'000);
  auto quick = command("c2", Verb::stop, "workload:web", 2);
  quick.args.grace_s = 0;
  crew.agent.deliver(quick);
  crew.agent.think(crew.docker);
  REQUIRE(crew.agent.plan.actions.size() == 1);
  CHECK(std::get<action::Hasten>(crew.agent.plan.actions[0]).grace_s == 0);
  crew.agent.pass_time(1);
  crew.agent.think(crew.docker);
  CHECK(crew.agent.plan.actions.empty());
}

TEST_CASE("a start that overtakes a stop is done when the stop under way can end nothing any more") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  crew.agent.think(crew.docker);
  crew.agent.in_flight.workloads.insert("web");
  crew.agent.deliver(command("c2", Verb::start, "workload:web", 2));
  crew.agent.think(crew.docker);
  CHECK(crew.agent.outcome("c2") == nullptr);
  crew.docker.exit(crew.id("web"), 143);
  crew.agent.in_flight.workloads.clear();
  crew.agent.settle(crew.docker);
  CHECK((crew.kind("c2") == OutcomeKind::succeeded && crew.docker.running().size() == 2));
}

TEST_CASE("suspend stops all, survives reboot and agent restart, and resume starts what was running") {
  Crew crew;
  crew.agent.deliver(command("c0", Verb::stop, "workload:web", 1));
  crew.agent.deliver(command("c1", Verb::suspend, "node", 2));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  crew.agent.reboot(crew.docker);
  crew.agent.settle(crew.docker);
  CHECK(crew.docker.running().empty());
  crew.agent.deliver(command("c2", Verb::resume, "node", 3));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c2") == OutcomeKind::succeeded);
  CHECK(crew.docker.running().size() == 1);
}

TEST_CASE("a start that cannot come true fails and names why") {
  Crew crew;
  crew.agent.declare("job", simple_spec("missing:1"));
  crew.agent.deliver(command("c1", Verb::start, "workload:job", 1));
  for (int i = 0; i < 5; ++i) {
    crew.agent.settle(crew.docker);
    crew.agent.pass_time(5'000);
  }
  CHECK(crew.kind("c1") == OutcomeKind::failed);
  CHECK(crew.agent.outcome("c1")->code == "image_unavailable");
}

TEST_CASE("a workload that Docker cannot stop fails the stop as stuck and blocks no other") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  crew.agent.think(crew.docker);
  crew.agent.record(record::StuckMet{"web", "Docker could not stop it within 40 s.", 60'000});
  crew.agent.think(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::failed);
  CHECK(crew.agent.outcome("c1")->code == "stuck");
  CHECK(crew.agent.finding("web").word == protocol::WorkloadWord::stuck);
  CHECK(crew.agent.finding("db").as_intended);
}

TEST_CASE("a command that has not begun can be cancelled") {
  Crew crew;
  crew.docker.reachable = false;
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  crew.agent.deliver(command("c2", Verb::cancel, "command:c1"));
  crew.agent.think(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::cancelled);
  CHECK(crew.kind("c2") == OutcomeKind::succeeded);
}

TEST_CASE("a restart queued while Docker was away expires instead of firing late") {
  Crew crew;
  crew.docker.reachable = false;
  auto restart = command("c1", Verb::restart, "workload:web", 1);
  restart.expires_in_s = 60;
  crew.agent.deliver(restart);
  crew.agent.think(crew.docker);
  crew.agent.pass_time(61'000);
  crew.docker.reachable = true;
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::expired);
  CHECK(crew.docker.starts.at(crew.id("web")) == 1);
}

TEST_CASE("a pull is done when the image is here and fails when the registry says no") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::pull, "image:new:1"));
  crew.agent.deliver(command("c2", Verb::pull, "image:missing:1"));
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.kind("c2") == OutcomeKind::failed);
}

TEST_CASE("a restart that never began leaves a stopped workload stopped") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  crew.agent.settle(crew.docker);
  crew.docker.reachable = false;
  auto restart = command("c2", Verb::restart, "workload:web", 2);
  restart.expires_in_s = 60;
  crew.agent.deliver(restart);
  crew.agent.think(crew.docker);
  crew.agent.pass_time(61'000);
  crew.docker.reachable = true;
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c2") == OutcomeKind::expired);
  CHECK(crew.docker.starts.at(crew.id("web")) == 1);
  CHECK(crew.agent.finding("web").word == protocol::WorkloadWord::stopped);
}

TEST_CASE("a level that is older than an open workload command does not supersede it") {
  Crew crew;
  crew.docker.reachable = false;
  crew.agent.deliver(command("old", Verb::restart, "workload:db", 3));
  crew.agent.deliver(command("new", Verb::stop, "workload:web", 12));
  protocol::Wanted wanted;
  wanted.generation = 11;
  crew.agent.record(accept_wanted(crew.agent.state, wanted, crew.agent.now)->body);
  CHECK(crew.kind("old") == OutcomeKind::superseded);
  CHECK(crew.agent.outcome("new") == nullptr);
  crew.docker.reachable = true;
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("new") == OutcomeKind::succeeded);
}

TEST_CASE("a node command that comes late supersedes what was decided before it, not what was decided after") {
  Crew crew;
  crew.docker.reachable = false;
  crew.agent.deliver(command("before", Verb::restart, "workload:db", 4));
  crew.agent.deliver(command("after", Verb::start, "workload:web", 6));
  crew.agent.deliver(command("node", Verb::stop, "node", 5));
  CHECK(crew.kind("before") == OutcomeKind::superseded);
  CHECK(crew.agent.outcome("after") == nullptr);
  crew.docker.reachable = true;
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("after") == OutcomeKind::failed);
  CHECK(crew.agent.outcome("after")->code == "node_stopped");
}

TEST_CASE("a local decision supersedes by arrival whatever generation the older one has") {
  Crew crew;
  crew.docker.reachable = false;
  crew.agent.deliver(command("c1", Verb::start, "workload:web", 9));
  crew.agent.deliver(command("l1", Verb::stop, "workload:web"), Origin::local_root);
  CHECK(crew.kind("c1") == OutcomeKind::superseded);
}

TEST_CASE("a restart that a reboot interrupts is not done while the node waits for the control plane's word") {
  Crew crew;
  crew.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  crew.agent.think(crew.docker);
  crew.agent.reboot(crew.docker);
  crew.agent.state.node.boot_wait_until = crew.agent.now.boot_ms + boot_wait_ms;
  crew.agent.settle(crew.docker);
  CHECK(crew.agent.outcome("c1") == nullptr);
  CHECK(crew.docker.running().empty());
  crew.agent.pass_time(boot_wait_ms);
  crew.agent.settle(crew.docker);
  CHECK(crew.kind("c1") == OutcomeKind::succeeded);
  CHECK(crew.docker.running().size() == 2);
}
