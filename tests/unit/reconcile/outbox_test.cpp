#include "agent/reconcile/events.hpp"
#include "tests/support/model_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::reconcile;
using namespace aura::testing;

TEST_CASE("events are numbered without gaps and leave the outbox only when confirmed") {
  ModelAgent agent(true);
  for (int i = 0; i < 300; ++i) agent.record(record::Noted{.kind = "test", .text = std::to_string(i)});
  const auto& events = agent.state.events;
  REQUIRE(events.size() == agent.state.last_event_seq);
  for (std::size_t i = 1; i < events.size(); ++i) REQUIRE(events[i].seq == events[i - 1].seq + 1);
  agent.record(record::Confirmed{agent.state.last_event_seq, {}});
  CHECK(agent.state.events.size() == history_events);
}

TEST_CASE("an outbox that nobody empties folds its oldest events into one that counts them") {
  ModelAgent agent(true);
  for (std::size_t i = 0; i < max_outbox_events + 500; ++i) agent.record(record::Noted{.kind = "test"});
  const auto& events = agent.state.events;
  CHECK(events.size() == max_outbox_events);
  CHECK(events.front().kind == "events_dropped");
  const auto count = std::stoull(events.front().data.at("count"));
  CHECK(events.front().seq == count);
  CHECK(events[1].seq == count + 1);
  CHECK(events.back().seq == agent.state.last_event_seq);
}

TEST_CASE("confirming more than was told confirms what was told") {
  ModelAgent agent(true);
  agent.record(record::Confirmed{9'999, {}});
  CHECK(agent.state.confirmed_event_seq == agent.state.last_event_seq);
}

TEST_CASE("the last thousand outcomes are kept, those nobody confirmed longest") {
  ModelAgent agent(true);
  for (int i = 0; i < 1'200; ++i) {
    agent.deliver(command("c" + std::to_string(i), protocol::Verb::start, "workload:none"));
    if (i % 2 == 0) agent.record(record::Confirmed{0, {"c" + std::to_string(i)}});
  }
  CHECK(agent.state.settled.size() == max_settled);
  CHECK(agent.outcome("c1") != nullptr);
  CHECK(agent.outcome("c0") == nullptr);
}

TEST_CASE("exit codes are explained in words") {
  CHECK(exit_meaning(0, false) == "ended by itself with exit code 0");
  CHECK(exit_meaning(137, false) == "killed by SIGKILL (exit code 137)");
  CHECK(exit_meaning(137, true).find("memory") != std::string::npos);
  CHECK(exit_meaning(127, false).find("not found") != std::string::npos);
  CHECK(exit_meaning(3, true) == "ended by itself with exit code 3");
}

TEST_CASE("times of another boot keep their distance to the last record") {
  ModelAgent agent;
  agent.declare("web", simple_spec());
  auto hold = command("h1", protocol::Verb::hold, "workload:web");
  hold.args.for_s = 100;
  agent.deliver(hold, Origin::local_admin);
  agent.pass_time(40'000);
  agent.record(record::Noted{.kind = "tick"});
  agent.now.boot_id = "boot-2";
  agent.now.boot_ms = 5'000;
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t"});
  CHECK(agent.state.workloads.at("web").hold->until == 5'000 + 60'000);
}
