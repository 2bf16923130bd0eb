// Commands on their way to a node.
#include "common/protocol/codec.hpp"
#include "control/api/plane.hpp"

#include <algorithm>

namespace aura::control {

using protocol::PollReply;

bool Plane::may_deliver(const Node& node) const { return !node.record.cloned && node.status.recorded; }

bool Plane::renumber_due(NodeRecord& record, std::vector<OpenCommand>& commands, const Moment& moment,
                         Changes& changes) const {
  std::vector<OpenCommand*> again;
  for (OpenCommand& open : commands) {
    if (open.record.deferred_code.empty() || moment.mono_ms < open.not_before_mono_ms) continue;
    open.record.deferred_code.clear();
    again.push_back(&open);
  }
  const bool any = !again.empty();
  // What was ordered after one of them goes out after it, too.
  for (OpenCommand& open : commands) {
    const auto is_earlier = [&open](const OpenCommand* one) {
      return fleet::goes_before(one->record.command, open.record.command);
    };
    const bool listed = std::find(again.begin(), again.end(), &open) != again.end();
    if (!listed && open.record.deferred_code.empty() && std::any_of(again.begin(), again.end(), is_earlier)) {
      again.push_back(&open);
    }
  }
  std::stable_sort(again.begin(), again.end(), [](const OpenCommand* a, const OpenCommand* b) {
    return fleet::goes_before(a->record.command, b->record.command);
  });
  for (OpenCommand* open : again) {
    open->record.number = ++record.last_number;
    open->sent_mono_ms = never_sent;
    open->pushed = false;
    changes.commands.push_back(open->record);
  }
  if (any) {
    std::stable_sort(commands.begin(), commands.end(),
                     [](const OpenCommand& a, const OpenCommand& b) { return a.record.number < b.record.number; });
  }
  return any;
}

// By a command that was ordered before it and that the node deferred.
bool Plane::is_held_back(const std::vector<OpenCommand>& commands, const OpenCommand& later) {
  return std::any_of(commands.begin(), commands.end(), [&later](const OpenCommand& one) {
    return !one.record.deferred_code.empty() && fleet::goes_before(one.record.command, later.record.command);
  });
}

std::vector<protocol::Command> Plane::deliver(std::vector<OpenCommand>& commands, const Choose& choose,
                                              const Moment& moment, Changes& changes) const {
  std::vector<protocol::Command> out;
  std::size_t bytes = 0;
  for (OpenCommand& open : commands) {
    if (!open.record.deferred_code.empty() || !choose(open) || is_held_back(commands, open)) continue;
    protocol::Command command = fleet::as_sent(open.record, moment.now);
    bytes += protocol::encode(command).size();
    if (!out.empty() && bytes > max_delivery_bytes) break;
    out.push_back(std::move(command));
    open.sent_mono_ms = moment.mono_ms;
    if (open.record.delivered_at != 0) continue;
    open.record.delivered_at = moment.now.wall_ms;
    changes.commands.push_back(open.record);
  }
  return out;
}

Answer<PollReply> Plane::poll(const std::string& node_id, std::uint64_t cursor, const Moment& moment) {
  Node* found = find(node_id);
  if (found == nullptr) return Problem{401, "unknown_key", "this node is not known here; enrol it"};
  Node& node = *found;
  PollReply reply;
  reply.cursor = cursor;
  if (!may_deliver(node) || node.commands.empty()) return reply;
  // A cursor from the future is one of a store that was restored since: begin anew, ids tell what is known.
  const std::uint64_t after = cursor > node.record.last_number ? 0 : cursor;
  Changes changes;
  NodeRecord record = node.record;
  std::vector<OpenCommand> commands = node.commands;
  if (renumber_due(record, commands, moment, changes)) changes.nodes.push_back(record);
  const auto is_new = [after](const OpenCommand& open) { return open.record.number > after; };
  reply.commands = deliver(commands, is_new, moment, changes);
  if (reply.commands.empty()) return reply;
  const std::string& last_id = reply.commands.back().id;
  for (const OpenCommand& open : commands) {
    if (open.record.command.id == last_id) reply.cursor = open.record.number;
  }
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  node.commands = std::move(commands);
  for (const auto& command : reply.commands) wake_(topic_command(command.id));
  return reply;
}

std::optional<std::int64_t> Plane::next_due_mono_ms(const std::string& node_id) const {
  const auto found = nodes_.find(node_id);
  std::optional<std::int64_t> next;
  if (found == nodes_.end()) return next;
  for (const OpenCommand& open : found->second.commands) {
    if (open.record.deferred_code.empty()) continue;
    next = std::min(next.value_or(open.not_before_mono_ms), open.not_before_mono_ms);
  }
  return next;
}

void Plane::count_poll(const std::string& node_id, int change) {
  if (Node* node = find(node_id)) node->parked_polls += change;
}

int Plane::parked_polls(const std::string& node_id) const {
  const auto found = nodes_.find(node_id);
  return found == nodes_.end() ? 0 : found->second.parked_polls;
}

}  // namespace aura::control
