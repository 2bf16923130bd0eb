#include "control/store/rows.hpp"

#include "common/protocol/codec.hpp"

#include <soci/soci.h>

namespace aura::control::rows {
namespace {

using soci::use;
using Number = long long;

Number number(std::uint64_t value) { return static_cast<Number>(value); }
Number flag(bool value) { return value ? 1 : 0; }
std::string word(std::string_view text) { return std::string(text); }

}  // namespace

void put(soci::session& sql, const NodeRecord& node) {
  const protocol::Wanted wanted = node.wanted.value_or(protocol::Wanted{});
  const Number wanted_generation = node.wanted ? number(wanted.generation) : -1;
  const Number epoch = node.epoch ? number(*node.epoch) : -1;
  const Number enrolled_at = node.enrolled_at, key_used = flag(node.key_used), reenroll = flag(node.reenroll_open);
  const Number cloned = flag(node.cloned), generation = number(node.generation);
  const Number reported = number(node.reported_generation), own = number(node.node_generation);
  const Number suspended = flag(wanted.suspended), confirmed = number(node.confirmed_event_seq);
  const Number last_number = number(node.last_number);
  const std::string intent = word(to_string(wanted.intent));
  sql << "insert or replace into nodes (id, ledger_id, cloud_instance_id, enrolled_at, key_used, reenroll_open, epoch,"
         " boot_id, cloned, generation, reported_generation, node_generation, wanted_generation, wanted_intent,"
         " wanted_suspended, wanted_mode, wanted_reason, wanted_actor, confirmed_event_seq, last_number, stage,"
         " stage_reason, device, device_name)"
         " values (:a,:b,:c,:d,:e,:f,:g,:h,:i,:j,:k,:l,:m,:n,:o,:p,:q,:r,:s,:t,:u,:v,:w,:x)",
      use(node.id), use(node.ledger_id), use(node.cloud_instance_id), use(enrolled_at), use(key_used), use(reenroll),
      use(epoch), use(node.boot_id), use(cloned), use(generation), use(reported), use(own), use(wanted_generation),
      use(intent), use(suspended), use(wanted.mode), use(wanted.reason), use(wanted.actor), use(confirmed),
      use(last_number), use(node.stage), use(node.stage_reason), use(node.device), use(node.device_name);
  sql << "insert or replace into node_keys (node_id, key_hash) values (:n, :k)", use(node.id), use(node.key_hash);
}

void put(soci::session& sql, const NodeStatus& entry) {
  const StatusRecord& status = entry.status;
  const Number heard_at = status.heard_at, promised_s = status.promised_s;
  const Number suspended = flag(status.suspended), recorded = flag(status.recorded);
  const std::string state = word(to_string(status.state)), intent = word(to_string(status.intent));
  sql << "insert or replace into beats (node_id, heard_at, promised_s, agent_version, state, intent, suspended,"
         " recorded, state_hash) values (:a,:b,:c,:d,:e,:f,:g,:h,:i)",
      use(entry.node_id), use(heard_at), use(promised_s), use(status.agent_version), use(state), use(intent),
      use(suspended), use(recorded), use(status.state_hash);
  if (!status.report) return;
  const std::string body = protocol::encode(*status.report);
  sql << "insert or replace into reports (node_id, body) values (:n, :b)", use(entry.node_id), use(body);
}

void put(soci::session& sql, const CommandRecord& record) {
  const std::string body = protocol::encode(record.command);
  const Number made_at = record.made_at, made_boot_ms = record.made_boot_ms, count = number(record.number);
  const Number delivered_at = record.delivered_at, settled = flag(record.settled);
  sql << "insert or replace into commands (id, node_id, body, made_at, made_boot_id, made_boot_ms, number,"
         " delivered_at, deferred_code, settled) values (:a,:b,:c,:d,:e,:f,:g,:h,:i,:j)",
      use(record.command.id), use(record.node_id), use(body), use(made_at), use(record.made_boot_id), use(made_boot_ms),
      use(count), use(delivered_at), use(record.deferred_code), use(settled);
  if (!record.settled) return;
  const Number keep = max_settled_commands_per_node;
  sql << "delete from commands where node_id = :n and settled = 1 and id not in (select id from commands where"
         " node_id = :m and settled = 1 order by made_at desc limit :k)",
      use(record.node_id), use(record.node_id), use(keep);
}

void put(soci::session& sql, const OutcomeRecord& record) {
  const std::string body = protocol::encode(record.outcome);
  sql << "insert or ignore into outcomes (command_id, node_id, body) values (:c, :n, :b)",
      use(record.outcome.command_id), use(record.node_id), use(body);
}

void put(soci::session& sql, const EventRecord& record) {
  const std::string body = protocol::encode(record.event);
  const Number seq = number(record.event.seq);
  sql << "insert or ignore into events (node_id, source, ledger_id, seq, body) values (:a,:b,:c,:d,:e)",
      use(record.node_id), use(record.source), use(record.ledger_id), use(seq), use(body);
}

void put(soci::session& sql, const CodeRecord& code) {
  const Number made_at = code.made_at;
  sql << "insert or replace into enroll_codes (hash, node_id, made_at, spent_by_ledger) values (:a,:b,:c,:d)",
      use(code.hash), use(code.node_id), use(made_at), use(code.spent_by_ledger);
}

void put(soci::session& sql, const ClaimRecord& claim) {
  const Number asked_at = claim.asked_at, approved = flag(claim.approved);
  sql << "insert or replace into claims (node_id, ledger_id, cloud_instance_id, asked_at, approved, device,"
         " device_name, address) values (:a,:b,:c,:d,:e,:f,:g,:h)",
      use(claim.node_id), use(claim.ledger_id), use(claim.cloud_instance_id), use(asked_at), use(approved),
      use(claim.device), use(claim.device_name), use(claim.address);
}

void put(soci::session& sql, const AuditRecord& entry) {
  const Number at = entry.at;
  sql << "insert into audit (at, actor, action, node_id, detail) values (:a,:b,:c,:d,:e)", use(at), use(entry.actor),
      use(entry.action), use(entry.node_id), use(entry.detail);
}

}  // namespace aura::control::rows
