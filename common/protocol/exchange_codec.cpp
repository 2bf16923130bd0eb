// Enrolment, heartbeat, long poll and errors as JSON.
#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/json_structs.hpp"

namespace aura::protocol {
namespace json {
namespace {

constexpr std::int64_t max_heartbeat_s = 86'400;
constexpr std::int64_t max_retry_after_s = 86'400;

Object write_wanted(const Wanted& wanted) {
  Object out;
  put(out, "intent", to_string(wanted.intent));
  out["suspended"] = wanted.suspended;
  put_some(out, "mode", wanted.mode);
  put_some(out, "reason", wanted.reason);
  put_some(out, "actor", wanted.actor);
  out["generation"] = wanted.generation;
  return out;
}

Wanted read_wanted(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Wanted out;
  out.intent = fields.word("intent", parse_intent);
  out.suspended = fields.flag("suspended", Need::required);
  out.mode = fields.text("mode", Need::optional);
  const bool has_mode = fields.find("mode", Need::optional) != nullptr;
  if (has_mode && out.mode != "stop" && out.mode != "freeze") fields.wrong("mode", "must be stop or freeze");
  out.reason = fields.line("reason", Need::optional);
  out.actor = fields.line("actor", Need::optional);
  out.generation = fields.count("generation", Need::required).value_or(0);
  return out;
}

Object write_deferred(const Deferred& deferred) {
  Object out;
  put(out, "command_id", deferred.command_id);
  put(out, "code", deferred.code);
  out["retry_after_s"] = deferred.retry_after_s;
  return out;
}

Deferred read_deferred(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Deferred out;
  out.command_id = fields.text("command_id", Need::required);
  out.code = fields.text("code", Need::required);
  out.retry_after_s =
      static_cast<int>(fields.integer("retry_after_s", Need::required, 0, max_retry_after_s).value_or(0));
  return out;
}

// What could be read of a command that was refused: enough to name it.
UnreadableCommand unreadable(const Value& value, const Error& error) {
  constexpr std::size_t max_message_bytes = 512;
  UnreadableCommand out;
  out.code = error.code == Errc::not_supported ? code::unknown_verb : code::invalid;
  out.message = valid_utf8(std::string_view(error.message).substr(0, max_message_bytes));
  const Object* object = value.if_object();
  const Value* id = object == nullptr ? nullptr : object->if_contains("id");
  if (id != nullptr && id->is_string() && is_command_id(id->get_string())) out.id = std::string(id->get_string());
  return out;
}

// Each command stands for itself: one that cannot be read must not cost the node its confirmations and `wanted`.
void read_commands(const Fields& fields, const Path& path, Problem& problem, Need need, std::vector<Command>& readable,
                   std::vector<UnreadableCommand>& refused) {
  const Value* value = fields.find("commands", need);
  if (value == nullptr) return;
  const Path place(path, "commands");
  const Array* array = value->if_array();
  if (array == nullptr) problem.note(place, "must be a list");
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); ++i) {
    Problem own;
    Command command = read_command((*array)[i], Path(place, i), own);
    if (own.found()) {
      refused.push_back(unreadable((*array)[i], own.take()));
    } else {
      readable.push_back(std::move(command));
    }
  }
}

Object write_beat(const Heartbeat& beat) {
  Object out;
  out["protocol"] = version;
  if (beat.ledger_id.empty()) {
    out["ledger_id"] = nullptr;
  } else {
    put(out, "ledger_id", beat.ledger_id);
  }
  put(out, "boot_id", beat.boot_id);
  out["epoch"] = beat.epoch ? Value(*beat.epoch) : Value(nullptr);
  put_some(out, "cloud_instance_id", beat.cloud_instance_id);
  out["seq"] = beat.seq;
  put(out, "agent_version", beat.agent_version);
  put(out, "state", to_string(beat.state));
  put(out, "intent", to_string(beat.intent));
  out["suspended"] = beat.suspended;
  out["generation"] = beat.generation;
  out["node_generation"] = beat.node_generation;
  put(out, "state_hash", beat.state_hash);
  out["report"] = beat.report ? Value(write_report(*beat.report)) : Value(nullptr);
  out["events"] = array_of(beat.events, write_event);
  out["outcomes"] = array_of(beat.outcomes, write_outcome);
  out["deferred"] = array_of(beat.deferred, write_deferred);
  return out;
}

Heartbeat read_beat(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Heartbeat out;
  const auto spoken = fields.integer("protocol", Need::required, 1, std::numeric_limits<int>::max());
  if (spoken && *spoken != version) {
    fields.wrong("protocol", "is " + std::to_string(*spoken) + ", this side speaks " + std::to_string(version));
  }
  out.ledger_id = fields.text("ledger_id", Need::nullable);
  out.boot_id = fields.text("boot_id", Need::required);
  out.epoch = fields.count("epoch", Need::nullable, 1);
  out.cloud_instance_id = fields.text("cloud_instance_id", Need::optional);
  out.seq = fields.count("seq", Need::required).value_or(0);
  out.agent_version = fields.text("agent_version", Need::required);
  out.state = fields.word("state", parse_node_word);
  out.intent = fields.word("intent", parse_intent);
  out.suspended = fields.flag("suspended", Need::required);
  out.generation = fields.count("generation", Need::required).value_or(0);
  out.node_generation = fields.count("node_generation", Need::required).value_or(0);
  out.state_hash = fields.text("state_hash", Need::required);
  out.report = fields.nested("report", Need::optional, read_report);
  out.events = fields.list("events", Need::optional, max_events_per_beat, read_event);
  out.outcomes = fields.list("outcomes", Need::optional, any_length, read_outcome);
  out.deferred = fields.list("deferred", Need::optional, any_length, read_deferred);
  return out;
}

HeartbeatReply read_beat_reply(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  HeartbeatReply out;
  out.server_time = fields.time("server_time", Need::required);
  out.next_heartbeat_s =
      static_cast<int>(fields.integer("next_heartbeat_s", Need::required, 1, max_heartbeat_s).value_or(1));
  out.long_poll = fields.flag("long_poll", Need::optional);
  out.want_report = fields.flag("want_report", Need::optional);
  out.confirmed_event_seq = fields.count("confirmed_event_seq", Need::optional).value_or(0);
  out.confirmed_outcomes = fields.texts("confirmed_outcomes", Need::optional);
  out.wanted = fields.nested("wanted", Need::optional, read_wanted);
  read_commands(fields, path, problem, Need::optional, out.commands, out.unreadable);
  return out;
}

PollReply read_poll_reply(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  PollReply out;
  out.cursor = fields.count("cursor", Need::required).value_or(0);
  read_commands(fields, path, problem, Need::required, out.commands, out.unreadable);
  return out;
}

EnrollRequest read_enroll_request(const Value& value, const Path& path, Problem& problem) {
  constexpr std::size_t max_identity_bytes = 256;
  const Fields fields(value, path, problem);
  EnrollRequest out;
  out.node_id = fields.text("node_id", Need::required);
  if (!is_node_id(out.node_id)) fields.wrong("node_id", "must match [a-z0-9][a-z0-9-]{0,62}");
  out.code = fields.line("code", Need::optional, max_identity_bytes);
  out.cloud_instance_id = fields.line("cloud_instance_id", Need::optional, max_identity_bytes);
  out.ledger_id = fields.line("ledger_id", Need::required, max_identity_bytes);
  if (out.ledger_id.empty()) fields.wrong("ledger_id", "must not be empty");
  return out;
}

EnrollReply read_enroll_reply(const Value& value, const Path& path, Problem& problem) {
  constexpr std::size_t max_key_bytes = 256;
  const Fields fields(value, path, problem);
  EnrollReply out;
  out.node_key = fields.line("node_key", Need::optional, max_key_bytes);
  const bool has_key = fields.find("node_key", Need::optional) != nullptr;
  const bool has_pending = fields.find("pending", Need::optional) != nullptr;
  const bool pending = fields.flag("pending", Need::optional);
  if (has_pending && !pending) fields.wrong("pending", "must be true where it stands");
  if (has_key ? out.node_key.empty() : !pending) fields.wrong("node_key", "must hold a key, or pending must be true");
  return out;
}

}  // namespace
}  // namespace json

std::string encode(const EnrollRequest& request) {
  json::Object out;
  json::put(out, "node_id", request.node_id);
  json::put_some(out, "code", request.code);
  json::put_some(out, "cloud_instance_id", request.cloud_instance_id);
  json::put(out, "ledger_id", request.ledger_id);
  return boost::json::serialize(out);
}

std::string encode(const EnrollReply& reply) {
  json::Object out;
  if (reply.node_key.empty()) {
    out["pending"] = true;
  } else {
    json::put(out, "node_key", reply.node_key);
  }
  return boost::json::serialize(out);
}

std::string encode(const Heartbeat& beat) { return boost::json::serialize(json::write_beat(beat)); }

std::string encode(const HeartbeatReply& reply) {
  json::Object out;
  json::put_time(out, "server_time", reply.server_time);
  out["next_heartbeat_s"] = reply.next_heartbeat_s;
  out["long_poll"] = reply.long_poll;
  out["want_report"] = reply.want_report;
  out["confirmed_event_seq"] = reply.confirmed_event_seq;
  out["confirmed_outcomes"] = json::text_array(reply.confirmed_outcomes);
  if (reply.wanted) out["wanted"] = json::write_wanted(*reply.wanted);
  out["commands"] = json::array_of(reply.commands, json::write_command);
  return boost::json::serialize(out);
}

std::string encode(const PollReply& reply) {
  json::Object out;
  out["cursor"] = reply.cursor;
  out["commands"] = json::array_of(reply.commands, json::write_command);
  return boost::json::serialize(out);
}

Result<EnrollRequest> decode_enroll_request(std::string_view text) {
  return json::decode(text, json::read_enroll_request);
}
Result<EnrollReply> decode_enroll_reply(std::string_view text) { return json::decode(text, json::read_enroll_reply); }
Result<Heartbeat> decode_heartbeat(std::string_view text) { return json::decode(text, json::read_beat); }
Result<HeartbeatReply> decode_heartbeat_reply(std::string_view text) {
  return json::decode(text, json::read_beat_reply);
}
Result<PollReply> decode_poll_reply(std::string_view text) { return json::decode(text, json::read_poll_reply); }

std::string encode_error(std::string_view code, std::string_view message, std::string_view path) {
  json::Object error;
  json::put(error, "code", code);
  json::put(error, "message", message);
  json::put_some(error, "path", path);
  json::Object out;
  out["error"] = std::move(error);
  return boost::json::serialize(out);
}

std::string encode_error(const Error& error) {
  const std::string_view code = error.code == Errc::not_supported ? code::unknown_verb : code::invalid;
  // A key in a path may itself hold ": ", but only inside quotes.
  const std::string_view message = error.message;
  std::size_t end = 0;
  for (bool quoted = false; end < message.size() && (quoted || message[end] != ':'); ++end) {
    if (message[end] == '\\')
      ++end;
    else if (message[end] == '"')
      quoted = !quoted;
  }
  if (message.substr(0, 1) != "$" || end + 2 > message.size()) return encode_error(code, message);
  return encode_error(code, message, message.substr(0, end));
}

ErrorBody decode_error(std::string_view text) {
  constexpr std::size_t max_shown_bytes = 200;
  auto read = [](const json::Value& value, const json::Path& path, json::Problem& problem) {
    const json::Fields fields(value, path, problem);
    auto body = fields.nested("error", json::Need::required,
                              [](const json::Value& error, const json::Path& place, json::Problem& own) {
                                const json::Fields parts(error, place, own);
                                ErrorBody out;
                                out.code = parts.text("code", json::Need::required);
                                out.message = parts.text("message", json::Need::required);
                                out.path = parts.text("path", json::Need::optional);
                                return out;
                              });
    if (body) body->last_epoch = fields.count("last_epoch", json::Need::optional);
    return body.value_or(ErrorBody{});
  };
  auto body = json::decode(text, read);
  if (body.has_value()) return *body;
  ErrorBody unknown;
  unknown.message = valid_utf8(text.substr(0, max_shown_bytes));
  return unknown;
}

}  // namespace aura::protocol
