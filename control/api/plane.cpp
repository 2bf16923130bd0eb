#include "control/api/plane.hpp"

#include "common/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::control {

using fleet::Heard;
using protocol::Severity;

namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr int store_retry_after_s = 5;

}  // namespace

void throw_exception_from_error(const Problem& problem, const boost::source_location& where) {
  log::error("a failed answer was asked for its value",
             {{"AURA_PROBLEM", problem.code}, {"AURA_WHERE", where.function_name()}});
  std::terminate();
}

Problem store_problem(const Error& error) {
  log::error("the store failed: " + error.message);
  return {503, "store_unavailable", "the store cannot be written now; nothing was done, try again", {},
          {},  store_retry_after_s};
}

std::string topic_commands(std::string_view node_id) { return "commands:" + std::string(node_id); }
std::string topic_command(std::string_view command_id) { return "command:" + std::string(command_id); }

Plane::Plane(Store& store, PlaneConfig config, Wake wake) : store_(store), config_(config), wake_(std::move(wake)) {}

Result<void> Plane::load(const Moment& moment) {
  started_mono_ms_ = moment.mono_ms;
  auto nodes = store_.nodes();
  if (nodes.has_error()) return nodes.error();
  auto statuses = store_.statuses();
  if (statuses.has_error()) return statuses.error();
  auto commands = store_.open_commands();
  if (commands.has_error()) return commands.error();
  auto codes = store_.codes();
  if (codes.has_error()) return codes.error();
  auto claims = store_.claims();
  if (claims.has_error()) return claims.error();

  Changes read;
  read.nodes = std::move(*nodes);
  read.codes = std::move(*codes);
  read.claims = std::move(*claims);
  adopt(read);
  for (NodeStatus& entry : *statuses) {
    if (Node* node = find(entry.node_id)) node->status = std::move(entry.status);
  }
  for (CommandRecord& record : *commands) {
    Node* node = find(record.node_id);
    // When a deferral ends is not stored: after a restart it ends now.
    if (node != nullptr) node->commands.push_back({std::move(record), never_sent, moment.mono_ms});
  }
  for (auto& [id, node] : nodes_) node.shown = liveness(node, moment).heard;
  return {};
}

void Plane::adopt(const Changes& changes) {
  for (const NodeRecord& record : changes.nodes) {
    Node& node = nodes_[record.id];
    if (!node.record.key_hash.empty() && node.record.key_hash != record.key_hash) {
      node_of_key_.erase(node.record.key_hash);
    }
    node_of_key_[record.key_hash] = record.id;
    node.record = record;
  }
  for (const std::string& hash : changes.dropped_codes) codes_.erase(hash);
  for (const CodeRecord& code : changes.codes) codes_[code.hash] = code;
  for (const std::string& node_id : changes.dropped_claims) claims_.erase(node_id);
  for (const ClaimRecord& claim : changes.claims) claims_[claim.node_id] = claim;
  if (!changes.events.empty()) wake_(topic_events);
}

Plane::Node* Plane::find(const std::string& node_id) {
  const auto found = nodes_.find(node_id);
  return found == nodes_.end() ? nullptr : &found->second;
}

int Plane::interval_s() const {
  return std::max(config_.heartbeat_s, static_cast<int>(nodes_.size() / nodes_per_heartbeat_second));
}

fleet::Liveness Plane::liveness(const Node& node, const Moment& moment) const {
  fleet::Hearing hearing;
  hearing.ever = node.status.heard_at != 0;
  hearing.mono_ms = node.heard_mono_ms;
  hearing.promised_s = node.status.promised_s;
  return fleet::judge_liveness(hearing, started_mono_ms_, moment.mono_ms);
}

EventRecord Plane::own_event(const std::string& node_id, std::string_view kind, Severity severity, std::string text,
                             const Moment& moment) {
  EventRecord record;
  record.node_id = node_id;
  record.source = "control";
  record.event.seq = 1;  // the store's id takes its place when it is read
  record.event.time = moment.now.wall_ms;
  record.event.boot_id = moment.now.boot_id;
  record.event.boot_ms = moment.now.boot_ms;
  record.event.kind = kind;
  record.event.severity = severity;
  record.event.text = std::move(text);
  return record;
}

std::int64_t Plane::tick(const Moment& moment) {
  std::int64_t next = moment.mono_ms + interval_s() * ms_per_s;
  Changes changes;
  std::vector<std::pair<Node*, Heard>> fallen;
  for (auto& [id, node] : nodes_) {
    const fleet::Liveness now = liveness(node, moment);
    if (now.changes_at_ms) next = std::min(next, *now.changes_at_ms);
    if (now.heard == node.shown || (now.heard != Heard::suspect && now.heard != Heard::offline)) continue;
    const bool offline = now.heard == Heard::offline;
    const int intervals = offline ? fleet::offline_after_intervals : fleet::suspect_after_intervals;
    changes.events.push_back(own_event(
        id, offline ? "node_offline" : "node_suspect", offline ? Severity::error : Severity::warning,
        fmt::format("no heartbeat for {} promised intervals of {} s", intervals, node.status.promised_s), moment));
    fallen.emplace_back(&node, now.heard);
  }
  for (const auto& [hash, code] : codes_) {
    if (moment.now.wall_ms - code.made_at > code_valid_s * ms_per_s) changes.dropped_codes.push_back(hash);
  }
  for (const auto& [id, claim] : claims_) {
    if (moment.now.wall_ms - claim.asked_at > claim_valid_s * ms_per_s) changes.dropped_claims.push_back(id);
  }
  const auto committed = store_.commit(changes);
  if (committed.has_error()) {
    store_problem(committed.error());
    return moment.mono_ms + store_retry_after_s * ms_per_s;
  }
  for (auto& [node, heard] : fallen) node->shown = heard;
  adopt(changes);
  return next;
}

Result<void> Plane::flush() {
  Changes changes;
  for (const std::string& id : unwritten_) {
    if (const Node* node = find(id)) changes.statuses.push_back({id, node->status});
  }
  auto committed = store_.commit(changes);
  if (committed.has_value()) unwritten_.clear();
  return committed;
}

}  // namespace aura::control
