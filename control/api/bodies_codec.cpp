// The small bodies of the operators' and the stage API as JSON.
#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/json_structs.hpp"
#include "control/api/views.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aura::control {
namespace {

using namespace protocol::json;  // NOLINT: this file is a codec too

constexpr std::size_t max_reason_bytes = 1024;
constexpr std::size_t max_code_bytes = 128;
constexpr std::size_t max_device_bytes = 256;

// An id that satisfies the command codec while the real one is still to be made.
constexpr std::string_view placeholder_id = "new";

protocol::Command read_operator_command(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  fields.only({"id", "verb", "target", "args", "reason", "force", "expires_in_s"});
  if (!value.is_object()) return {};
  // A verb of the node's own socket is refused as such, whatever its args are.
  const auto verb = protocol::parse_verb(fields.text("verb", Need::required));
  if (verb && protocol::is_local_verb(*verb)) {
    protocol::Command local;
    local.verb = *verb;
    return local;
  }
  Value completed = value;
  const bool named = value.get_object().contains("id");
  if (!named) completed.get_object()["id"] = text_value(placeholder_id);
  protocol::Command command = protocol::json::read_command(completed, path, problem);
  if (!named) command.id.clear();
  return command;
}

std::string read_node_id(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  std::string id = fields.text("node_id", Need::required);
  if (!is_node_id(id)) fields.wrong("node_id", "must match [a-z0-9][a-z0-9-]{0,62}");
  return id;
}

std::string read_device(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  std::string device = fields.line("device", Need::optional, max_device_bytes);
  // Whoever means a device and names none must not get any.
  const bool given = value.is_object() && value.get_object().if_contains("device") != nullptr &&
                     !value.get_object().at("device").is_null();
  if (given && device.empty()) fields.wrong("device", "must name a device, or be left out");
  return device;
}

ClaimRecord read_claim(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  ClaimRecord out;
  out.node_id = fields.text("node_id", Need::required);
  out.ledger_id = fields.text("ledger_id", Need::required);
  out.cloud_instance_id = fields.text("cloud_instance_id", Need::optional);
  out.device = fields.text("device", Need::optional);
  out.device_name = fields.text("device_name", Need::optional);
  out.address = fields.text("address", Need::optional);
  out.approved = fields.flag("approved", Need::required);
  return out;
}

StageBody read_stage(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  StageBody out;
  out.stage = fields.text("stage", Need::required);
  if (std::find(protocol::stages.begin(), protocol::stages.end(), out.stage) == protocol::stages.end()) {
    fields.wrong("stage", "must be queued, provisioning, networking, configuring, running or failed");
  }
  out.reason = fields.line("reason", Need::optional, max_reason_bytes);
  if (out.stage == "failed" && out.reason.empty()) fields.wrong("reason", "is needed with the stage failed");
  return out;
}

Value value_of(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) return number;
  return text_value(text);
}

}  // namespace

std::string encode_operator_command(const OperatorCommand& command) {
  Object out;
  put_some(out, "id", command.id);
  put(out, "verb", command.verb);
  put(out, "target", command.target);
  put_some(out, "reason", command.reason);
  Object args;
  for (const auto& [key, text] : command.args) args[key] = value_of(text);
  out["args"] = std::move(args);
  out["force"] = command.force;
  put_some(out, "expires_in_s", command.expires_in_s);
  return boost::json::serialize(out);
}

std::string encode_node_id_body(std::string_view node_id) {
  Object out;
  put(out, "node_id", node_id);
  return boost::json::serialize(out);
}

std::string encode_device_body(std::string_view device) {
  Object out;
  put_some(out, "device", device);
  return boost::json::serialize(out);
}

std::string encode_claim(const ClaimRecord& claim) {
  Object out;
  put(out, "node_id", claim.node_id);
  put(out, "ledger_id", claim.ledger_id);
  put_some(out, "cloud_instance_id", claim.cloud_instance_id);
  put_some(out, "device", claim.device);
  put_some(out, "device_name", claim.device_name);
  put_some(out, "address", claim.address);
  out["approved"] = claim.approved;
  return boost::json::serialize(out);
}

std::string encode_problem(std::string_view code, std::string_view message, std::string_view path,
                           std::optional<std::uint64_t> last_epoch) {
  Object error;
  put(error, "code", code);
  put(error, "message", message);
  put_some(error, "path", path);
  Object out;
  out["error"] = std::move(error);
  put_some(out, "last_epoch", last_epoch);
  return boost::json::serialize(out);
}

Result<protocol::Command> decode_operator_command(std::string_view json) { return decode(json, read_operator_command); }
Result<std::string> decode_node_id_body(std::string_view json) { return decode(json, read_node_id); }
Result<std::string> decode_device_body(std::string_view json) { return decode(json, read_device); }
Result<ClaimRecord> decode_claim(std::string_view json) { return decode(json, read_claim); }
Result<StageBody> decode_stage_body(std::string_view json) { return decode(json, read_stage); }

std::string encode_code(std::string_view code, std::int64_t valid_s) {
  Object out;
  put(out, "code", code);
  out["expires_in_s"] = valid_s;
  return boost::json::serialize(out);
}

Result<std::string> decode_code(std::string_view json) {
  return decode(json, [](const Value& value, const Path& path, Problem& problem) {
    return Fields(value, path, problem).text("code", Need::required, max_code_bytes);
  });
}

}  // namespace aura::control
