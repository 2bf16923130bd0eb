// A workload is asked before it is stopped; what it says is in the outcome, and never makes a stop longer than ordered.
#include "agent/reconcile/runs.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::OutcomeKind;
using protocol::Verb;
using protocol::WorkloadWord;

namespace {

record::HookAnswered busy(std::int64_t again_in_ms) {
  record::HookAnswered answer;
  answer.busy = true;
  answer.again_in_ms = again_in_ms;
  answer.answer = "busy: 2 active";
  return answer;
}

struct Scene {
  ModelDocker docker;
  ModelAgent agent;

  explicit Scene(int grace_s = 40) {
    docker.images = {"web:1"};
    WorkloadSpec spec = simple_spec();
    spec.stop.grace_s = grace_s;
    spec.stop.hook = StopHook{.http_post = "http://127.0.0.1:80/stop"};
    spec.liveness = Probe{.tcp = "127.0.0.1:80"};
    agent.declare("web", spec);
    agent.settle(docker);
    REQUIRE(agent.finding("web").word == WorkloadWord::running);
  }
  void stop(const std::string& id, std::optional<int> grace_s = {}, bool force = false, std::uint64_t generation = 1) {
    auto order = command(id, Verb::stop, "workload:web", generation);
    order.args.grace_s = grace_s;
    order.force = force;
    agent.deliver(order);
    agent.settle(docker);
  }
  void wait(std::int64_t ms) {
    agent.pass_time(ms);
    agent.settle(docker);
  }
  bool runs() const { return !docker.running().empty(); }
  const protocol::Evidence& evidence(const std::string& id) const {
    const auto* outcome = agent.outcome(id);
    REQUIRE(outcome != nullptr);
    REQUIRE(outcome->evidence.size() == 1);
    return outcome->evidence.front();
  }
};

}  // namespace

TEST_CASE("a stop asks the hook first, and the outcome says what it answered") {
  Scene scene;
  scene.stop("c1");
  REQUIRE(scene.docker.asked.size() == 1);
  CHECK(scene.docker.asked.front().id == "c1");
  CHECK(scene.docker.asked.front().timeout_ms == 20'000);
  CHECK_FALSE(scene.runs());
  CHECK(scene.evidence("c1").hook == "ready");
  CHECK(scene.agent.events("stop_hook_busy") == 0);
}

TEST_CASE("a hook that fails is told, and the stop goes on") {
  Scene scene;
  record::HookAnswered answer;
  answer.failed = true;
  answer.answer = "answered 500";
  scene.docker.hooks["web"] = answer;
  scene.stop("c1");
  CHECK_FALSE(scene.runs());
  CHECK(scene.evidence("c1").hook == "answered 500");
  CHECK(scene.agent.events("stop_hook_failed") == 1);
}

TEST_CASE("a busy workload is asked again when it said, and stopped when it is ready") {
  Scene scene;
  scene.docker.hooks["web"] = busy(7'000);
  scene.stop("c1");
  CHECK(scene.runs());
  CHECK(scene.agent.finding("web").word == WorkloadWord::stopping);
  CHECK(scene.agent.finding("web").reason == "It asks to wait before it is stopped: busy: 2 active.");
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at == scene.agent.now.boot_ms + 7'000);
  scene.wait(6'000);
  CHECK(scene.docker.asked.size() == 1);
  scene.wait(1'000);
  CHECK(scene.docker.asked.size() == 2);
  CHECK(scene.docker.asked[1].id == scene.docker.asked[0].id);
  CHECK(scene.agent.events("stop_hook_busy") == 1);
  scene.docker.hooks.clear();
  scene.wait(7'000);
  CHECK_FALSE(scene.runs());
  CHECK(scene.evidence("c1").hook == "ready");
  CHECK(scene.evidence("c1").duration_ms == 14'000);
}

TEST_CASE("a veto ends with the grace: a quarter of it is kept for the stop itself") {
  Scene scene;
  scene.docker.hooks["web"] = busy(60'000);
  scene.stop("c1");
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at == scene.agent.now.boot_ms + 30'000);
  scene.wait(29'999);
  CHECK(scene.runs());
  scene.agent.pass_time(1);
  scene.agent.think(scene.docker);
  REQUIRE(scene.agent.plan.actions.size() == 1);
  const auto& sent = std::get<action::Stop>(scene.agent.plan.actions.front());
  CHECK(sent.grace_s == 10);
  CHECK_FALSE(sent.resume);
  scene.agent.settle(scene.docker);
  CHECK(scene.evidence("c1").hook == "busy: 2 active; its time to be busy was over");
  CHECK(scene.evidence("c1").duration_ms == 30'000);
}

TEST_CASE("no time is left for a hook where there is no grace") {
  Scene scene(0);
  scene.stop("c1");
  CHECK(scene.docker.asked.empty());
  CHECK_FALSE(scene.runs());
}

TEST_CASE("force does not ask, also while a hook that was asked before is busy") {
  Scene scene;
  SECTION("from the beginning") { scene.stop("c1", {}, true); }
  SECTION("later") {
    scene.docker.hooks["web"] = busy(60'000);
    scene.stop("c1");
    REQUIRE(scene.runs());
    scene.stop("c2", {}, true, 2);
    CHECK(scene.docker.asked.size() == 1);
  }
  CHECK_FALSE(scene.runs());
}

TEST_CASE("a forced stop, or one with less time, does not wait for a hook that is under way") {
  Scene scene;
  scene.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  scene.agent.think(scene.docker);
  REQUIRE(std::holds_alternative<action::AskHook>(scene.agent.plan.actions.at(0)));
  scene.agent.in_flight.workloads = {"web"};
  auto order = command("c2", Verb::stop, "workload:web", 2);
  SECTION("forced") { order.force = true; }
  SECTION("less time") { order.args.grace_s = 3; }
  scene.agent.deliver(order);
  scene.agent.think(scene.docker);
  REQUIRE(scene.agent.plan.actions.size() == 1);
  CHECK(std::holds_alternative<action::Hasten>(scene.agent.plan.actions.front()));
  CHECK(scene.agent.state.workloads.at("web").stop_sent->hook == HookState::over);
  CHECK(scene.agent.state.workloads.at("web").stop_sent->hook_answer.starts_with("not waited for"));
}

TEST_CASE("ordering a stop again takes time from the hook, and never adds any") {
  Scene scene;
  scene.docker.hooks["web"] = busy(60'000);
  scene.stop("c1");
  scene.stop("c2", 20, false, 2);
  CHECK(scene.docker.asked.size() == 2);
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at == scene.agent.now.boot_ms + 15'000);
  scene.wait(10'000);
  scene.stop("c3", 300, false, 3);
  REQUIRE(scene.agent.plan.wake_at);
  CHECK(*scene.agent.plan.wake_at <= scene.agent.now.boot_ms + 5'000);
  scene.wait(10'000);
  CHECK_FALSE(scene.runs());
  CHECK(scene.evidence("c3").duration_ms <= 20'000);
}

TEST_CASE("orders that keep coming neither prolong a stop nor take the workload's time to end") {
  Scene scene;
  scene.docker.hooks["web"] = busy(2'000);
  scene.stop("c0");
  std::uint64_t order = 0;
  std::optional<int> grace_s;
  while (scene.runs() && order < 30) {
    scene.agent.pass_time(2'000);
    ++order;
    scene.agent.deliver(command("c" + std::to_string(order), Verb::stop, "workload:web", order + 1));
    scene.agent.think(scene.docker);
    const bool acts = !scene.agent.plan.actions.empty();
    const auto* sent = acts ? std::get_if<action::Stop>(&scene.agent.plan.actions.front()) : nullptr;
    if (sent != nullptr) grace_s = sent->grace_s;
    scene.agent.settle(scene.docker);
  }
  CHECK(order == 15);
  CHECK(grace_s == 10);
}

TEST_CASE("an agent that was away for longer than the grace leaves the workload its time to end") {
  Scene scene;
  scene.docker.hooks["web"] = busy(60'000);
  scene.stop("c1");
  scene.agent.die_and_return();
  scene.agent.pass_time(3'600'000);
  scene.agent.think(scene.docker);
  CHECK(std::get<action::Stop>(scene.agent.plan.actions.at(0)).grace_s == 10);
}

TEST_CASE("an order that comes when the hook's time is over leaves the workload its time to end, and asks no more") {
  Scene scene;
  scene.docker.hooks["web"] = busy(60'000);
  scene.stop("c1");
  scene.agent.die_and_return();
  int away_ms = 3'600'000;
  SECTION("long over") {}
  SECTION("just over") { away_ms = 31'000; }
  scene.agent.pass_time(away_ms);
  scene.agent.deliver(command("c2", Verb::stop, "workload:web", 2));
  scene.agent.think(scene.docker);
  CHECK(std::get<action::Stop>(scene.agent.plan.actions.at(0)).grace_s == 10);
}

TEST_CASE("a stop that is not wanted any more is forgotten: the next of its kind asks anew, with its whole grace") {
  Scene scene;
  scene.docker.hooks["web"] = busy(60'000);
  auto spec = scene.agent.state.workloads.at("web").declared.spec;
  spec.disconnect = Disconnect{.after_s = 3'600, .action = DisconnectAction::stop};
  scene.agent.state.reports = true;
  scene.agent.declare("web", spec);
  scene.docker.silent_from = scene.agent.now.boot_ms;
  scene.wait(3'600'000);
  REQUIRE(scene.docker.asked.size() == 1);
  scene.agent.record(record::ControlHeard{});
  scene.docker.silent_from = scene.agent.now.boot_ms;
  scene.wait(1'000);
  CHECK_FALSE(scene.agent.state.workloads.at("web").stop_sent);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
  scene.docker.silent_from = scene.agent.now.boot_ms;
  scene.wait(3'600'000);
  CHECK(scene.docker.asked.size() == 2);
  CHECK(scene.docker.asked.back().grace_s == 40);
  CHECK(scene.runs());
}

TEST_CASE("a hold takes a stop back that was not sent yet") {
  Scene scene;
  scene.docker.hooks["web"] = busy(5'000);
  scene.stop("c1");
  auto hold = command("c2", Verb::hold, "workload:web");
  hold.args.for_s = 3'600;
  scene.agent.deliver(hold, Origin::local_root);
  scene.wait(1'000);
  CHECK_FALSE(scene.agent.state.workloads.at("web").stop_sent);
  CHECK(scene.runs());
}

TEST_CASE("a crash after a stop was taken back is the workload's own, and so is one while it is asked") {
  Scene scene;
  scene.docker.hooks["web"] = busy(5'000);
  scene.stop("c1");
  SECTION("taken back") {
    scene.agent.deliver(command("c2", Verb::start, "workload:web", 2));
    scene.wait(1'000);
    scene.docker.exit(scene.docker.running().at(0), 3);
    scene.agent.settle(scene.docker);
    CHECK(scene.agent.state.workloads.at("web").restarts.size() == 1);
  }
  SECTION("while it is asked") {
    scene.docker.exit(scene.docker.running().at(0), 3);
    scene.agent.settle(scene.docker);
    CHECK(scene.agent.outcome("c1")->kind == OutcomeKind::succeeded);
    CHECK_FALSE(scene.runs());
  }
  CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::crashed);
}

TEST_CASE("an old container is asked by the hook that it was made with") {
  Scene scene;
  auto spec = scene.agent.state.workloads.at("web").declared.spec;
  spec.stop.hook = StopHook{.exec = {"another"}};
  spec.image = "web:2";
  scene.docker.images.insert("web:2");
  scene.docker.hooks["web"] = busy(5'000);
  scene.agent.declare("web", spec);
  scene.agent.settle(scene.docker);
  REQUIRE(scene.docker.asked.size() == 1);
  CHECK(scene.docker.asked.front().hook.http_post == "http://127.0.0.1:80/stop");
}

TEST_CASE("a stop of the node hurries a workload whose declaration is gone, too") {
  Scene scene;
  scene.docker.hooks["web"] = busy(5'000);
  scene.agent.record(record::Withdrawn{"web"});
  scene.agent.settle(scene.docker);
  REQUIRE(scene.runs());
  auto order = command("c1", Verb::stop, "node", 1);
  order.force = true;
  scene.agent.deliver(order);
  scene.agent.settle(scene.docker);
  CHECK_FALSE(scene.runs());
}

TEST_CASE("a workload that is busy for long is asked less and less often") {
  Scene scene(86'400);
  scene.docker.hooks["web"] = busy(1'000);
  scene.stop("c1");
  for (int i = 0; i < 64'000 && scene.runs(); ++i) scene.wait(1'000);
  CHECK(scene.runs());
  CHECK(scene.docker.asked.size() < 300);
}

TEST_CASE("nobody is asked with less than a second left") {
  Scene scene(6);
  scene.docker.hooks["web"] = busy(2'500);
  scene.stop("c1");
  REQUIRE(scene.docker.asked.size() == 1);
  scene.wait(2'500);
  CHECK(scene.docker.asked.size() == 1);
  CHECK(scene.evidence("c1").hook == "busy: 2 active; its time to be busy was over");
}

TEST_CASE("an agent that died while it asked asks again, with the same id, in what is left of the grace") {
  Scene scene;
  scene.docker.hooks["web"] = busy(1'000);
  scene.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  scene.agent.think(scene.docker);
  scene.agent.die_and_return();
  scene.agent.pass_time(12'000);
  scene.agent.think(scene.docker);
  const auto& again = std::get<action::AskHook>(scene.agent.plan.actions.at(0));
  CHECK(again.id == "c1");
  CHECK(again.timeout_ms == 18'000);
  CHECK(again.grace_s == 28);
}

TEST_CASE("once the stop was sent nothing is asked any more") {
  Scene scene;
  scene.agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  scene.agent.think(scene.docker);
  scene.agent.perform(scene.docker, scene.agent.plan.actions.at(0));
  scene.agent.think(scene.docker);
  REQUIRE(std::holds_alternative<action::Stop>(scene.agent.plan.actions.at(0)));
  scene.agent.die_and_return();
  scene.agent.deliver(command("c2", Verb::stop, "workload:web", 2));
  scene.agent.pass_time(1'000);
  scene.agent.think(scene.docker);
  CHECK(std::get<action::Stop>(scene.agent.plan.actions.at(0)).resume);
}

TEST_CASE("a start that comes while the hook is busy lets the workload run on") {
  Scene scene;
  scene.docker.hooks["web"] = busy(5'000);
  scene.stop("c1");
  scene.agent.deliver(command("c2", Verb::start, "workload:web", 2));
  scene.wait(60'000);
  CHECK(scene.runs());
  CHECK(scene.docker.asked.size() == 1);
  CHECK(scene.agent.outcome("c2")->kind == OutcomeKind::succeeded);
  CHECK(scene.agent.finding("web").word == WorkloadWord::running);
}

TEST_CASE("a workload that hangs is not asked: its probe has failed already") {
  Scene scene;
  scene.docker.failing.insert("web");
  scene.agent.think(scene.docker);
  CHECK(std::holds_alternative<action::Stop>(scene.agent.plan.actions.at(0)));
}

TEST_CASE("a workload that ends while it is asked has ended by the stop") {
  Scene scene;
  scene.docker.hooks["web"] = busy(5'000);
  scene.stop("c1");
  scene.docker.exit(scene.agent.state.workloads.at("web").containers.back().id, 0);
  scene.agent.settle(scene.docker);
  CHECK(scene.agent.outcome("c1")->kind == OutcomeKind::succeeded);
  CHECK(scene.agent.state.workloads.at("web").last_exit->cause == Cause::command);
}
