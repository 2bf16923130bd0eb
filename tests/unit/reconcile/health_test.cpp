#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

constexpr int grace_s = 60;

WorkloadSpec probed(std::optional<Probe> WorkloadSpec::*which) {
  WorkloadSpec spec = simple_spec();
  Probe probe{.http = "http://127.0.0.1:80/"};
  probe.start_grace_s = grace_s;
  spec.*which = probe;
  return spec;
}

struct Scene {
  ModelDocker docker;
  ModelAgent agent;

  explicit Scene(const WorkloadSpec& spec) {
    docker.images = {"web:1"};
    agent.declare("web", spec);
    agent.settle(docker);
  }
  const Workload& web() const { return agent.state.workloads.at("web"); }
  int starts() const { return docker.starts.at(web().containers.back().id); }
  const Finding& finding() const { return agent.finding("web"); }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a failing liveness probe restarts the workload, and the reason names the probe's answer") {
  Scene scene(probed(&WorkloadSpec::liveness));
  CHECK(scene.finding().word == WorkloadWord::running);
  CHECK(scene.finding().health == "healthy");
  scene.docker.failing.insert("web");
  scene.agent.think(scene.docker);
  CHECK(scene.finding().word == WorkloadWord::stopping);
  CHECK(contains(scene.finding().reason, "answered 503"));
  REQUIRE(scene.agent.plan.actions.size() == 1);
  scene.agent.perform(scene.docker, scene.agent.plan.actions.front());
  scene.docker.failing.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.finding().word == WorkloadWord::running);
  REQUIRE(scene.web().last_exit);
  CHECK(scene.web().last_exit->cause == Cause::probe);
  CHECK(contains(scene.web().last_exit->why, "a probe failed: the probe answered 503"));
  CHECK(scene.web().restarts.size() == 1);
  CHECK(scene.web().restarts_total == 1);
}

TEST_CASE("restarts by a probe back off and become a crash loop like any other") {
  WorkloadSpec spec = probed(&WorkloadSpec::liveness);
  spec.restart.give_up_restarts = 3;
  Scene scene(spec);
  scene.docker.failing.insert("web");
  for (int i = 0; i < 4; ++i) {
    scene.agent.settle(scene.docker);
    scene.agent.pass_time(2'000);
  }
  CHECK(scene.web().crash_loop);
  CHECK(scene.agent.events("workload_crash_loop") >= 1);
}

TEST_CASE("policy never leaves what a probe stopped; on_failure restarts it although it stopped cleanly") {
  for (const RestartPolicy policy : {RestartPolicy::never, RestartPolicy::on_failure}) {
    WorkloadSpec spec = probed(&WorkloadSpec::liveness);
    spec.restart.policy = policy;
    spec.restart.never_on_exit = {143};
    Scene scene(spec);
    scene.docker.failing.insert("web");
    scene.agent.think(scene.docker);
    for (const Action& action : std::vector<Action>(scene.agent.plan.actions))
      scene.agent.perform(scene.docker, action);
    scene.docker.failing.clear();
    scene.agent.settle(scene.docker);
    CHECK(scene.starts() == (policy == RestartPolicy::never ? 1 : 2));
    CHECK(scene.web().never_again == (policy == RestartPolicy::never));
  }
}

TEST_CASE("readiness never restarts: starting within the grace, unhealthy after it, running when it passes") {
  Scene scene(probed(&WorkloadSpec::readiness));
  scene.docker.exit(scene.web().containers.back().id, 1);
  scene.docker.unready.insert("web");
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.finding().word == WorkloadWord::starting);
  CHECK(scene.finding().health == "starting");
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at <= scene.agent.now.boot_ms + grace_s * 1000);
  scene.agent.pass_time(grace_s * 1000);
  scene.agent.settle(scene.docker);
  CHECK(scene.finding().word == WorkloadWord::unhealthy);
  CHECK_FALSE(scene.finding().as_intended);
  CHECK(contains(scene.finding().reason, "answered 503"));
  scene.agent.pass_time(3'600'000);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.finding().word == WorkloadWord::running);
}

TEST_CASE("a start ends when the workload is ready, and fails when its start grace is over") {
  Scene scene(probed(&WorkloadSpec::readiness));
  scene.docker.unready.insert("web");
  scene.agent.deliver(command("c1", Verb::restart, "workload:web", 1));
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.agent.outcome("c1") == nullptr);
  scene.docker.unready.clear();
  scene.agent.settle(scene.docker);
  REQUIRE(scene.agent.outcome("c1"));
  CHECK(scene.agent.outcome("c1")->kind == OutcomeKind::succeeded);

  scene.docker.unready.insert("web");
  scene.agent.deliver(command("c2", Verb::restart, "workload:web", 2));
  scene.agent.settle(scene.docker);
  scene.agent.pass_time(grace_s * 1000 - 1);
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.outcome("c2") == nullptr);
  scene.agent.pass_time(2);
  scene.agent.settle(scene.docker);
  REQUIRE(scene.agent.outcome("c2"));
  CHECK(scene.agent.outcome("c2")->kind == OutcomeKind::failed);
  CHECK(scene.agent.outcome("c2")->code == "unhealthy");
}

TEST_CASE("what a probe said of an earlier run says nothing of this one") {
  Scene scene(probed(&WorkloadSpec::liveness));
  Observed observed = scene.docker.observe();
  observed.health["web"] = {{scene.web().containers.back().id, "an earlier start"}, true, true, false, "dead"};
  const Plan plan = reconcile::reconcile(scene.agent.state, observed, {}, scene.agent.now);
  CHECK(plan.facts.empty());
  CHECK(plan.actions.empty());
  CHECK(plan.findings.at("web").word == WorkloadWord::starting);
}

TEST_CASE("a stop that a probe decided is carried through by the next agent, though nothing is asked yet") {
  Scene scene(probed(&WorkloadSpec::liveness));
  scene.docker.failing.insert("web");
  scene.agent.think(scene.docker);
  scene.agent.die_and_return();
  scene.docker.failing.clear();
  scene.agent.think(scene.docker);
  CHECK(scene.finding().word == WorkloadWord::stopping);
  REQUIRE(scene.agent.plan.actions.size() == 1);
  CHECK(std::holds_alternative<action::Stop>(scene.agent.plan.actions.front()));
}

TEST_CASE("an agent that comes back takes as healthy what ran for longer than its grace, until probes say otherwise") {
  Scene scene(probed(&WorkloadSpec::readiness));
  const auto look = [&] {
    Observed observed = scene.docker.observe();
    observed.health.clear();
    return reconcile::reconcile(scene.agent.state, observed, {}, scene.agent.now);
  };
  CHECK(look().findings.at("web").word == WorkloadWord::starting);
  CHECK_FALSE(look().probed.at("web").assumed);
  scene.agent.pass_time(grace_s * 1000 + 1);
  CHECK(look().findings.at("web").word == WorkloadWord::running);
  CHECK(look().probed.at("web").assumed);
}

TEST_CASE("probes stand still while a workload is held, paused or stopped") {
  Scene scene(probed(&WorkloadSpec::liveness));
  CHECK(scene.agent.plan.probed.contains("web"));
  const std::string id = scene.web().containers.back().id;
  scene.docker.containers.at(id).phase = Phase::paused;
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.plan.probed.empty());
  scene.docker.containers.at(id).phase = Phase::running;
  protocol::Command hold = command("h1", Verb::hold, "workload:web");
  hold.args.for_s = 60;
  scene.agent.deliver(hold, Origin::local_root);
  scene.docker.failing.insert("web");
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.plan.probed.empty());
  CHECK(scene.starts() == 1);
  scene.docker.failing.clear();
  scene.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  scene.agent.deliver(command("r1", Verb::release, "workload:web"), Origin::local_root);
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.plan.probed.empty());
}

TEST_CASE("without probes the image's own HEALTHCHECK is shown and nothing acts on it") {
  Scene scene(simple_spec());
  scene.docker.containers.at(scene.web().containers.back().id).health = "unhealthy";
  scene.agent.settle(scene.docker);
  CHECK(scene.finding().word == WorkloadWord::running);
  CHECK(scene.finding().health == "unhealthy");
  CHECK(scene.starts() == 1);
}
