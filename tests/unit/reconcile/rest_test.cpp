// Backups, and workloads that a silent control plane stops.
#include "agent/reconcile/runs.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::WorkloadWord;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Scene {
  ModelDocker docker;
  ModelAgent agent{true};

  Scene() { docker.images = {"web:1", "web:2"}; }

  void pair(WorkloadSpec primary = simple_spec()) {
    primary.backup = "spare";
    primary.restart.give_up_restarts = 2;
    agent.declare("spare", simple_spec("web:2"));
    agent.declare("web", primary);
    agent.settle(docker);
  }
  const Workload& of(const std::string& name) const { return agent.state.workloads.at(name); }
  void crash(const std::string& name, int code = 1) {
    docker.exit(of(name).containers.back().id, code);
    agent.settle(docker);
  }
  void wait(std::int64_t ms) {
    agent.pass_time(ms);
    agent.settle(docker);
  }
  void loop() {
    crash("web");
    wait(1'000);
    crash("web");
    REQUIRE(agent.finding("web").word == WorkloadWord::crash_loop);
  }
  WorkloadWord word(const std::string& name) const { return agent.finding(name).word; }
};

}  // namespace

TEST_CASE("a backup does not run while its primary is well, nor for a crash that is restarted") {
  Scene scene;
  scene.pair();
  CHECK(scene.word("web") == WorkloadWord::running);
  CHECK(scene.word("spare") == WorkloadWord::stopped);
  CHECK(scene.agent.finding("spare").as_intended);
  CHECK(has(scene.agent.finding("spare").reason, "backup of web"));
  scene.crash("web");
  CHECK(scene.word("spare") == WorkloadWord::stopped);
}

TEST_CASE("a backup runs from the crash loop of its primary until that has been well for a while") {
  Scene scene;
  scene.pair();
  scene.loop();
  CHECK(scene.word("spare") == WorkloadWord::running);
  CHECK(tell_why(scene.agent.state, "spare").runs.at(0).began_why == "as a backup: its primary is given up");
  SECTION("at once") {}
  SECTION("across a restart of the agent") {
    scene.agent.die_and_return();
    scene.agent.settle(scene.docker);
    CHECK(scene.word("spare") == WorkloadWord::running);
  }
  scene.wait(300'000);
  CHECK(scene.word("web") == WorkloadWord::running);
  CHECK(scene.word("spare") == WorkloadWord::running);  // it may crash at once
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at <= scene.agent.now.boot_ms + 10'000);
  scene.wait(10'000);
  CHECK(scene.word("spare") == WorkloadWord::stopped);
  CHECK(scene.of("spare").last_exit->cause == Cause::backup);
  // It is not proven that the loop is over: the next crash brings the backup at once.
  scene.crash("web");
  CHECK(scene.word("spare") == WorkloadWord::running);
}

TEST_CASE("a primary that crashes again soon after its return keeps its backup running") {
  Scene scene;
  scene.pair();
  scene.loop();
  scene.wait(300'000);
  scene.wait(5'000);
  scene.crash("web");
  CHECK(scene.docker.starts.at(scene.of("spare").containers.back().id) == 1);
  CHECK(scene.word("spare") == WorkloadWord::running);
}

TEST_CASE("a backup runs for a primary that cannot be had or will not be tried again") {
  Scene scene;
  SECTION("its image is not there") {
    scene.pair(simple_spec("missing:1"));
    CHECK(scene.word("spare") == WorkloadWord::stopped);
    for (int i = 0; i < 5; ++i) scene.wait(300'000);
    CHECK(scene.word("spare") == WorkloadWord::running);
    scene.docker.images.insert("missing:1");
    scene.agent.record(record::ImagePresent{"missing:1", "sha256:1"});
    scene.wait(300'000);
    CHECK(scene.word("web") == WorkloadWord::running);
    CHECK(scene.word("spare") == WorkloadWord::running);
    scene.wait(10'000);
    CHECK(scene.word("spare") == WorkloadWord::stopped);
  }
  SECTION("its exit code says so") {
    WorkloadSpec spec = simple_spec();
    spec.restart.never_on_exit = {78};
    scene.pair(spec);
    scene.crash("web", 78);
    CHECK(scene.word("spare") == WorkloadWord::running);
  }
}

TEST_CASE("a backup follows the will of an operator who stops its primary") {
  Scene scene;
  scene.pair();
  scene.agent.deliver(command("c1", protocol::Verb::stop, "workload:web", 1));
  scene.agent.settle(scene.docker);
  CHECK(scene.word("spare") == WorkloadWord::stopped);
  scene.agent.deliver(command("c2", protocol::Verb::start, "workload:web", 2));
  scene.agent.settle(scene.docker);
  scene.loop();
  REQUIRE(scene.word("spare") == WorkloadWord::running);
  scene.agent.deliver(command("c3", protocol::Verb::stop, "workload:web", 3));
  scene.agent.settle(scene.docker);
  CHECK(scene.word("spare") == WorkloadWord::stopped);
}

TEST_CASE("starting a backup whose primary is well fails and says why") {
  Scene scene;
  scene.pair();
  scene.wait(10'000);
  scene.agent.deliver(command("c1", protocol::Verb::start, "workload:spare", 1));
  scene.agent.settle(scene.docker);
  REQUIRE(scene.agent.outcome("c1"));
  CHECK(scene.agent.outcome("c1")->kind == protocol::OutcomeKind::failed);
  CHECK(scene.agent.outcome("c1")->code == "backup");
  CHECK(scene.word("spare") == WorkloadWord::stopped);
  scene.agent.deliver(command("c2", protocol::Verb::start, "node", 2));
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.outcome("c2")->kind == protocol::OutcomeKind::succeeded);
}

namespace {

WorkloadSpec stops_after(int after_s) {
  WorkloadSpec spec = simple_spec();
  spec.disconnect = Disconnect{.after_s = after_s, .action = DisconnectAction::stop};
  return spec;
}

struct Cut : Scene {
  Cut() {
    agent.declare("web", stops_after(3'600));
    agent.declare("other", simple_spec("web:2"));
    agent.settle(docker);
    docker.silent_from = agent.now.boot_ms;
  }
};

}  // namespace

TEST_CASE("a workload with [disconnect] stops after so long a silence and runs again when it ends") {
  Cut scene;
  scene.wait(3'599'000);
  CHECK(scene.word("web") == WorkloadWord::running);
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at <= scene.agent.now.boot_ms + 1'000);
  scene.wait(1'000);
  CHECK(scene.word("web") == WorkloadWord::stopped);
  CHECK(scene.of("web").last_exit->cause == Cause::disconnected);
  CHECK(has(scene.agent.finding("web").reason, "The control plane has not answered for "));
  CHECK(scene.word("other") == WorkloadWord::running);
  CHECK(scene.agent.events("control_silent") == 1);
  scene.agent.record(record::ControlHeard{});
  scene.docker.silent_from = scene.agent.now.boot_ms;
  scene.agent.settle(scene.docker);
  CHECK(scene.word("web") == WorkloadWord::running);
  CHECK(tell_why(scene.agent.state, "web").runs.at(0).began_why == "after the control plane was back");
}

TEST_CASE("silence is counted on across the agent's deaths and the host's boots") {
  Cut scene;
  scene.wait(1'800'000);
  SECTION("the agent dies") {
    scene.agent.die_and_return();
    scene.docker.silent_from = scene.agent.now.boot_ms;
  }
  SECTION("the host boots") {
    scene.agent.reboot(scene.docker);
    scene.docker.silent_from = scene.agent.now.boot_ms;
  }
  scene.agent.settle(scene.docker);
  scene.wait(1'000'000);
  CHECK(scene.word("web") == WorkloadWord::running);
  scene.wait(900'000);
  CHECK(scene.word("web") == WorkloadWord::stopped);
}

TEST_CASE("what was not noted of a silence is all that a boot forgets") {
  Cut scene;
  for (int minute = 0; minute < 50; ++minute) scene.wait(60'000);
  scene.agent.reboot(scene.docker);
  scene.docker.silent_from = scene.agent.now.boot_ms;
  scene.wait(10 * 60'000 - 2'000);
  CHECK(scene.word("web") == WorkloadWord::running);
  scene.wait(300'000);
  CHECK(scene.word("web") == WorkloadWord::stopped);
}

TEST_CASE("a short silence, and one that nobody asked about, is not recorded") {
  Cut scene;
  const std::size_t before = scene.agent.ledger.size();
  for (int i = 0; i < 100; ++i) {
    scene.docker.silent_from = scene.agent.now.boot_ms;
    scene.wait(59'000);
  }
  CHECK(scene.agent.ledger.size() == before);
  Scene indifferent;
  indifferent.agent.declare("web", simple_spec());
  indifferent.agent.settle(indifferent.docker);
  const std::size_t records = indifferent.agent.ledger.size();
  indifferent.docker.silent_from = indifferent.agent.now.boot_ms;
  indifferent.wait(86'400'000);
  CHECK(indifferent.agent.ledger.size() == records);
}

TEST_CASE("a start while [disconnect] holds a workload back fails and says so") {
  Cut scene;
  scene.wait(3'600'000);
  scene.agent.deliver(command("c1", protocol::Verb::start, "workload:web"), Origin::local_root);
  scene.agent.settle(scene.docker);
  REQUIRE(scene.agent.outcome("c1"));
  CHECK(scene.agent.outcome("c1")->code == "disconnected");
}

TEST_CASE("without a control plane nobody is silent") {
  Cut scene;
  scene.wait(3'600'000);
  REQUIRE(scene.word("web") == WorkloadWord::stopped);
  scene.docker.silent_from.reset();
  scene.agent.state.reports = false;
  scene.agent.settle(scene.docker);
  CHECK(scene.word("web") == WorkloadWord::running);
}

namespace {

struct FrozenInSilence : Scene {
  explicit FrozenInSilence(bool live_restore) {
    WorkloadSpec spec = simple_spec();
    spec.disconnect = Disconnect{.after_s = 3'600, .action = DisconnectAction::freeze};
    agent.declare("web", spec);
    agent.settle(docker);
    agent.record(record::EngineFacts{.live_restore = live_restore});
    docker.silent_from = agent.now.boot_ms;
    wait(3'600'000);
  }
  void heard() {
    agent.record(record::ControlHeard{});
    docker.silent_from = agent.now.boot_ms;
    agent.settle(docker);
  }
  int starts() const { return docker.starts.at(of("web").containers.back().id); }
};

}  // namespace

TEST_CASE("a workload whose [disconnect] freezes stands still in silence and runs on when it ends") {
  FrozenInSilence scene(true);
  CHECK(scene.word("web") == WorkloadWord::frozen);
  CHECK(scene.agent.finding("web").as_intended);
  CHECK(has(scene.agent.finding("web").reason, "The control plane has not answered for "));
  SECTION("at once") {}
  SECTION("across a restart of the agent") {
    scene.agent.die_and_return();
    scene.agent.settle(scene.docker);
    CHECK(scene.word("web") == WorkloadWord::frozen);
  }
  scene.heard();
  CHECK(scene.word("web") == WorkloadWord::running);
  CHECK(scene.starts() == 1);
}

TEST_CASE("a command to stop reaches a workload that is frozen in silence") {
  FrozenInSilence scene(true);
  scene.agent.deliver(command("c1", protocol::Verb::stop, "workload:web"), Origin::local_root);
  scene.agent.settle(scene.docker);
  CHECK(scene.word("web") == WorkloadWord::stopped);
  scene.heard();
  CHECK(scene.word("web") == WorkloadWord::stopped);
}

TEST_CASE("where Docker cannot keep a frozen workload over its restart, silence stops it instead") {
  FrozenInSilence scene(false);
  CHECK(scene.word("web") == WorkloadWord::stopped);
  CHECK(scene.of("web").last_exit->cause == Cause::disconnected);
  scene.heard();
  CHECK(scene.word("web") == WorkloadWord::running);
  CHECK(scene.starts() == 2);
}

TEST_CASE("a workload that had ended before the silence is not started to be frozen") {
  FrozenInSilence scene(true);
  scene.docker.exit(scene.of("web").containers.back().id, 137, true);
  scene.agent.settle(scene.docker);
  CHECK(scene.word("web") == WorkloadWord::stopped);
  scene.heard();
  CHECK(scene.word("web") == WorkloadWord::running);
}
