// Who is a node: enrolment, keys, codes. Who asks without a code: plane_claims.cpp.
#include "common/digest.hpp"
#include "common/ids.hpp"
#include "control/api/plane.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::control {

using protocol::EnrollReply;
using protocol::EnrollRequest;
using protocol::Severity;

namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t code_bytes = 16;
constexpr int patience_s = 60;

}  // namespace

Answer<CodeRecord> Plane::usable_code(const EnrollRequest& request, const Moment& moment) const {
  const auto found = codes_.find(sha256_hex(request.code));
  if (found == codes_.end() || found->second.node_id != request.node_id) {
    return Problem{403, "code_unknown",
                   "this enrolment code is not known for this node; mint one with aura-control enroll"};
  }
  const CodeRecord& code = found->second;
  if (moment.now.wall_ms - code.made_at > code_valid_s * ms_per_s) {
    return Problem{403, "code_expired", "this enrolment code is older than 30 minutes; mint a new one"};
  }
  if (code.spent_by_ledger.empty()) return code;
  // A reply that got lost must not lock the node out: who spent the code may repeat it until it uses its key.
  const auto node = nodes_.find(request.node_id);
  const bool unused = node != nodes_.end() && !node->second.record.key_used;
  if (unused && code.spent_by_ledger == request.ledger_id) return code;
  return Problem{403, "code_spent", "this enrolment code was used already; mint a new one"};
}

Answer<EnrollReply> Plane::enroll(const EnrollRequest& request, const Moment& moment, const Sender& sender) {
  const Node* node = find(request.node_id);
  if (node == nullptr && nodes_.size() >= max_nodes) {
    return Problem{429, "too_many_nodes", "this control plane has all the nodes it can take", {}, {}, patience_s};
  }
  const bool bound = node != nullptr && !node->record.device.empty() && !node->record.reenroll_open;
  if (bound && node->record.device != sender.device) return stranger(*node, sender, moment);
  if (node != nullptr && !node->record.reenroll_open && !fleet::same_claimant(node->record, request)) {
    return Problem{403, "claimed",
                   "this node id belongs to another machine; an operator may run aura-control reenroll"};
  }
  if (request.code.empty()) return claim(request, sender, moment);
  auto code = usable_code(request, moment);
  if (code.has_error()) return code.error();
  Changes changes;
  code->spent_by_ledger = request.ledger_id;
  changes.codes.push_back(*code);
  return admit(request, sender, std::move(changes), moment);
}

Answer<EnrollReply> Plane::admit(const EnrollRequest& request, const Sender& sender, Changes changes,
                                 const Moment& moment) {
  const Node* known = find(request.node_id);
  NodeRecord record = known == nullptr ? NodeRecord{} : known->record;
  const bool other_ledger = record.ledger_id != request.ledger_id;
  if (other_ledger || record.reenroll_open) {
    // Epochs and accepted generations belong to a ledger; one that went back in time begins anew with them.
    record.epoch.reset();
    record.boot_id.clear();
    if (other_ledger) record.confirmed_event_seq = 0;
    record.reported_generation = 0;
    record.node_generation = 0;
  }
  const std::string key = random_hex(key_bytes);
  record.id = request.node_id;
  record.ledger_id = request.ledger_id;
  if (record.reenroll_open || !request.cloud_instance_id.empty()) record.cloud_instance_id = request.cloud_instance_id;
  record.device = sender.device;
  record.device_name = sender.name;
  record.enrolled_at = moment.now.wall_ms;
  record.key_hash = sha256_hex(key);
  record.key_used = false;
  record.reenroll_open = false;
  record.cloned = false;
  if (!record.wanted) {
    record.generation = std::max<std::uint64_t>(record.generation, 1);
    record.wanted = protocol::Wanted{protocol::Intent::running, false, "", "enrolled", "control", record.generation};
  }
  changes.nodes.push_back(record);
  const auto claim = claims_.find(record.id);
  const bool anothers =
      claim != claims_.end() && (claim->second.ledger_id != record.ledger_id || claim->second.device != record.device);
  if (anothers) changes.dropped_claims.push_back(record.id);
  changes.audit.push_back(
      {moment.now.wall_ms, "node:" + record.id, "enrolled", record.id,
       fmt::format("ledger {} instance {} device {}", record.ledger_id, record.cloud_instance_id, record.device)});
  changes.events.push_back(own_event(record.id, "node_enrolled", Severity::info, "the node enrolled", moment));
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  find(record.id)->announced_to = record.confirmed_event_seq;
  // What the new ledger may never have seen goes out again.
  for (OpenCommand& command : find(record.id)->commands) command.sent_mono_ms = never_sent;
  return EnrollReply{key};
}

Answer<void> Plane::check_key(std::string_view node_id, std::string_view key) const {
  const auto found = key.empty() ? node_of_key_.end() : node_of_key_.find(sha256_hex(key));
  if (found == node_of_key_.end()) {
    return Problem{401, "unknown_key", "this node key is not known here; enrol the node"};
  }
  if (found->second != node_id) return Problem{403, "foreign_key", "this node key belongs to another node"};
  return {};
}

Answer<void> Plane::check_key_or_code(std::string_view node_id, std::string_view secret, const Moment& moment) const {
  const auto code = secret.empty() ? codes_.end() : codes_.find(sha256_hex(secret));
  const bool usable = code != codes_.end() && code->second.node_id == node_id && code->second.spent_by_ledger.empty() &&
                      moment.now.wall_ms - code->second.made_at <= code_valid_s * ms_per_s;
  if (usable) return {};
  return check_key(node_id, secret);
}

Answer<std::string> Plane::mint_code(Changes changes, const std::string& node_id, const Moment& moment) {
  // One code a node: a new one ends the older ones.
  for (const auto& [hash, code] : codes_) {
    if (code.node_id == node_id) changes.dropped_codes.push_back(hash);
  }
  if (changes.dropped_codes.empty() && codes_.size() >= max_codes) {
    return Problem{429, "too_many_codes", "too many enrolment codes are open", {}, {}, patience_s};
  }
  const std::string code = random_hex(code_bytes);
  changes.codes.push_back({sha256_hex(code), node_id, moment.now.wall_ms, ""});
  const auto committed = store_.commit(changes);
  if (committed.has_error()) return store_problem(committed.error());
  adopt(changes);
  return code;
}

Answer<std::string> Plane::make_code(const std::string& node_id, const std::string& actor, const Moment& moment) {
  Changes changes;
  changes.audit.push_back({moment.now.wall_ms, actor, "enroll_code", node_id, ""});
  return mint_code(std::move(changes), node_id, moment);
}

Answer<std::string> Plane::reenroll(const std::string& node_id, const std::string& actor, const Moment& moment) {
  const Node* node = find(node_id);
  if (node == nullptr) return Problem{404, "unknown_node", "there is no such node; use aura-control enroll"};
  Changes changes;
  changes.nodes.push_back(node->record);
  changes.nodes.back().reenroll_open = true;
  changes.audit.push_back({moment.now.wall_ms, actor, "reenroll", node_id, ""});
  // Who asked before has been asked about before: an approval of then lets nobody in now.
  if (claims_.contains(node_id)) changes.dropped_claims.push_back(node_id);
  changes.events.push_back(own_event(node_id, "reenrol_opened", Severity::notice,
                                     actor + " lets another machine enrol as this node", moment));
  return mint_code(std::move(changes), node_id, moment);
}

}  // namespace aura::control
