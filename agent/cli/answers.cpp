#include "agent/cli/answers.hpp"

#include "common/protocol/codec.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace aura::cli {
namespace {

namespace json = boost::json;

Result<json::object> object_of(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse({text.data(), text.size()}, failed);
  if (failed || !value.is_object()) return Error{Errc::bad_reply, "the answer is no JSON object"};
  return std::move(value.get_object());
}

// "" if it is not there or no text.
std::string text_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string_view word_of(Level level) {
  switch (level) {
    case Level::ok: return "ok";
    case Level::warning: return "warning";
    case Level::bad: return "bad";
  }
  return "";
}

template <class Number>
json::value or_null(const std::optional<Number>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

}  // namespace

Result<CommandStatus> decode_command_status(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return object.error();
  CommandStatus status;
  status.id = text_in(*object, "id");
  const std::string state = text_in(*object, "state");
  if (state == "open") return status;
  const json::value* outcome = object->if_contains("outcome");
  if (state != "settled" || outcome == nullptr) return Error{Errc::bad_reply, "the answer is no command's status"};
  auto decoded = protocol::decode_outcome(json::serialize(*outcome));
  if (!decoded) return Error{Errc::bad_reply, decoded.error().message};
  status.outcome = std::move(*decoded);
  return status;
}

Result<std::string> decode_version(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return object.error();
  const std::string version = text_in(*object, "version");
  if (version.empty()) return Error{Errc::bad_reply, "the answer holds no version"};
  return version;
}

Result<EngineVersion> decode_engine_version(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return object.error();
  EngineVersion version{text_in(*object, "Version"), text_in(*object, "ApiVersion")};
  if (version.api_version.empty()) return Error{Errc::bad_reply, "the answer is not Docker's"};
  return version;
}

std::string encode_version(std::string_view own, const std::optional<std::string>& agent) {
  json::object body;
  body["version"] = own;
  body["protocol"] = protocol::version;
  body["agent"] = agent ? json::value(*agent) : json::value(nullptr);
  return json::serialize(body);
}

std::string encode_findings(const std::vector<Finding>& findings) {
  json::array list;
  for (const Finding& finding : findings) {
    json::object entry;
    entry["subject"] = finding.subject;
    entry["level"] = word_of(finding.level);
    entry["text"] = finding.text;
    entry["fix"] = finding.fix;
    list.emplace_back(std::move(entry));
  }
  json::object body;
  body["ok"] =
      std::none_of(findings.begin(), findings.end(), [](const Finding& one) { return one.level == Level::bad; });
  body["findings"] = std::move(list);
  return json::serialize(body);
}

std::string encode_problems(const std::vector<config::Problem>& problems) {
  json::array list;
  for (const config::Problem& problem : problems) {
    json::object entry;
    entry["file"] = problem.file;
    entry["line"] = problem.line;
    entry["column"] = problem.column;
    entry["key"] = problem.key;
    entry["message"] = problem.message;
    list.emplace_back(std::move(entry));
  }
  json::object body;
  body["ok"] = problems.empty();
  body["problems"] = std::move(list);
  return json::serialize(body);
}

std::string encode_top(const protocol::Report& report, const std::vector<TopRow>& rows) {
  json::array list;
  for (const TopRow& row : rows) {
    const auto& usage = row.usage;
    const auto count = [&](std::uint64_t protocol::WorkloadUsage::*figure) {
      return usage ? json::value((*usage).*figure) : json::value(nullptr);
    };
    const bool limited = usage && usage->memory_limit_bytes != 0;
    json::object entry;
    entry["name"] = row.name;
    entry["state"] = to_string(row.state);
    entry["cpu_percent"] = or_null(row.cpu_percent);
    entry["cpu_us"] = count(&protocol::WorkloadUsage::cpu_us);
    entry["memory_bytes"] = count(&protocol::WorkloadUsage::memory_bytes);
    entry["memory_limit_bytes"] = limited ? json::value(usage->memory_limit_bytes) : json::value(nullptr);
    entry["memory_percent"] = or_null(row.memory_percent);
    entry["network_receive_bytes"] = usage ? or_null(usage->network_receive_bytes) : json::value(nullptr);
    entry["network_transmit_bytes"] = usage ? or_null(usage->network_transmit_bytes) : json::value(nullptr);
    entry["block_read_bytes"] = count(&protocol::WorkloadUsage::block_read_bytes);
    entry["block_write_bytes"] = count(&protocol::WorkloadUsage::block_write_bytes);
    entry["pids"] = count(&protocol::WorkloadUsage::pids);
    entry["restarts"] = row.restarts;
    entry["uptime_s"] = or_null(row.uptime_s);
    list.emplace_back(std::move(entry));
  }
  json::object body;
  body["node_id"] = report.node_id;
  body["workloads"] = std::move(list);
  return json::serialize(body);
}

}  // namespace aura::cli
