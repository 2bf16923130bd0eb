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
  CHECK(events.size() <= max_outbox_events);
  CHECK(events.size() > max_outbox_events * 15 / 16);
  CHECK(events.front().kind == "events_dropped");
  const auto count = std::stoull(events.front().data.at("count"));
  CHECK(events.front().seq == 1);
  CHECK(events.front().data.at("to") == std::to_string(count));
  CHECK(events[1].seq == count + 1);
  CHECK(events.back().seq == agent.state.last_event_seq);
  CHECK(agent.state.events_dropped == count);
}

TEST_CASE("the outbox is bounded in bytes, log tails included") {
  ModelAgent agent(true);
  const std::vector<std::string> tail(8, std::string(1000, 'x'));
  for (int i = 0; i < 1'500; ++i) agent.record(record::Noted{.kind = "test", .log_tail = tail});
  std::size_t bytes = 0;
  for (const auto& event : agent.state.events) bytes += event_bytes(event);
  CHECK(bytes <= max_outbox_bytes);
  CHECK(bytes > max_outbox_bytes * 14 / 16);
  CHECK(agent.state.events.front().kind == "events_dropped");
}

TEST_CASE("a noisy workload does not push out the events of the others") {
  ModelAgent agent(true);
  for (int i = 0; i < 30; ++i) agent.record(record::Noted{.kind = "quiet", .workload = "db"});
  for (std::size_t i = 0; i < max_outbox_events + 2'000; ++i) {
    agent.record(record::Noted{.kind = "noise", .workload = "web"});
    if (i % 1'000 == 0) agent.record(record::Noted{.kind = "quiet", .workload = "db"});
  }
  CHECK(agent.events("quiet") == 42);
  CHECK(agent.events("events_dropped") == 1);
}

TEST_CASE("what gave way is announced before the first gap, and the announcement counts all of it") {
  ModelAgent agent(true);
  for (std::size_t i = 0; i < max_outbox_events + 2'000; ++i) {
    agent.record(record::Noted{.kind = "test", .workload = i % 3 == 0 ? "web" : "db"});
  }
  const auto& events = agent.state.events;
  std::uint64_t expected = agent.state.confirmed_event_seq + 1, missing = 0, announced = 0, to = 0;
  for (const auto& event : events) {
    if (event.seq <= agent.state.confirmed_event_seq) continue;
    if (event.kind == "events_dropped") {
      announced += std::stoull(event.data.at("count"));
      to = std::stoull(event.data.at("to"));
      ++missing;
    } else if (event.seq != expected) {
      missing += event.seq - expected;
      CHECK(event.seq - 1 <= to);
    }
    expected = event.seq + 1;
  }
  CHECK(announced == missing);
  CHECK(missing > 0);
}

TEST_CASE("one event is never larger than a beat can carry") {
  ModelAgent agent(true);
  agent.record(record::Noted{.kind = "test", .text = std::string(1'000'000, 'x')});
  CHECK(agent.state.events.back().text.size() <= 4096);
  CHECK(agent.state.events.back().text.ends_with("…"));
}

TEST_CASE("a ledger that went back in time numbers its events above what the control plane has") {
  ModelAgent agent(true);
  agent.record(record::Noted{.kind = "before"});
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t", .reports = true});
  agent.record(record::Noted{.kind = "since"});
  agent.record(record::Confirmed{9'999, {}});
  const auto& events = agent.state.events;
  REQUIRE(events.size() >= 3);
  CHECK(events.back().seq == 10'001);
  CHECK(events[events.size() - 2].kind == "agent_started");
  CHECK(events[events.size() - 2].seq == 10'000);
  CHECK(events[events.size() - 3].seq < 100);
  CHECK(agent.state.confirmed_event_seq == 9'999);
  CHECK(agent.state.last_event_seq == 10'001);
  agent.record(record::Confirmed{~std::uint64_t{0}, {}});
  CHECK(agent.state.last_event_seq == 10'001);
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

TEST_CASE("time that an idle node was on before it was switched off counts") {
  ModelAgent agent;
  agent.declare("web", simple_spec());
  auto hold = command("h1", protocol::Verb::hold, "workload:web");
  hold.args.for_s = 100;
  agent.deliver(hold, Origin::local_admin);
  agent.pass_time(40'000);
  agent.record(record::AgentStopped{});
  agent.now.boot_id = "boot-2";
  agent.now.boot_ms = 5'000;
  agent.record(record::AgentStarted{.epoch = 2, .agent_version = "t"});
  CHECK(agent.state.workloads.at("web").hold->until == 5'000 + 60'000);
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
