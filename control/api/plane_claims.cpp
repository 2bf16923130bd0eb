// Who asks to be a node without a code, and what operators make of it.
#include "control/api/plane.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::control {

using protocol::EnrollReply;
using protocol::EnrollRequest;
using protocol::Severity;

namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr int patience_s = 60;

Sender sender_of(const ClaimRecord& claim) { return {claim.device, claim.device_name, claim.address}; }

std::string audit_words(const ClaimRecord& claim) {
  return fmt::format("ledger {} instance {} device {}", claim.ledger_id, claim.cloud_instance_id, claim.device);
}

std::string key_of(const std::string& node_id, const std::string& device) { return node_id + "\n" + device; }

}  // namespace

// One device that asks for everything must not keep out those that ask for themselves.
std::optional<Problem> Plane::refuse_more_claims(const Sender& sender) const {
  const auto waits = [&sender](const auto& entry) {
    return !entry.second.approved && entry.second.device == sender.device;
  };
  const auto open = static_cast<std::size_t>(std::count_if(claims_.begin(), claims_.end(), waits));
  constexpr std::string_view remedy = "; an operator settles them with aura-control approve or aura-control refuse";
  std::string words;
  if (sender.over_tailnet() && open >= max_claims_of_device) {
    words = fmt::format("this device already asks to be {} nodes", open);
  } else if (!sender.over_tailnet() && open >= max_claims_without_device) {
    words = fmt::format("{} machines outside the tailnet already wait for approval", open);
  } else if (claims_.size() >= max_claims) {
    words = "too many machines wait for approval";
  } else {
    return std::nullopt;
  }
  return Problem{429, "too_many_claims", words + std::string(remedy), {}, {}, patience_s};
}

Answer<EnrollReply> Plane::claim(const EnrollRequest& request, const Sender& sender, const Moment& moment) {
  const auto found = claims_.find(request.node_id);
  const bool same = found != claims_.end() && found->second.ledger_id == request.ledger_id &&
                    found->second.cloud_instance_id == request.cloud_instance_id &&
                    found->second.device == sender.device;
  if (found != claims_.end() && !same) {
    return Problem{403, "claimed", "another machine already asks to be this node; an operator must decide first"};
  }
  if (same && found->second.approved) return admit(request, sender, {}, moment);
  if (same) return EnrollReply{};
  const auto away = turned_away_.find(key_of(request.node_id, sender.device));
  if (away != turned_away_.end() && moment.mono_ms < away->second) {
    return Problem{403, "turned_away",
                   "an operator turned this device away; a code of aura-control enroll " + request.node_id +
                       " lets it in all the same"};
  }
  if (auto refused = refuse_more_claims(sender)) return std::move(*refused);
  Changes changes;
  changes.claims.push_back({request.node_id, request.ledger_id, request.cloud_instance_id, moment.now.wall_ms, false,
                            sender.device, sender.name, sender.address});
  changes.events.push_back(own_event(
      request.node_id, "enrolment_asked", Severity::notice,
      (sender.over_tailnet() ? words_of(sender) + " " : "") + "asks to enrol and waits for aura-control approve",
      moment));
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  return EnrollReply{};
}

Answer<ClaimRecord> Plane::claim_of(const std::string& node_id, const std::string& device) const {
  const auto found = claims_.find(node_id);
  if (found == claims_.end()) {
    return Problem{404, "no_claim", "no machine waits for approval under this node id; see aura-control nodes"};
  }
  if (!device.empty() && found->second.device != device) {
    return Problem{409, "other_device",
                   fmt::format("it is {} that waits under this node id, not the device {}",
                               words_of(sender_of(found->second)), device)};
  }
  return found->second;
}

// A container on the VM asks from the same device: it must not be let in for a node that is well.
std::optional<Problem> Plane::refuse_to_replace(const ClaimRecord& claim, const Moment& moment) const {
  const auto found = nodes_.find(claim.node_id);
  if (found == nodes_.end()) return std::nullopt;
  const NodeRecord& record = found->second.record;
  const bool well = record.key_used && liveness(found->second, moment).heard == fleet::Heard::ok;
  if (!well || record.reenroll_open || record.ledger_id == claim.ledger_id) return std::nullopt;
  return Problem{
      409, "enrolled",
      "this node is enrolled and heard, and to let another in would take its key away: aura-control refuse " +
          claim.node_id + ", or, if it is really to be replaced, aura-control reenroll " + claim.node_id};
}

Answer<ClaimRecord> Plane::approve(const std::string& node_id, const std::string& device, const std::string& actor,
                                   const Moment& moment) {
  auto claim = claim_of(node_id, device);
  if (claim.has_error()) return claim.error();
  if (auto taken = refuse_to_replace(*claim, moment)) return std::move(*taken);
  Changes changes;
  claim->approved = true;
  changes.audit.push_back({moment.now.wall_ms, actor, "approve", node_id, audit_words(*claim)});
  changes.claims.push_back(*claim);
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  return claim;
}

Answer<ClaimRecord> Plane::refuse_claim(const std::string& node_id, const std::string& device, const std::string& actor,
                                        const Moment& moment) {
  auto claim = claim_of(node_id, device);
  if (claim.has_error()) return claim.error();
  // An approved claim outlives its key until that is used (see admit), and dropping it would take nothing back.
  const Node* node = find(node_id);
  const bool has_key = claim->approved && node != nullptr && !node->record.key_used && !node->record.reenroll_open &&
                       node->record.ledger_id == claim->ledger_id && node->record.device == claim->device;
  if (has_key) {
    return Problem{
        409, "enrolled",
        "this machine has its key already; aura-control reenroll " + node_id + " lets another take its place"};
  }
  Changes changes;
  changes.dropped_claims.push_back(node_id);
  changes.audit.push_back({moment.now.wall_ms, actor, "refuse", node_id, audit_words(*claim)});
  changes.events.push_back(own_event(
      node_id, "enrolment_refused", Severity::notice,
      fmt::format("{} turned away {}, which asked to be this node", actor, words_of(sender_of(*claim))), moment));
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  if (!claim->device.empty()) turn_away(key_of(node_id, claim->device), moment);
  return claim;
}

// Else who asks most often would be the next again.
void Plane::turn_away(const std::string& key, const Moment& moment) {
  std::erase_if(turned_away_, [&moment](const auto& entry) { return entry.second <= moment.mono_ms; });
  if (turned_away_.size() >= max_claims) {
    turned_away_.erase(std::min_element(turned_away_.begin(), turned_away_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  turned_away_[key] = moment.mono_ms + turned_away_s * ms_per_s;
}

}  // namespace aura::control
