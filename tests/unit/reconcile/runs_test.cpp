#include "agent/reconcile/runs.hpp"

#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Scene {
  ModelDocker docker;
  ModelAgent agent;

  Scene() {
    docker.images = {"web:1", "web:2"};
    agent.declare("web", simple_spec());
    agent.settle(docker);
  }
  std::string id() const { return agent.state.workloads.at("web").containers.back().id; }
  Container& container() { return docker.containers.at(id()); }
  std::vector<protocol::Run> runs() const { return tell_why(agent.state, "web").runs; }
  // The last one that ended.
  protocol::Run ended() const {
    for (const auto& run : runs()) {
      if (run.ended != 0) return run;
    }
    return {};
  }
  void exit(int code, bool killed = false) {
    docker.exit(id(), code, killed);
    agent.settle(docker);
  }
};

}  // namespace

TEST_CASE("a run that goes on tells why it began and has no end") {
  Scene scene;
  REQUIRE(scene.runs().size() == 1);
  CHECK(scene.runs()[0].began_why == "as declared");
  CHECK(scene.runs()[0].ended == 0);
  CHECK(tell_why(scene.agent.state, "nobody").runs.empty());
}

TEST_CASE("a crash, its exit code and what it led to") {
  Scene scene;
  scene.exit(139);
  CHECK(scene.ended().cause == "crashed");
  CHECK(scene.ended().exit_code == 139);
  CHECK(scene.ended().signal == "SIGSEGV");
  CHECK(scene.ended().ended_why == "killed by SIGSEGV (exit code 139).");
  CHECK(scene.runs()[0].began_why == "after its crash");
}

TEST_CASE("a command's stop and start name the command, its actor and the reason") {
  Scene scene;
  auto stop = command("c1", protocol::Verb::stop, "workload:web", 1, "invoice unpaid");
  stop.actor = "dashboard:alice";
  scene.agent.deliver(stop);
  scene.agent.settle(scene.docker);
  auto start = command("c2", protocol::Verb::start, "workload:web", 2, "paid");
  start.actor = "dashboard:bob";
  scene.agent.deliver(start);
  scene.agent.settle(scene.docker);
  CHECK(scene.ended().cause == "command");
  CHECK(scene.ended().command_id == "c1");
  CHECK(scene.ended().actor == "dashboard:alice");
  CHECK(has(scene.ended().ended_why, "by dashboard:alice, command c1: invoice unpaid"));
  CHECK(scene.runs()[0].began_why == "start by dashboard:bob, command c2: paid");
}

TEST_CASE("docker stop and docker kill are told apart") {
  Scene scene;
  scene.container().stop_called = true;
  scene.container().kill_signal = 15;
  scene.exit(143, true);
  CHECK(scene.ended().cause == "human");
  CHECK(has(scene.ended().ended_why, "(docker stop)"));
  scene.container().stop_called = false;
  scene.container().kill_signal = 9;
  scene.container().sigkill_sent = true;
  scene.exit(137, true);
  CHECK(has(scene.ended().ended_why, "somebody sent it SIGKILL through Docker (docker kill)"));
}

TEST_CASE("want of memory is the cause of a 137 that nobody sent") {
  Scene scene;
  scene.container().oom_killed = true;
  scene.exit(137);
  CHECK(scene.ended().oom);
  CHECK_FALSE(scene.ended().child_oom);
  CHECK(has(scene.ended().ended_why, "killed by the kernel for want of memory"));
}

TEST_CASE("want of memory of another process is a fact beside the cause") {
  Scene scene;
  SECTION("with an exit code of the workload's own") {
    scene.container().oom_killed = true;
    scene.exit(3);
    CHECK(scene.ended().cause == "crashed");
    CHECK(has(scene.ended().ended_why, "ended by itself with exit code 3"));
  }
  SECTION("long before a SIGKILL from nowhere") {
    scene.container().oom_killed = true;
    scene.container().oom_at_end = false;
    scene.exit(137);
    CHECK(has(scene.ended().ended_why, "killed by SIGKILL"));
  }
  SECTION("just before somebody's docker kill") {
    scene.container().oom_killed = true;
    scene.container().kill_signal = 9;
    scene.container().sigkill_sent = true;
    scene.exit(137, true);
    CHECK(scene.ended().cause == "human");
  }
  CHECK_FALSE(scene.ended().oom);
  CHECK(scene.ended().child_oom);
  CHECK(has(scene.ended().ended_why, "Before that the kernel killed one of its processes for want of memory."));
}

TEST_CASE("an end while the agent was away says so") {
  Scene scene;
  scene.docker.exit(scene.id(), 1);
  scene.agent.die_and_return();
  scene.docker.first_look = true;
  scene.agent.settle(scene.docker);
  CHECK(has(scene.ended().ended_why, "it happened while the agent was away"));
}

TEST_CASE("what Docker refuses to start is told once, with the number of attempts") {
  Scene scene;
  const auto refuse = [&](const std::string& code) {
    scene.agent.record(record::TroubleMet{"web", code, "no such command", 1'000});
  };
  refuse("start_failed");
  refuse("start_failed");
  refuse("start_failed");
  REQUIRE(scene.runs().size() == 2);
  CHECK(scene.runs()[0].attempts == 3);
  CHECK(scene.runs()[0].cause == "start_failed");
  CHECK(scene.runs()[0].ended_why == "no such command");
  refuse("create_failed");
  CHECK(scene.runs().size() == 3);
}

TEST_CASE("the last lines of a run stand with it, shortened once their event is gone") {
  Scene scene;
  const Instance instance = scene.container().instance();
  scene.exit(1);
  record::Noted tail{.kind = std::string(log_tail_kind), .workload = "web"};
  tail.data = {{"container_id", instance.container_id}, {"started_at", instance.started_at}};
  tail.log_tail = {std::string(1'000, 'a'), std::string(1'000, 'b'), "the last"};
  scene.agent.record(tail);
  CHECK(scene.ended().log_tail == tail.log_tail);
  scene.agent.state.events.clear();
  CHECK(scene.ended().log_tail == std::vector<std::string>{std::string(1'000, 'b'), "the last"});
}

TEST_CASE("the last ten runs are kept, within their bytes, across the agent and the host") {
  Scene scene;
  for (int i = 0; i < 15; ++i) {
    const Instance instance = scene.container().instance();
    scene.docker.exit(scene.id(), 1);
    scene.agent.settle(scene.docker);
    record::Noted tail{.kind = std::string(log_tail_kind), .workload = "web"};
    tail.data = {{"container_id", instance.container_id}, {"started_at", instance.started_at}};
    tail.log_tail = {std::string(1'000, 'x')};
    scene.agent.record(tail);
    scene.agent.pass_time(301'000);
    scene.agent.settle(scene.docker);
  }
  const auto& kept = scene.agent.state.workloads.at("web").runs;
  CHECK(kept.size() == max_runs);
  std::size_t bytes = 0;
  for (const auto& run : kept) {
    bytes += sizeof(run) + run.container_id.size() + run.ended_why.size() + run.began_why.size();
    for (const auto& line : run.log_tail) bytes += line.size();
  }
  CHECK(bytes <= max_runs_bytes);
  CHECK_FALSE(kept[kept.size() - 2].log_tail.empty());
  CHECK(kept.front().log_tail.empty());
  const auto before = scene.runs();
  scene.agent.die_and_return();
  scene.agent.reboot(scene.docker);
  CHECK(scene.runs() == before);
}
