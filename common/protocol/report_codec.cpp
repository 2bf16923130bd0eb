// Events and reports as JSON.
#include "common/protocol/codec.hpp"
#include "common/protocol/json_structs.hpp"

#include <cmath>

namespace aura::protocol {
namespace json {
namespace {

constexpr auto max_signed = static_cast<std::int64_t>(max_number);

int whole(const Fields& fields, std::string_view key) {
  return static_cast<int>(fields.integer(key, Need::required, 0, std::numeric_limits<int>::max()).value_or(0));
}

std::uint32_t whole_u32(const Fields& fields, std::string_view key) {
  return static_cast<std::uint32_t>(
      fields.integer(key, Need::required, 0, std::numeric_limits<std::uint32_t>::max()).value_or(0));
}

std::uint64_t bytes(const Fields& fields, std::string_view key) {
  return fields.count(key, Need::required).value_or(0);
}

Object write_last_exit(const LastExit& exit) {
  Object out;
  out["code"] = exit.code;
  put(out, "meaning", exit.meaning);
  put_some(out, "signal", exit.signal);
  out["oom"] = exit.oom;
  put_some(out, "why", exit.why);
  put_some_time(out, "at", exit.at);
  return out;
}

LastExit read_last_exit(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  LastExit out;
  out.code = static_cast<int>(
      fields.integer("code", Need::required, std::numeric_limits<int>::min(), std::numeric_limits<int>::max())
          .value_or(0));
  out.meaning = fields.text("meaning", Need::required);
  out.signal = fields.text("signal", Need::optional);
  out.oom = fields.flag("oom", Need::required);
  out.why = fields.text("why", Need::optional);
  out.at = fields.time("at", Need::optional);
  return out;
}

Object write_pull(const PullProgress& pull) {
  Object out;
  put(out, "image", pull.image);
  out["bytes"] = pull.bytes;
  out["total_bytes"] = pull.total_bytes;
  out["layers_done"] = pull.layers_done;
  out["layers"] = pull.layers;
  if (pull.rate_bytes_per_s != 0) out["rate_bytes_per_s"] = pull.rate_bytes_per_s;
  put_some(out, "left_s", pull.left_s);
  return out;
}

PullProgress read_pull(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  PullProgress out;
  out.image = fields.text("image", Need::required);
  out.bytes = bytes(fields, "bytes");
  out.total_bytes = bytes(fields, "total_bytes");
  out.layers_done = whole(fields, "layers_done");
  out.layers = whole(fields, "layers");
  out.rate_bytes_per_s = fields.count("rate_bytes_per_s", Need::optional).value_or(0);
  out.left_s = fields.integer("left_s", Need::optional, 0, max_signed);
  return out;
}

Object write_usage(const WorkloadUsage& usage) {
  Object out;
  out["memory_bytes"] = usage.memory_bytes;
  if (usage.memory_limit_bytes != 0) out["memory_limit_bytes"] = usage.memory_limit_bytes;
  out["cpu_us"] = usage.cpu_us;
  if (usage.cpu_percent && std::isfinite(*usage.cpu_percent)) out["cpu_percent"] = *usage.cpu_percent;
  out["pids"] = usage.pids;
  if (usage.oom_kills != 0) out["oom_kills"] = usage.oom_kills;
  out["block_read_bytes"] = usage.block_read_bytes;
  out["block_write_bytes"] = usage.block_write_bytes;
  put_some(out, "network_receive_bytes", usage.network_receive_bytes);
  put_some(out, "network_transmit_bytes", usage.network_transmit_bytes);
  return out;
}

WorkloadUsage read_usage(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  WorkloadUsage out;
  out.memory_bytes = bytes(fields, "memory_bytes");
  out.memory_limit_bytes = fields.count("memory_limit_bytes", Need::optional).value_or(0);
  out.cpu_us = bytes(fields, "cpu_us");
  if (fields.find("cpu_percent", Need::optional) != nullptr) {
    out.cpu_percent = fields.real("cpu_percent", Need::optional);
    if (*out.cpu_percent < 0) fields.wrong("cpu_percent", "must be at least 0");
  }
  out.pids = bytes(fields, "pids");
  out.oom_kills = fields.count("oom_kills", Need::optional).value_or(0);
  out.block_read_bytes = bytes(fields, "block_read_bytes");
  out.block_write_bytes = bytes(fields, "block_write_bytes");
  out.network_receive_bytes = fields.count("network_receive_bytes", Need::optional);
  out.network_transmit_bytes = fields.count("network_transmit_bytes", Need::optional);
  return out;
}

Object write_workload(const WorkloadReport& workload) {
  Object out;
  put(out, "name", workload.name);
  put_some(out, "source", workload.source);
  put_some(out, "spec_hash", workload.spec_hash);
  put(out, "image", workload.image);
  put_some(out, "image_digest", workload.image_digest);
  put(out, "intent", to_string(workload.intent));
  put(out, "state", to_string(workload.state));
  put_some(out, "reason", workload.reason);
  put_some(out, "container_id", workload.container_id);
  put_some(out, "container_name", workload.container_name);
  put_some(out, "started_at", workload.started_at);
  put_some(out, "health", workload.health);
  out["restarts"] = workload.restarts;
  out["budget_used"] = workload.budget_used;
  out["budget"] = workload.budget;
  put_some(out, "retry_in_s", workload.retry_in_s);
  if (workload.last_exit) out["last_exit"] = write_last_exit(*workload.last_exit);
  if (workload.pull) out["pull"] = write_pull(*workload.pull);
  if (workload.usage) out["usage"] = write_usage(*workload.usage);
  return out;
}

WorkloadReport read_workload(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  WorkloadReport out;
  out.name = fields.text("name", Need::required);
  out.source = fields.text("source", Need::optional);
  out.spec_hash = fields.text("spec_hash", Need::optional);
  out.image = fields.text("image", Need::required);
  out.image_digest = fields.text("image_digest", Need::optional);
  out.intent = fields.word("intent", parse_intent);
  out.state = fields.word("state", parse_workload_word);
  out.reason = fields.text("reason", Need::optional);
  out.container_id = fields.text("container_id", Need::optional);
  out.container_name = fields.text("container_name", Need::optional);
  out.started_at = fields.text("started_at", Need::optional);
  out.health = fields.text("health", Need::optional);
  out.restarts = whole_u32(fields, "restarts");
  out.budget_used = whole_u32(fields, "budget_used");
  out.budget = whole_u32(fields, "budget");
  out.retry_in_s = fields.integer("retry_in_s", Need::optional, 0, max_signed);
  out.last_exit = fields.nested("last_exit", Need::optional, read_last_exit);
  out.pull = fields.nested("pull", Need::optional, read_pull);
  out.usage = fields.nested("usage", Need::optional, read_usage);
  return out;
}

Object write_host(const HostReport& host) {
  Object out;
  out["load1"] = std::isfinite(host.load1) ? host.load1 : 0.0;
  out["memory_bytes"] = host.memory_bytes;
  out["memory_available_bytes"] = host.memory_available_bytes;
  out["disk_bytes"] = host.disk_bytes;
  out["disk_available_bytes"] = host.disk_available_bytes;
  out["cpus"] = host.cpus;
  if (host.clock_offset_ms) out["clock_offset_ms"] = *host.clock_offset_ms;
  return out;
}

HostReport read_host(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  HostReport out;
  out.load1 = fields.real("load1", Need::required);
  out.memory_bytes = bytes(fields, "memory_bytes");
  out.memory_available_bytes = bytes(fields, "memory_available_bytes");
  out.disk_bytes = bytes(fields, "disk_bytes");
  out.disk_available_bytes = bytes(fields, "disk_available_bytes");
  out.cpus = whole(fields, "cpus");
  out.clock_offset_ms = fields.integer("clock_offset_ms", Need::optional, -max_signed, max_signed);
  return out;
}

Object write_suspension(const SuspensionInfo& suspension) {
  Object out;
  put(out, "mode", suspension.mode);
  put(out, "reason", suspension.reason);
  put_some(out, "actor", suspension.actor);
  put_some_time(out, "since", suspension.since);
  return out;
}

SuspensionInfo read_suspension(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  SuspensionInfo out;
  out.mode = fields.text("mode", Need::required);
  out.reason = fields.text("reason", Need::required);
  out.actor = fields.text("actor", Need::optional);
  out.since = fields.time("since", Need::optional);
  return out;
}

Object write_open_command(const OpenCommandInfo& command) {
  Object out;
  put(out, "id", command.id);
  put(out, "verb", to_string(command.verb));
  put(out, "target", to_string(command.target));
  put_some(out, "actor", command.actor);
  put_some(out, "reason", command.reason);
  put_some_time(out, "accepted_at", command.accepted_at);
  put_some(out, "waiting_for", command.waiting_for);
  return out;
}

OpenCommandInfo read_open_command(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  OpenCommandInfo out;
  out.id = fields.text("id", Need::required);
  out.verb = fields.word("verb", parse_verb);
  const auto target = parse_target(fields.text("target", Need::required));
  if (!target) fields.wrong("target", "must be node, workload:NAME, image:REF or command:ID");
  out.target = target.value_or(Target{});
  out.actor = fields.text("actor", Need::optional);
  out.reason = fields.text("reason", Need::optional);
  out.accepted_at = fields.time("accepted_at", Need::optional);
  out.waiting_for = fields.text("waiting_for", Need::optional);
  return out;
}

}  // namespace

Object write_event(const Event& event) {
  Object out;
  out["seq"] = event.seq;
  put_time(out, "time", event.time);
  put(out, "boot_id", event.boot_id);
  out["boot_ms"] = event.boot_ms;
  put(out, "kind", event.kind);
  put(out, "severity", to_string(event.severity));
  put_some(out, "workload", event.workload);
  put_some(out, "command_id", event.command_id);
  put_some(out, "actor", event.actor);
  put(out, "text", event.text);
  if (!event.data.empty()) {
    Object data;
    for (const auto& [key, text] : event.data) data[valid_utf8(key)] = text_value(text);
    out["data"] = std::move(data);
  }
  if (!event.log_tail.empty()) out["log_tail"] = text_array(event.log_tail);
  return out;
}

Event read_event(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Event out;
  out.seq = fields.count("seq", Need::required, 1).value_or(0);
  out.time = fields.time("time", Need::required);
  out.boot_id = fields.text("boot_id", Need::required);
  out.boot_ms = fields.integer("boot_ms", Need::required, 0, max_signed).value_or(0);
  out.kind = fields.text("kind", Need::required);
  out.severity = fields.word("severity", parse_severity);
  out.workload = fields.text("workload", Need::optional);
  out.command_id = fields.text("command_id", Need::optional);
  out.actor = fields.text("actor", Need::optional);
  out.text = fields.text("text", Need::required);
  out.data = fields.text_map("data");
  out.log_tail = fields.texts("log_tail", Need::optional);
  return out;
}

Object write_tailnet(const TailnetReport& tailnet) {
  Object out;
  put(out, "state", tailnet.state);
  put_some(out, "name", tailnet.name);
  put_some(out, "listening", tailnet.listening);
  out["addresses"] = text_array(tailnet.addresses);
  out["health"] = text_array(tailnet.health);
  put_some_time(out, "key_expiry", tailnet.key_expiry);
  put_some(out, "control_path", tailnet.control_path);
  put_some(out, "control_via", tailnet.control_via);
  return out;
}

TailnetReport read_tailnet(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  TailnetReport out;
  out.state = fields.text("state", Need::required);
  out.name = fields.text("name", Need::optional);
  out.listening = fields.text("listening", Need::optional);
  out.addresses = fields.texts("addresses", Need::required);
  out.health = fields.texts("health", Need::required);
  out.key_expiry = fields.time("key_expiry", Need::optional);
  out.control_path = fields.text("control_path", Need::optional);
  out.control_via = fields.text("control_via", Need::optional);
  return out;
}

Object write_report(const Report& report) {
  Object out;
  put(out, "node_id", report.node_id);
  put_some(out, "tenant", report.tenant);
  put_some(out, "ledger_id", report.ledger_id);
  put(out, "boot_id", report.boot_id);
  put(out, "agent_version", report.agent_version);
  out["epoch"] = report.epoch;
  put(out, "state", to_string(report.state));
  out["reasons"] = text_array(report.reasons);
  put(out, "intent", to_string(report.intent));
  if (report.suspension) out["suspension"] = write_suspension(*report.suspension);
  out["generation"] = report.generation;
  out["node_generation"] = report.node_generation;
  out["locked"] = report.locked;
  put_some(out, "held_for_s", report.held_for_s);
  out["host"] = write_host(report.host);
  put(out, "docker", report.docker);
  out["docker_known"] = report.docker_known;
  put(out, "control", report.control);
  out["control_heard"] = report.control_heard;
  put(out, "tailnet", report.tailnet);
  if (report.tailnet_facts) out["tailnet_facts"] = write_tailnet(*report.tailnet_facts);
  out["workloads"] = array_of(report.workloads, write_workload);
  out["commands"] = array_of(report.commands, write_open_command);
  if (!report.pulls.empty()) out["pulls"] = array_of(report.pulls, write_pull);
  return out;
}

Report read_report(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Report out;
  out.node_id = fields.text("node_id", Need::required);
  out.tenant = fields.text("tenant", Need::optional);
  out.ledger_id = fields.text("ledger_id", Need::optional);
  out.boot_id = fields.text("boot_id", Need::required);
  out.agent_version = fields.text("agent_version", Need::required);
  out.epoch = fields.count("epoch", Need::required).value_or(0);
  out.state = fields.word("state", parse_node_word);
  out.reasons = fields.texts("reasons", Need::required);
  out.intent = fields.word("intent", parse_intent);
  out.suspension = fields.nested("suspension", Need::optional, read_suspension);
  out.generation = fields.count("generation", Need::required).value_or(0);
  out.node_generation = fields.count("node_generation", Need::required).value_or(0);
  out.locked = fields.flag("locked", Need::required);
  out.held_for_s = fields.integer("held_for_s", Need::optional, 0, max_signed);
  const auto host = fields.nested("host", Need::required, read_host);
  if (host) out.host = *host;
  out.docker = fields.text("docker", Need::required);
  out.docker_known = fields.flag("docker_known", Need::required);
  out.control = fields.text("control", Need::required);
  if (fields.find("control_heard", Need::optional) != nullptr) {
    out.control_heard = fields.flag("control_heard", Need::optional);
  }
  out.tailnet = fields.text("tailnet", Need::required);
  out.tailnet_facts = fields.nested("tailnet_facts", Need::optional, read_tailnet);
  out.workloads = fields.list("workloads", Need::required, any_length, read_workload);
  out.commands = fields.list("commands", Need::required, any_length, read_open_command);
  out.pulls = fields.list("pulls", Need::optional, any_length, read_pull);
  return out;
}

}  // namespace json

std::string encode(const Event& event) { return boost::json::serialize(json::write_event(event)); }
std::string encode(const Report& report) { return boost::json::serialize(json::write_report(report)); }
std::string encode(const std::vector<Event>& events) {
  return boost::json::serialize(json::array_of(events, json::write_event));
}

Result<Event> decode_event(std::string_view text) { return json::decode(text, json::read_event); }
Result<Report> decode_report(std::string_view text) { return json::decode(text, json::read_report); }
Result<std::vector<Event>> decode_events(std::string_view text) {
  return json::decode(text, [](const json::Value& value, const json::Path& path, json::Problem& problem) {
    return json::list_of(&value, path, problem, json::any_length, json::read_event);
  });
}

}  // namespace aura::protocol
