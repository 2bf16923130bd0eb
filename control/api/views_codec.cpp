// The operators' views as JSON; the wire structs inside are those of common/protocol.
#include "control/api/views.hpp"

#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/json_structs.hpp"

namespace aura::control {
namespace {

using namespace protocol::json;  // NOLINT: this file is a codec too
using protocol::Wanted;

Value or_null(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value(nullptr); }

Object write_wanted(const Wanted& wanted, bool reached) {
  Object out;
  put(out, "intent", to_string(wanted.intent));
  out["suspended"] = wanted.suspended;
  put_some(out, "mode", wanted.mode);
  put_some(out, "reason", wanted.reason);
  put_some(out, "actor", wanted.actor);
  out["generation"] = wanted.generation;
  out["reached"] = reached;
  return out;
}

Wanted read_wanted(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Wanted out;
  out.intent = fields.word("intent", protocol::parse_intent);
  out.suspended = fields.flag("suspended", Need::required);
  out.mode = fields.text("mode", Need::optional);
  out.reason = fields.text("reason", Need::optional);
  out.actor = fields.text("actor", Need::optional);
  out.generation = fields.count("generation", Need::required).value_or(0);
  return out;
}

Object write_view(const CommandView& view) {
  Object out;
  out["command"] = protocol::json::write_command(view.command);
  put(out, "node_id", view.node_id);
  put(out, "state", fleet::to_string(view.state));
  out["age_s"] = view.age_s;
  put_time(out, "made_at", view.made_at);
  put_some_time(out, "delivered_at", view.delivered_at);
  put_some(out, "deferred_code", view.deferred_code);
  put_some(out, "waiting_for", view.waiting_for);
  out["outcome"] = view.outcome ? Value(protocol::json::write_outcome(*view.outcome)) : Value(nullptr);
  return out;
}

CommandView read_view(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  CommandView out;
  if (auto command = fields.nested("command", Need::required, protocol::json::read_command)) {
    out.command = std::move(*command);
  }
  out.node_id = fields.text("node_id", Need::required);
  out.state = fields.word("state", fleet::parse_command_state);
  out.age_s = fields.integer("age_s", Need::required, 0, static_cast<std::int64_t>(max_number)).value_or(0);
  out.made_at = fields.time("made_at", Need::required);
  out.delivered_at = fields.time("delivered_at", Need::optional);
  out.deferred_code = fields.text("deferred_code", Need::optional);
  out.waiting_for = fields.text("waiting_for", Need::optional);
  out.outcome = fields.nested("outcome", Need::optional, protocol::json::read_outcome);
  return out;
}

Object write_lights(const fleet::Lights& lights) {
  Object out;
  put(out, "heartbeat", lights.heartbeat);
  put(out, "docker", lights.docker);
  put(out, "tailnet", lights.tailnet);
  put(out, "cloud_api", lights.cloud_api);
  put(out, "workloads", lights.workloads);
  return out;
}

fleet::Lights read_lights(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  return {fields.text("heartbeat", Need::required), fields.text("docker", Need::required),
          fields.text("tailnet", Need::required), fields.text("cloud_api", Need::required),
          fields.text("workloads", Need::required)};
}

void write_identity(Object& out, const NodeRecord& record) {
  put(out, "ledger_id", record.ledger_id);
  put_some(out, "cloud_instance_id", record.cloud_instance_id);
  put_some_time(out, "enrolled_at", record.enrolled_at);
  put_some(out, "epoch", record.epoch);
  put_some(out, "boot_id", record.boot_id);
  out["cloned"] = record.cloned;
  out["reenroll_open"] = record.reenroll_open;
  out["generation"] = record.generation;
  out["reported_generation"] = record.reported_generation;
  out["node_generation"] = record.node_generation;
  out["confirmed_event_seq"] = record.confirmed_event_seq;
  put_some(out, "device", record.device);
  put_some(out, "device_name", record.device_name);
  put_some(out, "stage", record.stage);
  put_some(out, "stage_reason", record.stage_reason);
}

NodeRecord read_identity(const Fields& fields) {
  NodeRecord out;
  out.id = fields.text("node_id", Need::required);
  out.ledger_id = fields.text("ledger_id", Need::optional);
  out.cloud_instance_id = fields.text("cloud_instance_id", Need::optional);
  out.enrolled_at = fields.time("enrolled_at", Need::optional);
  out.epoch = fields.count("epoch", Need::optional);
  out.boot_id = fields.text("boot_id", Need::optional);
  out.cloned = fields.flag("cloned", Need::optional);
  out.reenroll_open = fields.flag("reenroll_open", Need::optional);
  out.generation = fields.count("generation", Need::optional).value_or(0);
  out.reported_generation = fields.count("reported_generation", Need::optional).value_or(0);
  out.node_generation = fields.count("node_generation", Need::optional).value_or(0);
  out.confirmed_event_seq = fields.count("confirmed_event_seq", Need::optional).value_or(0);
  out.device = fields.text("device", Need::optional);
  out.device_name = fields.text("device_name", Need::optional);
  out.stage = fields.text("stage", Need::optional);
  out.stage_reason = fields.text("stage_reason", Need::optional);
  return out;
}

void write_status(Object& out, const StatusRecord& status) {
  put_some_time(out, "heard_at", status.heard_at);
  put_some(out, "agent_version", status.agent_version);
  put(out, "state", to_string(status.state));
  put(out, "intent", to_string(status.intent));
  out["suspended"] = status.suspended;
}

StatusRecord read_status(const Fields& fields) {
  StatusRecord out;
  out.heard_at = fields.time("heard_at", Need::optional);
  out.agent_version = fields.text("agent_version", Need::optional);
  out.state = fields.word("state", protocol::parse_node_word);
  out.intent = fields.word("intent", protocol::parse_intent);
  out.suspended = fields.flag("suspended", Need::required);
  return out;
}

// A list carries only the names and states of workloads.
Array brief_workloads(const StatusRecord& status) {
  Array out;
  if (!status.report) return out;
  for (const auto& workload : status.report->workloads) {
    Object brief;
    put(brief, "name", workload.name);
    put(brief, "state", to_string(workload.state));
    out.push_back(std::move(brief));
  }
  return out;
}

protocol::WorkloadReport read_brief(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  protocol::WorkloadReport out;
  out.name = fields.text("name", Need::required);
  out.state = fields.word("state", protocol::parse_workload_word);
  return out;
}

Object write_node(const NodeView& node, Detail detail) {
  Object out;
  put(out, "node_id", node.id);
  put(out, "verdict", node.verdict.word);
  out["reasons"] = text_array(node.verdict.reasons);
  put(out, "heard", fleet::to_string(node.heard));
  out["heard_s_ago"] = or_null(node.heard_s_ago);
  out["due_in_s"] = or_null(node.due_in_s);
  out["promised_s"] = node.promised_s;
  out["lights"] = write_lights(node.lights);
  out["over_tailnet"] = node.over_tailnet;
  put_some(out, "address", node.address);
  write_identity(out, node.record);
  write_status(out, node.status);
  out["wanted"] = node.wanted ? Value(write_wanted(*node.wanted, node.wanted_reached)) : Value(nullptr);
  out["workloads"] = brief_workloads(node.status);
  if (detail == Detail::list) return out;
  out["report"] = node.status.report ? Value(protocol::json::write_report(*node.status.report)) : Value(nullptr);
  out["commands"] = array_of(node.commands, write_view);
  return out;
}

NodeView read_node(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  constexpr auto far = static_cast<std::int64_t>(max_number);
  NodeView out;
  out.record = read_identity(fields);
  out.id = out.record.id;
  out.verdict = {fields.text("verdict", Need::required), fields.texts("reasons", Need::required)};
  out.heard = fields.word("heard", fleet::parse_heard);
  out.heard_s_ago = fields.integer("heard_s_ago", Need::optional, 0, far);
  out.due_in_s = fields.integer("due_in_s", Need::optional, -far, far);
  out.promised_s = static_cast<int>(fields.integer("promised_s", Need::required, 0, 86'400).value_or(0));
  out.lights = fields.nested("lights", Need::required, read_lights).value_or(fleet::Lights{});
  out.over_tailnet = fields.flag("over_tailnet", Need::optional);
  out.address = fields.text("address", Need::optional);
  out.status = read_status(fields);
  out.status.promised_s = out.promised_s;
  out.wanted = fields.nested("wanted", Need::optional, read_wanted);
  const auto reached = fields.nested("wanted", Need::optional, [](const Value& v, const Path& p, Problem& own) {
    return Fields(v, p, own).flag("reached", Need::required);
  });
  out.wanted_reached = reached.value_or(false);
  out.status.report = fields.nested("report", Need::optional, protocol::json::read_report);
  if (!out.status.report) {
    auto brief = fields.list("workloads", Need::optional, any_length, read_brief);
    if (!brief.empty()) out.status.report = protocol::Report{};
    if (!brief.empty()) out.status.report->workloads = std::move(brief);
  }
  out.commands = fields.list("commands", Need::optional, any_length, read_view);
  return out;
}

Object write_event_record(const EventRecord& record) {
  Object out;
  out["id"] = record.id;
  put(out, "node_id", record.node_id);
  put(out, "source", record.source);
  put_some(out, "ledger_id", record.ledger_id);
  out["event"] = protocol::json::write_event(record.event);
  return out;
}

EventRecord read_event_record(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  EventRecord out;
  out.id = fields.count("id", Need::required).value_or(0);
  out.node_id = fields.text("node_id", Need::required);
  out.source = fields.text("source", Need::required);
  out.ledger_id = fields.text("ledger_id", Need::optional);
  if (auto event = fields.nested("event", Need::required, protocol::json::read_event)) out.event = std::move(*event);
  return out;
}

template <class Item, class Read>
Result<std::vector<Item>> read_array(std::string_view json, std::string_view key, Read read) {
  return decode(json, [&](const Value& value, const Path& path, Problem& problem) {
    return Fields(value, path, problem).list(key, Need::required, any_length, read);
  });
}

}  // namespace

std::string encode_node(const NodeView& node, Detail detail) {
  return boost::json::serialize(write_node(node, detail));
}

std::string encode_nodes(const std::vector<NodeView>& nodes) {
  Object out;
  out["nodes"] = array_of(nodes, [](const NodeView& node) { return write_node(node, Detail::list); });
  return boost::json::serialize(out);
}

std::string encode_command(const CommandView& command) { return boost::json::serialize(write_view(command)); }
std::string encode_event(const EventRecord& event) { return boost::json::serialize(write_event_record(event)); }

std::string encode_events(const std::vector<EventRecord>& events) {
  Object out;
  out["events"] = array_of(events, write_event_record);
  return boost::json::serialize(out);
}

Result<NodeView> decode_node(std::string_view json) { return decode(json, read_node); }
Result<std::vector<NodeView>> decode_nodes(std::string_view json) {
  return read_array<NodeView>(json, "nodes", read_node);
}
Result<CommandView> decode_command_view(std::string_view json) { return decode(json, read_view); }
Result<EventRecord> decode_event_record(std::string_view json) { return decode(json, read_event_record); }
Result<std::vector<EventRecord>> decode_event_records(std::string_view json) {
  return read_array<EventRecord>(json, "events", read_event_record);
}

}  // namespace aura::control
