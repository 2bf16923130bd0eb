// One filled and one bare example of every struct of the protocol.
#pragma once

#include "common/protocol/exchange.hpp"

#include <vector>

namespace aura::protocol::samples {

inline constexpr WallMs noon = 1'800'000'000'000;

inline Target node() { return {}; }
inline Target workload(std::string name) { return {Target::Kind::workload, std::move(name)}; }

inline Command command(Verb verb, Target target = {}, CommandArgs args = {}) {
  Command out;
  out.id = "01JABCDEFGHJKMNPQRSTVWXYZ0";
  out.verb = verb;
  out.target = std::move(target);
  out.args = std::move(args);
  return out;
}

// Each verb with everything it can carry.
inline std::vector<Command> commands() {
  std::vector<Command> out;
  CommandArgs grace;
  grace.grace_s = 330;
  Command restart = command(Verb::restart, workload("web"), grace);
  restart.generation = 42;
  restart.expires_in_s = 600;
  restart.age_s = 3;
  restart.force = true;
  restart.reason = "user request, \"quoted\" and ünicode";
  restart.actor = "dashboard:alice@example.com";
  out.push_back(restart);
  out.push_back(command(Verb::start));
  CommandArgs stop = grace;
  stop.then = "power_off";
  out.push_back(command(Verb::stop, node(), stop));
  CommandArgs suspend = grace;
  suspend.mode = "freeze";
  out.push_back(command(Verb::suspend, node(), suspend));
  out.push_back(command(Verb::resume));
  out.push_back(command(Verb::reboot));
  out.push_back(command(Verb::power_off));
  CommandArgs apply;
  apply.workloads["web"] = R"({"env":{"A":"1\n2"},"image":"busybox:1","ports":["127.0.0.1:80:80"]})";
  apply.workloads["db"] = R"({"image":"postgres"})";
  out.push_back(command(Verb::apply, node(), apply));
  out.push_back(command(Verb::apply));
  apply.dry_run = true;
  out.push_back(command(Verb::apply, node(), apply));
  CommandArgs collect;
  collect.dry_run = true;
  out.push_back(command(Verb::collect, node(), collect));
  out.push_back(command(Verb::pull, {Target::Kind::image, "ghcr.io/openclaw/openclaw@sha256:00"}));
  CommandArgs upgrade;
  upgrade.version = "1:0.2.0~rc1-1+b2";
  out.push_back(command(Verb::upgrade, node(), upgrade));
  out.push_back(command(Verb::decommission));
  out.push_back(command(Verb::cancel, {Target::Kind::command, "01J-x.y:z_9"}));
  CommandArgs hold;
  hold.for_s = 604'800;
  out.push_back(command(Verb::hold, workload("web"), hold));
  out.push_back(command(Verb::release));
  out.push_back(command(Verb::lock));
  out.push_back(command(Verb::unlock));
  CommandArgs adopt;
  adopt.instance = true;
  out.push_back(command(Verb::adopt, node(), adopt));
  CommandArgs reload;
  reload.allow_removal = true;
  out.push_back(command(Verb::reload, node(), reload));
  CommandArgs stage;
  stage.stage = "networking";
  out.push_back(command(Verb::stage, node(), stage));
  return out;
}

inline Outcome outcome() {
  Outcome out;
  out.command_id = "01JABCDEFGHJKMNPQRSTVWXYZ0";
  out.verb = Verb::stop;
  out.target = workload("web");
  out.kind = OutcomeKind::refused;
  out.code = code::stale_generation;
  out.detail = "generation 41 is not above 45";
  out.node_generation = 45;
  out.started_at = noon;
  out.finished_at = noon + 5'000;
  out.actor = "local:root";
  Evidence seen;
  seen.workload = "web";
  seen.state = "stopped";
  seen.exit_code = 137;
  seen.signal = "SIGKILL";
  seen.oom = true;
  seen.duration_ms = 10'042;
  seen.container_id = "f00d";
  seen.started_at = "2026-11-21T10:54:03.123456789Z";
  out.changes = {{"web", "image", R"("web:1")", R"("web:2")"}, {"db", "", "absent", "declared"}};
  out.evidence = {seen, Evidence{"db", "unknown", std::nullopt, "", false, std::nullopt, "", ""}};
  return out;
}

inline Event event(std::uint64_t seq = 7) {
  Event out;
  out.seq = seq;
  out.time = noon;
  out.boot_id = "b0071d";
  out.boot_ms = 123'456;
  out.kind = "workload_exited";
  out.severity = Severity::warning;
  out.workload = "web";
  out.command_id = "01J0";
  out.actor = "dashboard:bob";
  out.text = "web ended with exit code 1";
  out.data = {{"exit_code", "1"}, {"image", "busybox"}};
  out.log_tail = {"line one", "line \t two"};
  return out;
}

inline Event bare_event() {
  Event out;
  out.seq = 1;
  out.kind = "agent_started";
  return out;
}

inline WorkloadReport workload_report() {
  WorkloadReport out;
  out.name = "web";
  out.source = "file";
  out.spec_hash = "v1:abc";
  out.image = "busybox:1";
  out.image_digest = "sha256:00";
  out.intent = Intent::stopped;
  out.state = WorkloadWord::crash_loop;
  out.reason = "ten restarts within ten minutes";
  out.container_id = "f00d";
  out.container_name = "aura-0a1b2c3d-web-1";
  out.started_at = "2026-11-21T10:54:03Z";
  out.health = "unhealthy";
  out.restarts = 12;
  out.budget_used = 10;
  out.budget = 10;
  out.retry_in_s = 0;
  out.last_exit = LastExit{137, "killed by SIGKILL (9)", "SIGKILL", true, "out of memory", noon};
  out.pull = PullProgress{"busybox:1", 10, 100, 1, 4, 5, 18};
  out.usage = WorkloadUsage{20'733'952, 64ULL << 20, 2'215'235, 97.5, 3, 1, 4096, 8192, 736, 42};
  return out;
}

inline Report report() {
  Report out;
  out.node_id = "node-1";
  out.tenant = "acme";
  out.ledger_id = "l1";
  out.boot_id = "b0071d";
  out.agent_version = "0.1.0";
  out.epoch = 17;
  out.state = NodeWord::suspended;
  out.reasons = {"suspended: payment failed", "web is in a crash loop"};
  out.intent = Intent::stopped;
  out.suspension = SuspensionInfo{"freeze", "payment failed", "pipeline", noon};
  out.generation = 45;
  out.node_generation = 42;
  out.locked = true;
  out.held_for_s = 60;
  out.host = HostReport{0.5, 8ULL << 30, 4ULL << 30, 80ULL << 30, 60ULL << 30, 4};
  out.docker = "ok 20.10.24 (API 1.41)";
  out.docker_known = true;
  out.control = "ok, heard 12 s ago";
  out.tailnet = "listener closed: not configured";
  out.workloads = {workload_report(), WorkloadReport{}};
  out.workloads[1].name = "db";
  out.commands = {OpenCommandInfo{
      "01J1", Verb::cancel, {Target::Kind::command, "01J2"}, "local:root", "why", noon, "the rest of the grace"}};
  return out;
}

inline Report bare_report() {
  Report out;
  out.node_id = "node-1";
  return out;
}

inline Heartbeat heartbeat() {
  Heartbeat out;
  out.ledger_id = "l1";
  out.boot_id = "b0071d";
  out.epoch = 17;
  out.cloud_instance_id = "i-1";
  out.seq = 1234;
  out.agent_version = "0.1.0";
  out.state = NodeWord::degraded;
  out.intent = Intent::stopped;
  out.suspended = true;
  out.generation = 45;
  out.node_generation = 42;
  out.state_hash = "abcd";
  out.report = report();
  out.events = {event(1), event(2)};
  out.outcomes = {outcome()};
  out.deferred = {Deferred{"01J5", "busy", 30}};
  return out;
}

// A node that could neither read its ledger nor record its start.
inline Heartbeat nameless_heartbeat() {
  Heartbeat out;
  out.boot_id = "b0071d";
  out.seq = 1;
  out.agent_version = "0.1.0";
  return out;
}

inline HeartbeatReply heartbeat_reply() {
  HeartbeatReply out;
  out.server_time = noon;
  out.next_heartbeat_s = 86'400;
  out.long_poll = true;
  out.want_report = true;
  out.confirmed_event_seq = 991;
  out.confirmed_outcomes = {"01J1", "01J2"};
  out.wanted = Wanted{Intent::stopped, true, "freeze", "payment failed", "pipeline", 43};
  out.commands = commands();
  return out;
}

}  // namespace aura::protocol::samples
