// Commands on their way to a node's own API. The long poll brings every command as well: the node knows them by their
// id, so whichever comes first counts.
#include "control/api/plane.hpp"

#include <algorithm>

namespace aura::control {

std::optional<PushTarget> Plane::push_target(const std::string& node_id, const Moment& moment) const {
  const auto found = nodes_.find(node_id);
  if (found == nodes_.end()) return std::nullopt;
  const Node& node = found->second;
  const bool heard = liveness(node, moment).heard == fleet::Heard::ok;
  if (!node.pushable || !heard || node.record.device.empty() || node.address.empty()) return std::nullopt;
  return PushTarget{node.address, node.record.device};
}

std::optional<protocol::Command> Plane::next_push(const std::string& node_id, const Moment& moment) const {
  const auto found = nodes_.find(node_id);
  if (found == nodes_.end() || !may_deliver(found->second)) return std::nullopt;
  const std::vector<OpenCommand>& commands = found->second.commands;
  const auto next = std::find_if(commands.begin(), commands.end(), [&commands](const OpenCommand& open) {
    return !open.pushed && open.record.deferred_code.empty() && !is_held_back(commands, open);
  });
  if (next == commands.end()) return std::nullopt;
  // Whois names the machine, not who has the port there: what may hold secrets waits for the node to ask with its key.
  if (!next->record.command.args.workloads.empty()) return std::nullopt;
  return fleet::as_sent(next->record, moment.now);
}

void Plane::pushed(const std::string& node_id, const std::string& command_id, PushResult result, const Moment& moment) {
  Node* node = find(node_id);
  if (node == nullptr) return;
  if (result == PushResult::failed) node->pushable = false;
  if (result != PushResult::taken && result != PushResult::settled) return;
  const auto open = std::find_if(node->commands.begin(), node->commands.end(),
                                 [&command_id](const OpenCommand& one) { return one.record.command.id == command_id; });
  if (open == node->commands.end()) return;
  open->pushed = true;
  if (result != PushResult::taken) return;
  open->sent_mono_ms = moment.mono_ms;
  if (open->record.delivered_at != 0) return;
  Changes changes;
  changes.commands.push_back(open->record);
  changes.commands.back().delivered_at = moment.now.wall_ms;
  const auto committed = store_.commit(changes);
  // It only shows as not delivered yet; the node's outcome will say more.
  if (committed.has_error()) return static_cast<void>(store_problem(committed.error()));
  open->record = changes.commands.back();
  wake_(topic_command(command_id));
}

}  // namespace aura::control
