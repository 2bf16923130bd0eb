#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;
using protocol::Verb;

namespace {

ModelAgent node_with(const std::string& workload) {
  ModelAgent agent;
  agent.declare(workload, simple_spec());
  return agent;
}

}  // namespace

TEST_CASE("a command delivered again is known and changes nothing") {
  ModelAgent agent = node_with("web");
  const auto stop = command("c1", Verb::stop, "workload:web", 5);
  REQUIRE(agent.deliver(stop).kind == Acceptance::Kind::accepted);
  const State before = agent.state;
  auto again = stop;
  again.age_s = 30;
  CHECK(agent.deliver(again).kind == Acceptance::Kind::known);
  CHECK(agent.state == before);
}

TEST_CASE("a reused id with other content is told apart and the first outcome stands") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::stop, "workload:web", 5));
  const auto answer = agent.deliver(command("c1", Verb::start, "workload:web", 6));
  CHECK(answer.kind == Acceptance::Kind::id_reused);
  CHECK_FALSE(answer.record);
  CHECK(agent.state.workloads.at("web").intent == protocol::Intent::stopped);
}

TEST_CASE("a stale generation is refused with the node's number") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::stop, "node", 7));
  agent.deliver(command("c2", Verb::start, "workload:web", 6));
  REQUIRE(agent.outcome("c2") != nullptr);
  CHECK(agent.outcome("c2")->kind == protocol::OutcomeKind::refused);
  CHECK(agent.outcome("c2")->code == "stale_generation");
  CHECK(agent.outcome("c2")->node_generation == 7U);
}

TEST_CASE("a command whose decision was already told as wanted is not stale") {
  ModelAgent agent = node_with("web");
  const protocol::Wanted wanted{protocol::Intent::running, true, "stop", "unpaid", "billing", 9};
  const auto taken = accept_wanted(agent.state, wanted, agent.now);
  REQUIRE(taken);
  agent.record(taken->body);
  CHECK(agent.deliver(command("c1", Verb::suspend, "node", 9)).kind == Acceptance::Kind::accepted);
}

TEST_CASE("wanted that is not above the node's generation is ignored, so a later local decision stands") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::start, "node", 9));
  CHECK_FALSE(accept_wanted(agent.state, {protocol::Intent::stopped, false, "", "", "", 9}, agent.now));
}

TEST_CASE("suspending needs a reason") {
  ModelAgent agent = node_with("web");
  CHECK(agent.deliver(command("c1", Verb::suspend, "node", 1, "")).code == "reason_required");
}

TEST_CASE("starting is refused while suspended and names who suspended and why") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::suspend, "node", 1, "payment failed"));
  const auto answer = agent.deliver(command("c2", Verb::start, "workload:web", 2));
  CHECK(answer.code == "suspended");
  CHECK(answer.message.find("payment failed") != std::string::npos);
}

TEST_CASE("stopping while suspended is taken and holds after resume") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::suspend, "node", 1));
  CHECK(agent.deliver(command("c2", Verb::stop, "workload:web", 2)).kind == Acceptance::Kind::accepted);
  agent.deliver(command("c3", Verb::resume, "node", 3));
  CHECK_FALSE(should_run(agent.state, agent.state.workloads.at("web")));
}

TEST_CASE("only the control plane lifts a suspension") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::suspend, "node", 1));
  const auto answer = agent.deliver(command("c2", Verb::resume), Origin::local_root);
  CHECK(answer.kind == Acceptance::Kind::refused);
  CHECK(agent.state.node.suspension);
}

TEST_CASE("a workload of a stopped node is not started and the remedy is named") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::stop, "node", 1));
  const auto answer = agent.deliver(command("c2", Verb::start, "workload:web", 2));
  CHECK(answer.code == "node_stopped");
  CHECK(answer.message.find("aura-node start") != std::string::npos);
}

TEST_CASE("a generation from anybody but the control plane is refused") {
  ModelAgent agent = node_with("web");
  CHECK(agent.deliver(command("c1", Verb::stop, "node", 4), Origin::local_root).code == "generation_not_allowed");
  CHECK(agent.deliver(command("c2", Verb::stop, "node", 4), Origin::peer).code == "generation_not_allowed");
}

TEST_CASE("a locked node refuses every remote command but resume") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c0", Verb::suspend, "node", 1));
  agent.deliver(command("c1", Verb::lock), Origin::local_root);
  CHECK(agent.deliver(command("c2", Verb::stop, "node", 2)).code == "locked");
  CHECK(agent.deliver(command("c3", Verb::resume, "node", 3)).kind == Acceptance::Kind::accepted);
  CHECK(agent.deliver(command("c4", Verb::stop), Origin::local_root).kind == Acceptance::Kind::accepted);
}

TEST_CASE("locking needs root and local verbs need the local socket") {
  ModelAgent agent = node_with("web");
  CHECK(agent.deliver(command("c1", Verb::lock), Origin::local_admin).code == "root_only");
  CHECK(agent.deliver(command("c2", Verb::hold), Origin::control).code == "local_only");
}

TEST_CASE("what this version does not do is refused, not ignored") {
  ModelAgent agent = node_with("web");
  auto freeze = command("c1", Verb::suspend, "node", 1);
  freeze.args.mode = "freeze";
  CHECK(agent.deliver(freeze).code == "freeze_unavailable");
}

TEST_CASE("a stage of provisioning shows in the verdict until it is running, and is told as an event") {
  ModelAgent agent = node_with("web");
  const auto enter = [&](const std::string& id, const std::string& stage, const std::string& reason = "") {
    auto made = command(id, Verb::stage);
    made.args.stage = stage;
    made.reason = reason;
    return agent.deliver(made, Origin::local_admin);
  };
  CHECK(enter("c1", "configuring").kind == Acceptance::Kind::accepted);
  CHECK(agent.state.node.stage == Stage{"configuring", ""});
  CHECK(enter("c2", "failed").code == "reason_required");
  enter("c3", "failed", "the image is gone");
  CHECK(agent.state.node.stage == Stage{"failed", "the image is gone"});
  enter("c4", "running");
  CHECK_FALSE(agent.state.node.stage);
  std::vector<std::string> told;
  for (const auto& event : agent.state.events) {
    if (event.kind == "stage") told.push_back(event.data.at("stage"));
  }
  CHECK(told == std::vector<std::string>{"configuring", "failed", "running"});
}

TEST_CASE("a restart that comes after its last moment to begin expires") {
  ModelAgent agent = node_with("web");
  auto late = command("c1", Verb::restart, "workload:web", 1);
  late.expires_in_s = 60;
  late.age_s = 61;
  agent.deliver(late);
  REQUIRE(agent.outcome("c1") != nullptr);
  CHECK(agent.outcome("c1")->kind == protocol::OutcomeKind::expired);
}

TEST_CASE("intents do not expire") {
  ModelAgent agent = node_with("web");
  auto late = command("c1", Verb::stop, "node", 1);
  late.expires_in_s = 60;
  late.age_s = 6000;
  CHECK(agent.deliver(late).kind == Acceptance::Kind::accepted);
}

TEST_CASE("destructive verbs are limited to a burst of 12 and 10 a minute, local root is exempt") {
  ModelAgent agent = node_with("web");
  std::uint64_t generation = 0;
  for (int i = 0; i < 12; ++i) {
    ++generation;
    REQUIRE(agent.deliver(command("c" + std::to_string(i), Verb::stop, "node", generation)).kind ==
            Acceptance::Kind::accepted);
  }
  const auto answer = agent.deliver(command("x", Verb::stop, "node", ++generation));
  CHECK(answer.kind == Acceptance::Kind::deferred);
  CHECK(answer.code == "rate_limited");
  CHECK(answer.retry_after_s == 6);
  CHECK(agent.deliver(command("y", Verb::stop), Origin::local_root).kind == Acceptance::Kind::accepted);
  agent.pass_time(6'000);
  CHECK(agent.deliver(command("x", Verb::stop, "node", generation)).kind == Acceptance::Kind::accepted);
}

TEST_CASE("a node command supersedes open workload commands and never the reverse") {
  ModelAgent agent = node_with("web");
  ModelDocker docker;
  docker.reachable = false;
  agent.deliver(command("c1", Verb::stop, "workload:web", 1));
  agent.deliver(command("c2", Verb::stop, "node", 2));
  REQUIRE(agent.outcome("c1") != nullptr);
  CHECK(agent.outcome("c1")->kind == protocol::OutcomeKind::superseded);
  agent.deliver(command("c3", Verb::stop, "workload:web", 3));
  CHECK(agent.outcome("c2") == nullptr);
}

TEST_CASE("a clone takes nothing until it is adopted") {
  ModelAgent agent = node_with("web");
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t", .cloud_instance_id = "i-1"});
  CHECK_FALSE(agent.state.node.cloned);
  agent.record(record::AgentStarted{.epoch = 3, .agent_version = "t", .cloud_instance_id = "i-2"});
  CHECK(agent.state.node.cloned);
  CHECK(agent.deliver(command("c1", Verb::start, "node", 1)).code == "cloned");
  auto adopt = command("c2", Verb::adopt);
  adopt.args.instance = true;
  CHECK(agent.deliver(adopt, Origin::local_root).kind == Acceptance::Kind::accepted);
  CHECK_FALSE(agent.state.node.cloned);
}

TEST_CASE("a clone stays one over a start that cannot read the machine's id") {
  ModelAgent agent = node_with("web");
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t", .cloud_instance_id = "i-1"});
  agent.record(record::AgentStarted{.epoch = 3, .agent_version = "t", .cloud_instance_id = "i-2"});
  agent.record(record::AgentStarted{.epoch = 4, .agent_version = "t"});
  CHECK(agent.state.node.cloned);
  auto adopt = command("c1", Verb::adopt);
  adopt.args.instance = true;
  agent.deliver(adopt, Origin::local_root);
  agent.record(record::AgentStarted{.epoch = 5, .agent_version = "t", .cloud_instance_id = "i-2"});
  CHECK_FALSE(agent.state.node.cloned);
}

TEST_CASE("sixty-four commands may be open; what makes room for others is taken beyond that") {
  ModelAgent agent = node_with("web");
  for (int i = 0; i < 60; ++i)
    agent.deliver(command("p" + std::to_string(i), Verb::pull, "image:i" + std::to_string(i)));
  for (std::uint64_t i = 0; i < 4; ++i) {
    agent.declare("w" + std::to_string(i), simple_spec());
    agent.deliver(command("s" + std::to_string(i), Verb::start, "workload:w" + std::to_string(i), i + 1));
  }
  const auto answer = agent.deliver(command("x", Verb::pull, "image:more"));
  CHECK(answer.kind == Acceptance::Kind::deferred);
  CHECK(answer.code == "busy");
  CHECK(answer.retry_after_s > 0);
  CHECK(agent.deliver(command("again", Verb::start, "workload:w0", 5)).kind == Acceptance::Kind::accepted);
  CHECK(agent.deliver(command("c", Verb::cancel, "command:p1")).kind == Acceptance::Kind::accepted);
  CHECK(agent.deliver(command("stop", Verb::suspend, "node", 6)).kind == Acceptance::Kind::accepted);
}

TEST_CASE("outcomes that wait to be told are not given up: rather no command is taken from afar") {
  ModelAgent agent(true);
  int taken = 0;
  for (int i = 0; i < 1'100; ++i) {
    const auto answer = agent.deliver(command("c" + std::to_string(i), Verb::start, "workload:none", 1));
    if (answer.kind == Acceptance::Kind::refused) ++taken;
    if (answer.kind == Acceptance::Kind::deferred) CHECK(answer.code == "busy");
  }
  CHECK(taken < static_cast<int>(max_settled));
  for (int i = 0; i < 200; ++i) {
    auto local = command("l" + std::to_string(i), Verb::start, "workload:none");
    local.actor = "local:root";
    agent.deliver(local, Origin::local_root);
  }
  CHECK(agent.outcome("c0") != nullptr);
  CHECK(agent.outcome("c" + std::to_string(taken - 1)) != nullptr);
  CHECK(agent.outcome("l199") != nullptr);
  CHECK(agent.state.settled.size() == max_settled);
}

TEST_CASE("while locked a level is not taken, but for one that only lifts a suspension") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("c1", Verb::suspend, "node", 1));
  agent.deliver(command("l1", Verb::lock), Origin::local_root);
  CHECK_FALSE(accept_wanted(agent.state, {protocol::Intent::stopped, true, "stop", "", "", 2}, agent.now));
  CHECK_FALSE(accept_wanted(agent.state, {protocol::Intent::stopped, false, "", "", "", 2}, agent.now));
  CHECK(accept_wanted(agent.state, {protocol::Intent::running, false, "", "", "", 2}, agent.now));
  agent.deliver(command("l2", Verb::unlock), Origin::local_root);
  CHECK(accept_wanted(agent.state, {protocol::Intent::stopped, false, "", "", "", 2}, agent.now));
}

TEST_CASE("what a locked node refused as a command comes as a level once it is unlocked") {
  ModelAgent agent = node_with("web");
  agent.deliver(command("l1", Verb::lock), Origin::local_root);
  CHECK(agent.deliver(command("c1", Verb::stop, "node", 4)).code == "locked");
  CHECK(agent.state.node.node_generation == 0);
  agent.deliver(command("l2", Verb::unlock), Origin::local_root);
  CHECK(accept_wanted(agent.state, {protocol::Intent::stopped, false, "", "", "", 4}, agent.now));
}
