// The memory policy: a warning with hysteresis, then a planned restart, at most once in six hours and inside the
// budget.
#include "agent/reconcile/runs.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t hour_ms = 3'600'000;

struct Scene {
  ModelDocker docker;
  ModelAgent agent;
  std::string id;

  explicit Scene(WorkloadSpec spec = simple_spec()) {
    docker.images = {"web:1"};
    spec.resources.memory_bytes = 100 * mib;
    spec.memory = MemoryPolicy{};
    agent.declare("web", spec);
    agent.settle(docker);
    id = docker.running().at(0);
  }
  void uses(std::int64_t percent) {
    docker.memory["web"] = percent * mib;
    agent.settle(docker);
  }
  int starts() const { return docker.starts.at(id); }
  const Workload& web() const { return agent.state.workloads.at("web"); }
};

}  // namespace

TEST_CASE("a workload that comes near its limit is warned of once, until it is well below it again") {
  Scene scene;
  scene.uses(74);
  CHECK(scene.agent.events("memory_high") == 0);
  scene.uses(75);
  CHECK(scene.agent.events("memory_high") == 1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  CHECK(scene.agent.finding("web").as_intended);
  CHECK(scene.agent.finding("web").reason == "It has come near its memory limit.");
  for (const int percent : {72, 76, 70, 80}) scene.uses(percent);
  CHECK(scene.agent.events("memory_high") == 1);
  CHECK(scene.agent.events("memory_eased") == 0);
  scene.uses(69);
  CHECK(scene.agent.events("memory_eased") == 1);
  CHECK(scene.agent.finding("web").reason.empty());
  scene.uses(75);
  CHECK(scene.agent.events("memory_high") == 2);
  CHECK(scene.starts() == 1);
}

TEST_CASE("near the kernel's kill it is restarted by plan, and why says so") {
  Scene scene;
  scene.docker.memory["web"] = 91 * mib;
  scene.agent.think(scene.docker);
  REQUIRE(scene.agent.plan.actions.size() == 1);
  CHECK(std::holds_alternative<action::Stop>(scene.agent.plan.actions.front()));
  scene.agent.perform(scene.docker, scene.agent.plan.actions.front());
  scene.docker.memory.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.web().last_exit->cause == Cause::memory);
  const auto runs = tell_why(scene.agent.state, "web").runs;
  CHECK(runs.at(1).ended_why.find("it used 91 % of its limit of 100.0 MiB") != std::string::npos);
  CHECK(runs.at(0).began_why == "after a planned restart for its memory");
  CHECK(scene.web().restarts.size() == 1);
}

TEST_CASE("a planned restart that was decided is carried through, whatever the next look says") {
  Scene scene;
  scene.docker.memory["web"] = 95 * mib;
  scene.agent.think(scene.docker);
  scene.agent.die_and_return();
  scene.docker.memory.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
}

TEST_CASE("a planned restart that is overtaken before it is sent costs nothing, and an own exit code counts as such") {
  WorkloadSpec spec = simple_spec();
  spec.stop.hook = StopHook{.exec = {"ready"}};
  spec.restart.never_on_exit = {78};
  Scene scene(spec);
  record::HookAnswered busy;
  busy.busy = true;
  busy.again_in_ms = 3'000;
  scene.docker.hooks["web"] = busy;
  scene.uses(95);
  REQUIRE(scene.docker.asked.size() == 1);
  CHECK_FALSE(scene.web().memory_restart_at);
  scene.docker.exit(scene.id, 78);
  scene.docker.memory.clear();
  scene.agent.settle(scene.docker);
  CHECK(scene.web().never_again);
  CHECK(scene.starts() == 1);
}

TEST_CASE("within six hours of a planned restart there is no other, over a boot of the host, too") {
  Scene scene;
  scene.uses(95);
  CHECK(scene.starts() == 2);
  CHECK(scene.agent.events("memory_high") == 2);  // of each run
  SECTION("a long run") { scene.agent.pass_time(6 * hour_ms - 1'000); }
  SECTION("a reboot") {
    scene.agent.pass_time(5 * hour_ms);
    scene.agent.record(record::AgentStopped{});
    scene.agent.reboot(scene.docker);
    scene.agent.settle(scene.docker);
    CHECK(scene.starts() == 3);
    scene.docker.starts[scene.id] = 2;
    scene.agent.pass_time(hour_ms - 1'000);
  }
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at <= scene.agent.now.boot_ms + 1'000);
  scene.agent.pass_time(1'000);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 3);
}

TEST_CASE("a planned restart never makes the crash loop, nor stops what is not restarted") {
  WorkloadSpec spec = simple_spec();
  SECTION("the budget is used up") {
    spec.restart.give_up_restarts = 2;
    Scene scene(spec);
    scene.docker.exit(scene.id, 1);
    scene.agent.settle(scene.docker);
    REQUIRE(scene.starts() == 2);
    scene.uses(95);
    CHECK(scene.starts() == 2);
    CHECK(scene.agent.events("memory_high") == 1);
  }
  SECTION("policy never") {
    spec.restart.policy = RestartPolicy::never;
    Scene scene(spec);
    scene.uses(95);
    CHECK(scene.starts() == 1);
  }
}

TEST_CASE("figures of an earlier run say nothing of this one") {
  Scene scene;
  Observed observed = scene.docker.observe();
  Instance before = observed.containers->at(0).instance();
  before.started_at = "2001-01-01T00:00:00Z";
  observed.memory["web"] = {before, 99 * mib};
  const Plan plan = reconcile::reconcile(scene.agent.state, observed, {}, scene.agent.now);
  CHECK(plan.facts.empty());
  CHECK(plan.actions.empty());
}

TEST_CASE("without a limit or a policy nothing is measured") {
  WorkloadSpec spec = simple_spec();
  CHECK(memory_level(spec, 1'000 * mib) == MemoryLevel::low);
  spec.memory = MemoryPolicy{};
  CHECK(memory_level(spec, 1'000 * mib) == MemoryLevel::low);
  spec.resources.memory_bytes = 100 * mib;
  CHECK(memory_level(spec, 69 * mib) == MemoryLevel::low);
  CHECK(memory_level(spec, 70 * mib) == MemoryLevel::middle);
  CHECK(memory_level(spec, 75 * mib) == MemoryLevel::high);
  CHECK(memory_level(spec, 90 * mib) == MemoryLevel::restart);
  spec.memory->warn_percent = 3;
  CHECK(memory_level(spec, 1 * mib) == MemoryLevel::low);
}
