// What a heartbeat does.
#include "common/log.hpp"
#include "control/api/plane.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::control {

using fleet::BeatJudgement;
using fleet::BeatVerdict;
using fleet::Heard;
using protocol::Heartbeat;
using protocol::HeartbeatReply;
using protocol::Severity;

namespace {

constexpr std::int64_t ms_per_s = 1000;

StatusRecord status_after(StatusRecord status, const Heartbeat& beat, int promised_s, const Moment& moment) {
  status.heard_at = moment.now.wall_ms;
  status.promised_s = promised_s;
  status.agent_version = beat.agent_version;
  status.state = beat.state;
  status.intent = beat.intent;
  status.suspended = beat.suspended;
  status.recorded = beat.epoch.has_value() && !beat.ledger_id.empty();
  if (beat.report) {
    status.report = beat.report;
    status.state_hash = beat.state_hash;
  }
  return status;
}

// A stage that the node told as an event stands in its record like one that came by its own route.
void note_stage(NodeRecord& record, const protocol::Event& event) {
  if (event.kind != "stage") return;
  const auto text = [&](const char* key) {
    const auto it = event.data.find(key);
    return it == event.data.end() ? std::string{} : it->second;
  };
  const std::string stage = text("stage");
  if (std::find(protocol::stages.begin(), protocol::stages.end(), stage) == protocol::stages.end()) return;
  record.stage = stage;
  record.stage_reason = text("reason");
}

}  // namespace

Problem Plane::refuse_beat(Node& node, const Heartbeat& beat, const BeatJudgement& judgement, const Moment& moment) {
  if (judgement.verdict == BeatVerdict::new_ledger) {
    return {409, "new_ledger", "this node has another ledger than the one it enrolled with; it must enrol again"};
  }
  const std::uint64_t last = *node.record.epoch;
  if (node.stale_seen != beat.epoch) {
    Changes changes;
    changes.events.push_back(own_event(
        node.record.id, "stale_epoch", Severity::error,
        fmt::format("an agent of epoch {} reports, but epoch {} was heard: it must fence itself", *beat.epoch, last),
        moment));
    const auto committed = store_.commit(changes);
    if (committed.has_error()) return store_problem(committed.error());
    node.stale_seen = beat.epoch;
    adopt(changes);
  }
  return {409, "stale_epoch", fmt::format("epoch {} of this node was heard already", last), {}, last};
}

void Plane::take_outcomes(Node& node, const Heartbeat& beat, Changes& changes, std::vector<OpenCommand>& commands,
                          const Moment& moment) const {
  const auto by_id = [&commands](const std::string& id) {
    return std::find_if(commands.begin(), commands.end(),
                        [&id](const OpenCommand& open) { return open.record.command.id == id; });
  };
  for (const protocol::Deferred& deferred : beat.deferred) {
    const auto open = by_id(deferred.command_id);
    if (open == commands.end()) continue;
    open->record.deferred_code = deferred.code;
    if (open->record.delivered_at == 0) open->record.delivered_at = moment.now.wall_ms;
    open->not_before_mono_ms = moment.mono_ms + deferred.retry_after_s * ms_per_s;
    changes.commands.push_back(open->record);
  }
  for (const protocol::Outcome& outcome : beat.outcomes) {
    changes.outcomes.push_back({node.record.id, outcome});
    const auto open = by_id(outcome.command_id);
    if (open == commands.end()) continue;
    open->record.settled = true;
    open->record.deferred_code.clear();
    if (open->record.delivered_at == 0) open->record.delivered_at = moment.now.wall_ms;
    changes.commands.push_back(open->record);
    commands.erase(open);
  }
}

Answer<HeartbeatReply> Plane::beat(const std::string& node_id, const Heartbeat& beat, const Moment& moment,
                                   const Sender& sender) {
  Node* found = find(node_id);
  if (found == nullptr) return Problem{401, "unknown_key", "this node is not known here; enrol it"};
  Node& node = *found;
  const BeatJudgement judgement = fleet::judge_beat(node.record, beat);
  const bool doubtful = judgement.verdict == BeatVerdict::stale_epoch || judgement.is_clone;
  if (node.record.reenroll_open && doubtful) {
    return Problem{401, "enrol_again", "an operator lets this node enrol again: it needs a new key"};
  }
  if (judgement.verdict != BeatVerdict::taken) return refuse_beat(node, beat, judgement, moment);

  Changes changes;
  NodeRecord record = fleet::after_beat(node.record, beat, judgement);
  if (sender.over_tailnet() && sender.device == record.device) record.device_name = sender.name;
  std::vector<OpenCommand> commands = node.commands;
  std::optional<std::uint64_t> gap_at;
  std::uint64_t announced_to = node.announced_to;
  // Without a readable ledger, numbers mean nothing; a clone's belong to another history.
  const bool countable = !beat.ledger_id.empty() && !judgement.is_clone;
  if (countable) {
    const fleet::EventIntake intake =
        fleet::judge_events(record.confirmed_event_seq, node.announced_to, node.gap_at, beat.events);
    gap_at = intake.gap_at;
    announced_to = intake.announced_to;
    record.confirmed_event_seq = intake.confirmed;
    if (intake.lost) {
      changes.events.push_back(own_event(node_id, "events_lost", Severity::warning,
                                         fmt::format("the node no longer has {} of its events between {} and {}",
                                                     intake.lost->count, intake.lost->first, intake.lost->last),
                                         moment));
    }
    for (const protocol::Event* event : intake.taken) {
      note_stage(record, *event);
      changes.events.push_back({0, node_id, "node", record.ledger_id, *event});
    }
    take_outcomes(node, beat, changes, commands, moment);
  }
  if (record.cloned && !node.record.cloned) {
    changes.events.push_back(own_event(node_id, "clone_seen", Severity::error,
                                       "one epoch is heard from two machines: no command is given", moment));
  }
  const Heard before = liveness(node, moment).heard;
  if (node.shown == Heard::suspect || node.shown == Heard::offline || before == Heard::never) {
    changes.events.push_back(own_event(node_id, "node_heard", Severity::notice,
                                       before == Heard::never ? "the first heartbeat came" : "the node is heard again",
                                       moment));
  }
  if (record.key_used && claims_.contains(node_id)) changes.dropped_claims.push_back(node_id);

  HeartbeatReply reply;
  reply.server_time = moment.now.wall_ms;
  reply.next_heartbeat_s = interval_s();
  reply.long_poll = true;
  reply.confirmed_event_seq = record.confirmed_event_seq;
  if (countable) {
    for (const auto& outcome : beat.outcomes) reply.confirmed_outcomes.push_back(outcome.command_id);
  }
  const StatusRecord status = status_after(node.status, beat, reply.next_heartbeat_s, moment);
  reply.want_report = !beat.report && (!status.report || status.state_hash != beat.state_hash);
  if (judgement.may_command && !record.cloned) {
    if (auto again = fleet::wanted_again(record, beat)) {
      record.generation = again->generation;
      record.wanted = std::move(again);
    }
    const auto is_wanted = [&record](const OpenCommand& open) {
      return record.wanted && open.record.command.generation == record.wanted->generation;
    };
    const bool open = std::any_of(commands.begin(), commands.end(), is_wanted);
    reply.wanted = fleet::wanted_to_send(record, open);
    renumber_due(record, commands, moment, changes);
    // What was sent to the start before may not have arrived; that start's poll hears nothing any more.
    const bool new_start = node.record.epoch && beat.epoch != node.record.epoch;
    if (new_start) {
      for (OpenCommand& command : commands) {
        command.sent_mono_ms = never_sent;
        command.pushed = false;
      }
    }
    const auto due = [&moment](const OpenCommand& command) {
      return moment.mono_ms - command.sent_mono_ms >= fleet::redeliver_after_ms;
    };
    if (node.parked_polls == 0 || new_start) reply.commands = deliver(commands, due, moment, changes);
  }
  if (record != node.record) changes.nodes.push_back(record);
  if (!changes.empty()) {
    changes.statuses.push_back({node_id, status});
    const auto committed = store_.commit(changes);
    if (committed.has_error()) return store_problem(committed.error());
    unwritten_.erase(node_id);
  } else {
    unwritten_.insert(node_id);
    wake_(topic_unwritten);
  }
  adopt(changes);
  node.commands = std::move(commands);
  node.status = status;
  node.heard_mono_ms = moment.mono_ms;
  if (countable) heard_from(node, sender);
  node.shown = Heard::ok;
  node.gap_at = gap_at;
  node.announced_to = announced_to;
  for (const CommandRecord& command : changes.commands) wake_(topic_command(command.command.id));
  // A parked poll does not know yet when the deferred ones are due.
  if (!beat.deferred.empty()) wake_(topic_commands(node_id));
  return reply;
}

Answer<void> Plane::stage(const std::string& node_id, const std::string& stage, const std::string& reason,
                          const Moment& moment) {
  Changes changes;
  if (const Node* node = find(node_id)) {
    changes.nodes.push_back(node->record);
    changes.nodes.back().stage = stage;
    changes.nodes.back().stage_reason = reason;
  }
  changes.events.push_back(own_event(node_id, "stage", stage == "failed" ? Severity::error : Severity::info,
                                     "provisioning stage " + stage + (reason.empty() ? "" : ": " + reason), moment));
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  return {};
}

}  // namespace aura::control
