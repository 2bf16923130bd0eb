#include "agent/reconcile/backoff.hpp"
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

  explicit Scene(WorkloadSpec spec = simple_spec()) {
    docker.images = {"web:1", "web:2"};
    agent.declare("web", spec);
    agent.settle(docker);
  }
  std::string id() const { return agent.state.workloads.at("web").containers.back().id; }
  int starts() const { return docker.starts.at(id()); }
  void crash(int code) {
    docker.exit(id(), code);
    agent.settle(docker);
  }
};

}  // namespace

TEST_CASE("a declared workload is created and started once") {
  Scene scene;
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  CHECK(scene.agent.finding("web").as_intended);
  CHECK(scene.starts() == 1);
  CHECK(scene.docker.containers.size() == 1);
}

TEST_CASE("a missing image is pulled and the workload then runs") {
  Scene scene(simple_spec("other:1"));
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  CHECK(scene.agent.state.workloads.at("web").image_digest == "sha256:1");
}

TEST_CASE("an image that is not to be had fails that workload with back-off and no other") {
  Scene scene(simple_spec("missing:1"));
  scene.agent.declare("db", simple_spec("web:1"));
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.finding("web").word == WorkloadWord::failed);
  CHECK(scene.agent.finding("web").reason.find("image_unavailable") != std::string::npos);
  CHECK(scene.agent.finding("db").word == WorkloadWord::running);
  CHECK(scene.agent.plan.wake_at);
}

TEST_CASE("the first restart after a crash is immediate, the next ones back off") {
  Scene scene;
  scene.crash(1);
  CHECK(scene.starts() == 2);
  scene.docker.exit(scene.id(), 1);
  scene.agent.now.entropy = 900;  // of [0, 1000] ms
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.finding("web").word == WorkloadWord::backoff);
  CHECK(scene.starts() == 2);
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at == scene.agent.now.boot_ms + 900);
  scene.agent.pass_time(900);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 3);
}

TEST_CASE("exit 0 under always restarts") {
  Scene scene;
  scene.crash(0);
  CHECK(scene.starts() == 2);
}

TEST_CASE("exit 0 under on_failure is left at that") {
  WorkloadSpec spec = simple_spec();
  spec.restart.policy = RestartPolicy::on_failure;
  Scene scene(spec);
  scene.crash(0);
  CHECK(scene.starts() == 1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::stopped);
  CHECK(scene.agent.finding("web").as_intended);
}

TEST_CASE("an exit code of never_on_exit is reported and not retried until an operator starts it") {
  WorkloadSpec spec = simple_spec();
  spec.restart.never_on_exit = {78};
  Scene scene(spec);
  scene.crash(78);
  CHECK(scene.starts() == 1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::failed);
  scene.agent.deliver(command("c1", protocol::Verb::start, "workload:web", 1));
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
}

TEST_CASE("too many restarts within the window are a crash loop that goes on trying at the longest delay") {
  WorkloadSpec spec = simple_spec();
  spec.restart.give_up_restarts = 3;
  Scene scene(spec);
  for (int i = 0; i < 3; ++i) {
    scene.crash(1);
    scene.agent.pass_time(2'000);
    scene.agent.settle(scene.docker);
  }
  CHECK(scene.agent.finding("web").word == WorkloadWord::crash_loop);
  const int starts = scene.starts();
  scene.agent.pass_time(300'000);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == starts + 1);
  CHECK(scene.agent.events("workload_crash_loop") == 1);
}

TEST_CASE("a crash loop is told once and outlives the agent, the host and an end by other hands") {
  WorkloadSpec spec = simple_spec();
  spec.restart.give_up_restarts = 2;
  Scene scene(spec);
  scene.crash(1);
  scene.agent.pass_time(1'000);
  scene.agent.settle(scene.docker);
  scene.crash(1);
  const auto looping = [&] { return scene.agent.state.workloads.at("web").crash_loop; };
  REQUIRE(looping());
  SECTION("the agent dies") { scene.agent.die_and_return(); }
  SECTION("the host boots") {
    scene.agent.pass_time(300'000);
    scene.agent.settle(scene.docker);
    scene.agent.reboot(scene.docker);
    scene.agent.settle(scene.docker);
  }
  SECTION("Docker is restarted while it is tried again") {
    scene.agent.pass_time(300'000);
    scene.agent.settle(scene.docker);
    scene.docker.after_gap = true;
    scene.docker.exit(scene.id(), 143);
    scene.agent.settle(scene.docker);
    scene.docker.after_gap = false;
  }
  CHECK(looping());
  scene.agent.pass_time(300'000);
  scene.agent.settle(scene.docker);
  scene.crash(1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::crash_loop);
  CHECK(scene.agent.events("workload_crash_loop") == 1);
}

TEST_CASE("a long enough run leads out of a crash loop, and so does an operator's start") {
  WorkloadSpec spec = simple_spec();
  spec.restart.give_up_restarts = 2;
  Scene scene(spec);
  scene.crash(1);
  scene.agent.pass_time(1'000);
  scene.agent.settle(scene.docker);
  scene.crash(1);
  REQUIRE(scene.agent.finding("web").word == WorkloadWord::crash_loop);
  SECTION("a run of reset_after_s") {
    scene.agent.pass_time(300'000);
    scene.agent.settle(scene.docker);
    scene.agent.pass_time(600'000);
    scene.agent.settle(scene.docker);
  }
  SECTION("start") {
    scene.agent.deliver(command("c1", protocol::Verb::start, "workload:web", 1));
    scene.agent.settle(scene.docker);
  }
  const int before = scene.starts();
  scene.crash(1);
  CHECK(scene.starts() == before + 1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
}

TEST_CASE("back-off doubles up to its longest and is drawn from the whole span") {
  CHECK(jittered_delay_ms(0, 300'000, 1'000) == 1'000);
  CHECK(jittered_delay_ms(0, 300'000, 1'001) == 0);
  CHECK(jittered_delay_ms(3, 300'000, 8'000) == 8'000);
  CHECK(jittered_delay_ms(60, 300'000, 300'000) == 300'000);
  CHECK(jittered_delay_ms(60, 300'000, 300'001) == 0);
}

TEST_CASE("a long enough run resets the back-off") {
  Scene scene;
  scene.crash(1);
  scene.agent.pass_time(600'000);
  scene.crash(1);
  CHECK(scene.starts() == 3);  // immediate again
}

TEST_CASE("the restart budget survives the agent and the host") {
  Scene scene;
  scene.crash(1);
  const auto before = scene.agent.state.workloads.at("web").restarts.size();
  scene.agent.die_and_return();
  scene.agent.reboot(scene.docker);
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.state.workloads.at("web").restarts.size() == before);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
}

TEST_CASE("what ran before a boot runs again at once and the boot is the reason") {
  Scene scene;
  scene.agent.reboot(scene.docker);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::host_reboot);
}

TEST_CASE("a container that a human stopped is started again and the event says so") {
  Scene scene;
  scene.docker.exit(scene.id(), 143, true);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::human);
}

TEST_CASE("a kill through Docker is believed to be a human's only once Docker is still there a moment later") {
  Scene scene;
  scene.docker.exit(scene.id(), 143, true);
  scene.docker.containers.at(scene.id()).killed_at = scene.agent.now.boot_ms;
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 1);
  REQUIRE(scene.agent.plan.wake_at);

  SECTION("it is: somebody stopped the container") {
    scene.agent.pass_time(500);
    scene.agent.settle(scene.docker);
    CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::human);
  }
  SECTION("it is not: Docker was going down and took its containers with it") {
    scene.docker.reachable = false;
    scene.agent.think(scene.docker);
    scene.docker.reachable = true;
    scene.docker.after_gap = true;
    scene.docker.containers.at(scene.id()).killed = false;  // its history went with it
    scene.agent.settle(scene.docker);
    CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::docker_restart);
    CHECK(scene.agent.state.workloads.at("web").restarts.empty());
  }
  CHECK(scene.starts() == 2);
}

TEST_CASE("while Docker is unknown nothing is decided about containers") {
  Scene scene;
  scene.docker.reachable = false;
  const State before = scene.agent.state;
  scene.agent.think(scene.docker);
  CHECK(scene.agent.state == before);
  CHECK(scene.agent.plan.actions.empty());
  CHECK(scene.agent.finding("web").word == WorkloadWord::unknown);
}

TEST_CASE("a Docker restart is no crash and costs no budget") {
  Scene scene;
  scene.docker.exit(scene.id(), 143);
  scene.docker.after_gap = true;
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
  CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::docker_restart);
  CHECK(scene.agent.state.workloads.at("web").restarts.empty());
}

TEST_CASE("a workload starts after what it depends on") {
  ModelDocker docker;
  docker.images = {"web:1"};
  ModelAgent agent;
  WorkloadSpec web = simple_spec();
  web.depends_on["db"] = DependencyNeed::started;
  agent.declare("web", web);
  agent.declare("db", simple_spec());
  agent.settle(docker);
  const auto& workloads = agent.state.workloads;
  CHECK(docker.containers.at(workloads.at("db").containers[0].id).started_at <
        docker.containers.at(workloads.at("web").containers[0].id).started_at);
}

TEST_CASE("a changed spec makes a new container beside the old one, which is removed once the new one has run on") {
  Scene scene;
  const std::string old_id = scene.id();
  scene.agent.declare("web", simple_spec("web:2"));
  scene.agent.settle(scene.docker);
  CHECK(scene.id() != old_id);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  CHECK(scene.docker.containers.contains(old_id));
  scene.agent.pass_time(3'000);
  scene.agent.settle(scene.docker);
  CHECK_FALSE(scene.docker.containers.contains(old_id));
  CHECK(scene.agent.state.workloads.at("web").containers.size() == 1);
}

TEST_CASE("while the image of a new spec is not to be had the old container runs on, also after a crash") {
  Scene scene;
  const std::string old_id = scene.id();
  scene.agent.declare("web", simple_spec("missing:2"));
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.containers.at(old_id).phase == Phase::running);
  scene.docker.exit(old_id, 1);
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.containers.at(old_id).phase == Phase::running);
  CHECK_FALSE(scene.agent.finding("web").as_intended);
}

TEST_CASE("changed limits are updated live") {
  Scene scene;
  WorkloadSpec spec = simple_spec();
  spec.resources.memory_bytes = 64 << 20;
  scene.docker.containers.at(scene.id()).resources = Resources{};
  scene.agent.declare("web", spec);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 1);
  CHECK(scene.docker.containers.at(scene.id()).resources->memory_bytes == 64 << 20);
}

TEST_CASE("a withdrawn workload stops, is kept for seven days, then removed and forgotten") {
  Scene scene;
  scene.agent.record(record::Withdrawn{"web"});
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.running().empty());
  CHECK(scene.docker.containers.size() == 1);
  scene.agent.pass_time(scene.agent.state.limits.withdrawn_kept_ms);
  scene.agent.settle(scene.docker);
  CHECK(scene.docker.containers.empty());
  CHECK(scene.agent.state.workloads.empty());
}

TEST_CASE("a held workload is left alone until the hold ends by itself") {
  Scene scene;
  auto hold = command("h1", protocol::Verb::hold, "workload:web");
  hold.args.for_s = 60;
  scene.agent.deliver(hold, Origin::local_admin);
  scene.docker.exit(scene.id(), 1);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 1);
  CHECK(scene.agent.finding("web").word == WorkloadWord::held);
  scene.agent.pass_time(60'000);
  scene.agent.settle(scene.docker);
  CHECK(scene.starts() == 2);
}

TEST_CASE("a new node with a control plane starts nothing before a decision or the fresh wait is over") {
  ModelDocker docker;
  docker.images = {"web:1"};
  ModelAgent agent;
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t", .reports = true, .fresh_hold = true});
  agent.declare("web", simple_spec());
  agent.settle(docker);
  CHECK(docker.containers.empty());
  agent.pass_time(fresh_wait_ms);
  agent.settle(docker);
  CHECK(docker.running().size() == 1);
}

TEST_CASE("a container that was made for a spec in between is not started beside the one that runs") {
  ModelDocker docker;
  ModelAgent agent;
  docker.images = {"web:1", "web:2"};
  agent.declare("web", simple_spec("web:1"));
  agent.settle(docker);
  REQUIRE(docker.running().size() == 1);
  agent.declare("web", simple_spec("web:2"));
  agent.think(docker);
  // The container for web:2 is made, and before the old one is stopped the spec changes again; its image is not there.
  for (const Action& action : std::vector<Action>(agent.plan.actions)) {
    if (std::holds_alternative<action::Create>(action)) agent.perform(docker, action);
  }
  agent.declare("web", simple_spec("missing:3"));
  agent.settle(docker);
  CHECK(docker.running().size() == 1);
}
