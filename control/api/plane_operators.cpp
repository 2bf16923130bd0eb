// What operators ask for and see.
#include "common/ids.hpp"
#include "control/api/plane.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::control {

using fleet::CommandState;
using protocol::Command;

namespace {

constexpr int recent_commands_shown = 10;
constexpr int queue_retry_after_s = 30;
constexpr std::int64_t ms_per_s = 1000;

Problem unknown_node() { return {404, "unknown_node", "there is no node of this id; aura-control nodes lists them"}; }

bool is_reserved_for(const Command& command) {
  if (command.verb == protocol::Verb::cancel) return true;
  return command.target.kind == protocol::Target::Kind::node && protocol::has_generation(command.verb);
}

}  // namespace

Answer<CommandView> Plane::queue(const std::string& node_id, Command command, const Moment& moment) {
  Node* found = find(node_id);
  if (found == nullptr) return unknown_node();
  Node& node = *found;
  if (const auto refusal = fleet::refuse_command(command)) {
    return Problem{409, std::string(refusal->code), std::string(refusal->message)};
  }
  if (command.id.empty()) {
    command.id = new_id();
  } else {
    auto known = store_.command(command.id);
    if (known.has_error() && known.error().code != Errc::not_found) return store_problem(known.error());
    if (known.has_value()) {
      command.generation = known->command.generation;
      if (known->node_id != node_id || !same_content(known->command, command)) {
        return Problem{409, std::string(protocol::code::id_reused), "another command was given this id before"};
      }
      return view(node, *known, moment);
    }
  }
  const std::size_t limit = max_open_commands + (is_reserved_for(command) ? reserved_commands : 0);
  if (node.commands.size() >= limit) {
    return Problem{429,
                   std::string(protocol::code::busy),
                   fmt::format("{} commands of this node are open already", limit),
                   {},
                   {},
                   queue_retry_after_s};
  }
  NodeRecord record = node.record;
  if (protocol::has_generation(command.verb)) {
    record.generation = fleet::next_generation(record);
    command.generation = record.generation;
  }
  if (auto wanted = fleet::wanted_after(record.wanted, command)) record.wanted = std::move(wanted);
  CommandRecord made;
  made.command = command;
  made.node_id = node_id;
  made.made_at = moment.now.wall_ms;
  made.made_boot_id = moment.now.boot_id;
  made.made_boot_ms = moment.now.boot_ms;
  made.number = ++record.last_number;
  Changes changes;
  changes.nodes.push_back(record);
  changes.commands.push_back(made);
  changes.audit.push_back(
      {moment.now.wall_ms, command.actor, "command", node_id,
       fmt::format("{} {} {} {}", command.id, to_string(command.verb), to_string(command.target), command.reason)});
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  node.commands.push_back({made, never_sent, 0});
  wake_(topic_commands(node_id));
  return view(node, made, moment);
}

Answer<CommandView> Plane::command(const std::string& node_id, const std::string& id, const Moment& moment) {
  const Node* node = find(node_id);
  if (node == nullptr) return unknown_node();
  auto record = store_.command(id);
  if (record.has_error() && record.error().code != Errc::not_found) return store_problem(record.error());
  if (record.has_error() || record->node_id != node_id) {
    return Problem{404, std::string(protocol::code::unknown_command), "this node was given no command of this id"};
  }
  CommandView shown = view(*node, *record, moment);
  if (!record->settled) return shown;
  auto outcome = store_.outcome(node_id, id);
  if (outcome.has_value()) shown.outcome = std::move(*outcome);
  return shown;
}

CommandView Plane::view(const Node& node, const CommandRecord& record, const Moment& moment) const {
  CommandView shown;
  shown.command = protocol::without_specs(record.command);
  shown.node_id = record.node_id;
  shown.state = fleet::command_state(record, liveness(node, moment).heard, node.status.heard_at, moment.now);
  shown.age_s = fleet::age_s(record, moment.now);
  shown.made_at = record.made_at;
  shown.delivered_at = record.delivered_at;
  shown.deferred_code = record.deferred_code;
  if (node.status.report) {
    for (const auto& open : node.status.report->commands) {
      if (open.id == record.command.id) shown.waiting_for = open.waiting_for;
    }
  }
  return shown;
}

NodeView Plane::view(const Node& node, const Moment& moment) const {
  const fleet::Liveness live = liveness(node, moment);
  NodeView shown;
  shown.id = node.record.id;
  shown.verdict = fleet::judge_node(node.record, node.status, live);
  shown.heard = live.heard;
  shown.promised_s = node.status.promised_s;
  shown.lights = fleet::judge_lights(node.status, live, node.over_tailnet);
  shown.over_tailnet = node.over_tailnet;
  shown.address = node.address;
  shown.record = node.record;
  shown.record.key_hash.clear();
  shown.status = node.status;
  shown.wanted = node.record.wanted;
  shown.wanted_reached = node.record.wanted && node.record.node_generation >= node.record.wanted->generation;
  if (live.heard == fleet::Heard::never) return shown;
  shown.due_in_s = live.due_in_ms / ms_per_s;
  const std::int64_t silent_ms =
      node.heard_mono_ms ? moment.mono_ms - *node.heard_mono_ms : moment.now.wall_ms - node.status.heard_at;
  shown.heard_s_ago = std::max<std::int64_t>(0, silent_ms / ms_per_s);
  return shown;
}

std::vector<NodeView> Plane::nodes(const Moment& moment) const {
  std::vector<NodeView> out;
  for (const auto& [id, node] : nodes_) out.push_back(view(node, moment));
  for (const auto& [id, claim] : claims_) {
    if (claim.approved && nodes_.contains(id)) continue;
    NodeView pending;
    pending.id = id;
    pending.verdict.word = "pending";
    const Sender sender{claim.device, claim.device_name, claim.address};
    const std::string who = sender.over_tailnet() ? words_of(sender) + " " : "";
    pending.verdict.reasons.push_back(claim.approved ? "approved; the machine has not come back for its key yet"
                                                     : who + "asks to enrol; aura-control approve " + id +
                                                           " lets it in, aura-control refuse " + id + " turns it away");
    pending.lights = fleet::judge_lights(pending.status, {});
    pending.record.id = id;
    pending.record.ledger_id = claim.ledger_id;
    pending.record.cloud_instance_id = claim.cloud_instance_id;
    pending.record.device = claim.device;
    pending.record.device_name = claim.device_name;
    out.push_back(std::move(pending));
  }
  return out;
}

Answer<NodeView> Plane::node(const std::string& node_id, const Moment& moment) {
  const Node* node = find(node_id);
  if (node == nullptr) return unknown_node();
  NodeView shown = view(*node, moment);
  for (const OpenCommand& open : node->commands) shown.commands.push_back(view(*node, open.record, moment));
  auto recent = store_.recent_commands(node_id, recent_commands_shown);
  if (recent.has_error()) return store_problem(recent.error());
  for (const CommandRecord& record : *recent) {
    if (!record.settled) continue;
    CommandView settled = view(*node, record, moment);
    auto outcome = store_.outcome(node_id, record.command.id);
    if (outcome.has_value()) settled.outcome = std::move(*outcome);
    shown.commands.push_back(std::move(settled));
  }
  return shown;
}

Result<std::vector<EventRecord>> Plane::events(std::uint64_t after, std::string_view node_id, int limit) {
  return store_.events(after, node_id, limit);
}

Result<std::vector<EventRecord>> Plane::last_events(std::string_view node_id, int count) {
  return store_.last_events(node_id, count);
}

}  // namespace aura::control
