#include "harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdlib.h>

#include <filesystem>

namespace aura::control::test {
namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr WallMs first_wall_ms = 1'800'000'000'000;
constexpr std::int64_t first_mono_ms = 5'000'000;

}  // namespace

TemporaryDir::TemporaryDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "aura-control-test-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDir::~TemporaryDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDir::file(std::string_view name) const { return path_ + "/" + std::string(name); }

void ControlPlane::start() {
  if (now.mono_ms == 0) now = {first_mono_ms, {"control-boot", first_mono_ms, first_wall_ms, 0}};
  plane.reset();
  store.reset();
  auto opened = Store::open(dir.file("control.db"));
  REQUIRE(opened.has_value());
  store = std::move(*opened);
  plane =
      std::make_unique<Plane>(*store, PlaneConfig{60}, [this](std::string_view topic) { woken.emplace_back(topic); });
  REQUIRE(plane->load(now).has_value());
}

void ControlPlane::pass_s(std::int64_t seconds) {
  now.mono_ms += seconds * ms_per_s;
  now.now.boot_ms += seconds * ms_per_s;
  now.now.wall_ms += seconds * ms_per_s;
}

std::string ControlPlane::enrolled(const std::string& id, const std::string& ledger, const std::string& instance) {
  const auto code = plane->make_code(id, "operator:test", now);
  REQUIRE(code.has_value());
  const auto reply = plane->enroll({id, *code, instance, ledger}, now);
  REQUIRE(reply.has_value());
  REQUIRE(!reply->node_key.empty());
  return reply->node_key;
}

Answer<protocol::HeartbeatReply> ControlPlane::beat(const protocol::Heartbeat& beat, const std::string& id) {
  return plane->beat(id, beat, now);
}

CommandView ControlPlane::sent(const std::string& verb, const std::string& target, const std::string& reason) {
  protocol::Command command;
  command.verb = protocol::parse_verb(verb).value();
  command.target = protocol::parse_target(target).value();
  command.reason = reason;
  command.actor = "operator:test";
  auto view = plane->queue("vm-1", command, now);
  REQUIRE(view.has_value());
  return *view;
}

std::vector<std::string> ControlPlane::event_kinds() {
  std::vector<std::string> kinds;
  const auto events = plane->events(0, "", 1000);
  REQUIRE(events.has_value());
  for (const EventRecord& record : *events) kinds.push_back(record.event.kind);
  return kinds;
}

NodeView ControlPlane::shown(const std::string& id) {
  auto view = plane->node(id, now);
  REQUIRE(view.has_value());
  return *view;
}

protocol::Heartbeat beat_of(std::uint64_t epoch, const std::string& boot) {
  protocol::Heartbeat beat;
  beat.ledger_id = "L1";
  beat.boot_id = boot;
  beat.epoch = epoch;
  beat.seq = 1;
  beat.agent_version = "0.1.0";
  beat.state = protocol::NodeWord::running;
  beat.state_hash = "hash";
  return beat;
}

protocol::Event event_of(std::uint64_t seq) {
  protocol::Event event;
  event.seq = seq;
  event.time = first_wall_ms;
  event.boot_id = "boot-1";
  event.kind = "workload_exited";
  event.workload = "web";
  event.text = "exited";
  return event;
}

protocol::Outcome outcome_of(const std::string& command_id) {
  protocol::Outcome outcome;
  outcome.command_id = command_id;
  outcome.verb = protocol::Verb::stop;
  outcome.kind = protocol::OutcomeKind::succeeded;
  outcome.detail = "all stopped";
  return outcome;
}

}  // namespace aura::control::test
