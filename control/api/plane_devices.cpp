// Whose tailnet device a node id is bound to. The key tells who speaks, the device from where: over the tailnet a call
// needs both, since a container on the VM has the device, and a stolen disk the key.
#include "control/api/plane.hpp"

#include <fmt/format.h>

namespace aura::control {

using protocol::Severity;

namespace {

std::string device_words(const std::string& name, const std::string& device) {
  return name.empty() ? device : fmt::format("{} ({})", name, device);
}

}  // namespace

std::string Plane::words_of(const Sender& sender) {
  if (!sender.over_tailnet()) return "somebody outside the tailnet";
  return fmt::format("the device {} at {}", device_words(sender.name, sender.device), sender.address);
}

Problem Plane::stranger(const Node& node, const Sender& sender, const Moment& moment) {
  const std::string& node_id = node.record.id;
  if (strangers_told_.take(node_id + "\n" + sender.device, moment.mono_ms)) {
    Changes changes;
    changes.events.push_back(own_event(
        node_id, "stranger", Severity::warning,
        fmt::format(
            "{} claims to be this node and was refused: it is bound to the device {}. If that is its new device, "
            "run aura-control reenroll {}",
            words_of(sender), device_words(node.record.device_name, node.record.device), node_id),
        moment));
    changes.events.back().event.data = {{"device", sender.device}, {"address", sender.address}};
    const auto committed = store_.commit(changes);
    if (committed.has_error()) return store_problem(committed.error());
    adopt(changes);
  }
  return {403, "wrong_device",
          "this node id is bound to another tailnet device; an operator may run aura-control reenroll " + node_id};
}

Answer<void> Plane::check_device(const std::string& node_id, const Sender& sender, const Moment& moment) {
  const Node* node = find(node_id);
  if (node == nullptr || node->record.device == sender.device) return {};
  const NodeRecord& record = node->record;
  if (!record.device.empty()) {
    if (record.reenroll_open) {
      return Problem{401, "enrol_again", "an operator lets this node enrol again: it needs a new key"};
    }
    return stranger(*node, sender, moment);
  }
  // Enrolled without the tailnet: the first device that has the key is the node's.
  Changes changes;
  changes.nodes.push_back(record);
  changes.nodes.back().device = sender.device;
  changes.nodes.back().device_name = sender.name;
  changes.audit.push_back({moment.now.wall_ms, "node:" + node_id, "device_bound", node_id, words_of(sender)});
  changes.events.push_back(own_event(node_id, "device_bound", Severity::notice,
                                     "from now on this node is " + words_of(sender) + " and nobody else", moment));
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  return {};
}

Answer<void> Plane::check_node(const std::string& node_id, std::string_view key, const Sender& sender,
                               const Moment& moment) {
  const auto known = check_key(node_id, key);
  if (known.has_error()) return known.error();
  return check_device(node_id, sender, moment);
}

Answer<void> Plane::check_stage(const std::string& node_id, std::string_view secret, const Sender& sender,
                                const Moment& moment) {
  const auto known = check_key_or_code(node_id, secret, moment);
  if (known.has_error()) return known.error();
  if (check_key(node_id, secret).has_value()) return check_device(node_id, sender, moment);
  // With a code, by a machine that is not enrolled yet: nothing is bound by it.
  const Node* node = find(node_id);
  const bool bound = node != nullptr && !node->record.device.empty() && !node->record.reenroll_open;
  if (!bound || node->record.device == sender.device) return {};
  return stranger(*node, sender, moment);
}

void Plane::heard_from(Node& node, const Sender& sender) {
  node.address = sender.address;
  node.over_tailnet = sender.over_tailnet();
  node.pushable = sender.over_tailnet();
}

}  // namespace aura::control
