#include "tests/sim/control.hpp"

#include "control/fleet/commands.hpp"

#include <fmt/format.h>

#include <utility>

namespace aura::sim {
namespace fleet = control::fleet;
using protocol::Command;

namespace {

constexpr WorldMs wall_at_start_ms = 1'800'000'000'000;

std::string key_of(const control::NodeRecord& node) { return "key-of-" + node.id + "-" + node.ledger_id; }

Error refused(Errc code, std::string message, int status) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.http_status = status;
  return error;
}

}  // namespace

Result<protocol::EnrollReply> Control::enroll(const protocol::EnrollRequest& request) {
  Node& node = nodes_[request.node_id];
  control::NodeRecord& record = node.record;
  const bool known = !record.id.empty();
  if (known && !record.reenroll_open && !fleet::same_claimant(record, request)) {
    return refused(Errc::forbidden, "this node id belongs to another machine", 403);
  }
  const bool other_ledger = record.ledger_id != request.ledger_id;
  if (other_ledger || record.reenroll_open) {
    record.epoch.reset();
    record.boot_id.clear();
    if (other_ledger) record.confirmed_event_seq = 0;
    // Its numbers were confirmed before another machine took the node id over; they are asked for once more.
    if (other_ledger && !node.ledgers.insert(request.ledger_id).second) node.returned.insert(request.ledger_id);
    record.reported_generation = record.node_generation = 0;
    node.gap_at.reset();
    node.sent_at.clear();
  }
  node.announced_to = record.confirmed_event_seq;
  record.id = request.node_id;
  record.ledger_id = request.ledger_id;
  record.cloud_instance_id = request.cloud_instance_id;
  record.reenroll_open = record.cloned = false;
  if (!record.wanted) {
    record.generation = 1;
    record.wanted = protocol::Wanted{protocol::Intent::running, false, "", "enrolled", "control", 1};
  }
  if (world_.tracing()) world_.say("control", "enrols " + record.id);
  return protocol::EnrollReply{key_of(record)};
}

// It comes again under a new number, and after it what was ordered after it.
void Control::renumber(Node& node, const std::string& id) {
  const auto command = node.commands.find(id);
  if (command == node.commands.end()) return;
  command->second.number = ++node.record.last_number;
  std::map<std::uint64_t, control::CommandRecord*> later;
  for (const auto& open : node.open) {
    control::CommandRecord& other = node.commands[open];
    if (fleet::goes_before(command->second.command, other.command)) later[*other.command.generation] = &other;
  }
  for (const auto& [generation, other] : later) {
    other->number = ++node.record.last_number;
    node.sent_at.erase(other->command.id);
  }
}

void Control::take_outcomes(Node& node, const protocol::Heartbeat& beat) {
  for (const auto& deferred : beat.deferred) {
    node.not_before[deferred.command_id] = world_.now + deferred.retry_after_s * second;
    node.sent_at.erase(deferred.command_id);
    renumber(node, deferred.command_id);
  }
  for (const auto& outcome : beat.outcomes) {
    const auto [first, fresh] = node.outcomes.try_emplace(outcome.command_id, outcome);
    if (!fresh && first->second.kind != outcome.kind && !node.forgetful) {
      world_.violation("control",
                       fmt::format("command {} ended twice: {} and {}", outcome.command_id,
                                   protocol::to_string(first->second.kind), protocol::to_string(outcome.kind)));
    }
    const auto command = node.commands.find(outcome.command_id);
    if (command != node.commands.end()) command->second.settled = true;
    if (node.open.erase(outcome.command_id) > 0 && world_.tracing()) {
      world_.say("control",
                 fmt::format("hears: {} {} {}", outcome.command_id, protocol::to_string(outcome.kind), outcome.detail));
    }
  }
}

Result<protocol::HeartbeatReply> Control::heartbeat(const std::string& id, const std::string& key,
                                                    const protocol::Heartbeat& beat) {
  ++world_.counts["(heartbeats)"];
  Node& node = nodes_[id];
  control::NodeRecord& record = node.record;
  if (record.id.empty() || key != key_of(record)) return refused(Errc::unauthorized, "unknown_key", 401);
  const auto judgement = fleet::judge_beat(record, beat);
  if (judgement.verdict == fleet::BeatVerdict::stale_epoch) {
    return refused(Errc::conflict, fmt::format("stale_epoch {}", *record.epoch), 409);
  }
  if (judgement.verdict == fleet::BeatVerdict::new_ledger) return refused(Errc::conflict, "new_ledger", 409);
  record = fleet::after_beat(record, beat, judgement);
  protocol::HeartbeatReply reply;
  reply.server_time = wall_at_start_ms + world_.now;
  reply.next_heartbeat_s = next_heartbeat_s;
  reply.long_poll = long_poll;
  const bool countable = !beat.ledger_id.empty() && !judgement.is_clone;
  if (countable) {
    const auto intake = fleet::judge_events(record.confirmed_event_seq, node.announced_to, node.gap_at, beat.events);
    if (intake.lost && !node.returned.contains(beat.ledger_id)) {
      world_.violation("control", fmt::format("events {} to {} are lost (ledger {}, epoch {}, instance {})",
                                              intake.lost->first, intake.lost->last, beat.ledger_id.substr(0, 26),
                                              beat.epoch.value_or(0), beat.cloud_instance_id));
    }
    node.gap_at = intake.gap_at;
    node.announced_to = intake.announced_to;
    node.events += intake.taken.size();
    record.confirmed_event_seq = intake.confirmed;
    take_outcomes(node, beat);
    for (const auto& outcome : beat.outcomes) reply.confirmed_outcomes.push_back(outcome.command_id);
  }
  reply.confirmed_event_seq = record.confirmed_event_seq;
  if (judgement.may_command && !record.cloned) {
    if (auto again = fleet::wanted_again(record, beat)) {
      record.generation = again->generation;
      record.wanted = std::move(again);
    }
    bool wanted_is_open = false;
    for (const auto& open : node.open) {
      wanted_is_open =
          wanted_is_open || (record.wanted && node.commands[open].command.generation == record.wanted->generation);
    }
    reply.wanted = fleet::wanted_to_send(record, wanted_is_open);
    reply.commands = due(node, 0, nullptr);
  }
  return reply;
}

// What was sent and not settled goes out again after a while.
std::vector<Command> Control::due(Node& node, std::uint64_t after, std::uint64_t* cursor) {
  std::map<std::uint64_t, control::CommandRecord*> by_number;
  for (const auto& id : node.open) {
    control::CommandRecord& command = node.commands[id];
    const auto wait = node.not_before.find(id);
    if (wait != node.not_before.end() && wait->second > world_.now) continue;
    const auto sent = node.sent_at.find(id);
    const bool waits = sent != node.sent_at.end() && world_.now - sent->second < fleet::redeliver_after_ms;
    if (cursor == nullptr ? waits : command.number <= after) continue;
    by_number[command.number] = &command;
  }
  for (const auto& [id, until] : node.not_before) {
    if (until <= world_.now || !node.open.contains(id)) continue;
    std::erase_if(by_number,
                  [&](const auto& one) { return fleet::goes_before(node.commands[id].command, one.second->command); });
  }
  std::vector<Command> out;
  for (const auto& [number, record] : by_number) {
    Command command = record->command;
    command.age_s = (world_.now - record->made_boot_ms) / second;
    node.sent_at[command.id] = world_.now;
    out.push_back(std::move(command));
    if (cursor != nullptr) *cursor = number;
  }
  return out;
}

Result<protocol::PollReply> Control::poll(const std::string& id, const std::string& key, std::uint64_t cursor) {
  Node& node = nodes_[id];
  if (node.record.id.empty() || key != key_of(node.record)) return refused(Errc::unauthorized, "unknown_key", 401);
  protocol::PollReply reply;
  reply.cursor = cursor;
  if (node.record.cloned) return reply;
  reply.commands = due(node, cursor > node.record.last_number ? 0 : cursor, &reply.cursor);
  return reply;
}

std::string Control::send(const std::string& id, Command command) {
  Node& node = nodes_[id];
  control::NodeRecord& record = node.record;
  if (record.id.empty() || fleet::refuse_command(command)) return "";
  command.id = fmt::format("c{}", ++made_);
  command.actor = "dashboard:alice";
  if (protocol::has_generation(command.verb)) {
    command.generation = record.generation = fleet::next_generation(record);
  }
  if (auto wanted = fleet::wanted_after(record.wanted, command)) record.wanted = std::move(wanted);
  control::CommandRecord& made = node.commands[command.id];
  made.command = command;
  made.made_boot_ms = world_.now;
  made.number = ++record.last_number;
  node.open.insert(command.id);
  if (world_.tracing()) {
    world_.say("control", fmt::format("orders {}: {} {} generation {}", command.id, protocol::to_string(command.verb),
                                      protocol::to_string(command.target), command.generation.value_or(0)));
  }
  if (on_command) on_command(id);
  return command.id;
}

void Control::reenroll(const std::string& id) { nodes_[id].record.reenroll_open = true; }

std::string Control::an_open_command(const std::string& id) {
  const Node& node = nodes_[id];
  return node.open.empty() ? std::string() : *node.open.begin();
}

}  // namespace aura::sim
