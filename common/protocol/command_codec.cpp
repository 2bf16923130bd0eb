// Commands and outcomes as JSON.
#include "common/ids.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/json_structs.hpp"

#include <algorithm>
#include <cassert>

namespace aura::protocol {
namespace json {
namespace {

constexpr std::size_t max_reason_bytes = 1024;
constexpr std::size_t max_actor_bytes = 256;
constexpr std::size_t max_version_bytes = 128;
constexpr std::int64_t max_grace_s = 86'400;
constexpr std::int64_t max_hold_s = 604'800;
constexpr std::int64_t max_expires_in_s = 31'536'000;

// Keys sorted at every level, so that equal specs are equal texts.
Value sorted(const Value& value) {
  if (const Array* array = value.if_array()) {
    Array out;
    out.reserve(array->size());
    for (const Value& item : *array) out.push_back(sorted(item));
    return out;
  }
  const Object* object = value.if_object();
  if (object == nullptr) return value;
  std::vector<std::string_view> keys;
  keys.reserve(object->size());
  for (const auto& field : *object) keys.emplace_back(field.key());
  std::sort(keys.begin(), keys.end());
  Object out;
  out.reserve(keys.size());
  for (const std::string_view key : keys) out.emplace(key, sorted(object->at(key)));
  return out;
}

std::map<std::string, std::string> read_specs(const Fields& args, const Path& path, Problem& problem) {
  std::map<std::string, std::string> out;
  const Value* value = args.find("workloads", Need::required);
  if (value == nullptr) return out;
  const Path place(path, "workloads");
  if (!value->is_object()) problem.note(place, "must be an object");
  if (!value->is_object()) return out;
  for (const auto& field : value->get_object()) {
    const Path spec(place, field.key());
    if (!is_workload_name(field.key())) problem.note(spec, "is not a name that a workload can have");
    if (!field.value().is_object()) problem.note(spec, "must be an object");
    out.emplace(field.key(), boost::json::serialize(sorted(field.value())));
  }
  return out;
}

template <class Words = std::initializer_list<std::string_view>>
std::string one_of(const Fields& args, std::string_view key, Need need, const Words& words) {
  const std::string text = args.text(key, need);
  const bool known = std::find(words.begin(), words.end(), text) != words.end();
  if (!known && args.find(key, Need::optional) != nullptr) args.wrong(key, "is not a word that is known here");
  return text;
}

// A package version (deb-version(7)), nothing that a shell or a path could read otherwise.
std::string read_version(const Fields& args) {
  const std::string text = args.text("version", Need::required, max_version_bytes);
  constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~:-";
  const bool starts_with_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!starts_with_digit || text.find_first_not_of(allowed) != text.npos) {
    args.wrong("version", "must be a package version such as 0.1.0-1");
  }
  return text;
}

std::optional<int> read_grace(const Fields& args) {
  const auto grace_s = args.integer("grace_s", Need::optional, 0, max_grace_s);
  return grace_s ? std::optional<int>(static_cast<int>(*grace_s)) : std::nullopt;
}

// Each verb takes its own keys and no others.
void read_args_of(const Command& command, const Fields& args, const Path& path, Problem& problem, CommandArgs& out) {
  switch (command.verb) {
    case Verb::stop:
      args.only({"grace_s", "then"});
      out.grace_s = read_grace(args);
      out.then = one_of(args, "then", Need::optional, {"power_off"});
      if (!out.then.empty() && command.target.kind != Target::Kind::node) {
        args.wrong("then", "goes with the target node only");
      }
      return;
    case Verb::restart:
      args.only({"grace_s"});
      out.grace_s = read_grace(args);
      return;
    case Verb::suspend:
      args.only({"grace_s", "mode"});
      out.grace_s = read_grace(args);
      out.mode = one_of(args, "mode", Need::optional, {"stop", "freeze"});
      return;
    case Verb::apply:
      args.only({"workloads", "dry_run", "allow_removal"});
      out.workloads = read_specs(args, path, problem);
      out.allow_removal = args.flag("allow_removal", Need::optional);
      out.dry_run = args.flag("dry_run", Need::optional);
      return;
    case Verb::upgrade:
      args.only({"version"});
      out.version = read_version(args);
      return;
    case Verb::hold:
      args.only({"for_s"});
      out.for_s = args.integer("for_s", Need::required, 1, max_hold_s).value_or(0);
      return;
    case Verb::adopt:
      args.only({"instance"});
      out.instance = args.flag("instance", Need::optional);
      return;
    case Verb::reload:
      args.only({"allow_removal"});
      out.allow_removal = args.flag("allow_removal", Need::optional);
      return;
    case Verb::collect:
      args.only({"dry_run"});
      out.dry_run = args.flag("dry_run", Need::optional);
      return;
    case Verb::stage:
      args.only({"stage"});
      out.stage = one_of(args, "stage", Need::required, stages);
      return;
    default: args.only({}); return;
  }
}

Object write_args(Verb verb, const CommandArgs& args) {
  Object out;
  put_some(out, "grace_s", args.grace_s);
  put_some(out, "mode", args.mode);
  put_some(out, "then", args.then);
  if (verb == Verb::apply) {  // the empty set too: it removes every applied workload
    Object specs;
    for (const auto& [name, text] : args.workloads) {
      boost::json::error_code failure;
      boost::json::parser parser;
      parser.write(text.data(), text.size(), failure);
      assert(!failure && "a spec is canonical JSON text");
      if (!failure) specs[name] = parser.release();
    }
    out["workloads"] = std::move(specs);
  }
  put_some(out, "version", args.version);
  if (args.for_s != 0) out["for_s"] = args.for_s;
  if (args.instance) out["instance"] = true;
  if (args.dry_run) out["dry_run"] = true;
  if (args.allow_removal) out["allow_removal"] = true;
  put_some(out, "stage", args.stage);
  return out;
}

Target read_target(const Fields& fields) {
  const auto target = parse_target(fields.text("target", Need::required));
  if (!target) fields.wrong("target", "must be node, workload:NAME, image:REF or command:ID");
  return target.value_or(Target{});
}

Object write_evidence(const Evidence& evidence) {
  Object out;
  put(out, "workload", evidence.workload);
  put(out, "state", evidence.state);
  put_some(out, "exit_code", evidence.exit_code);
  put_some(out, "signal", evidence.signal);
  out["oom"] = evidence.oom;
  put_some(out, "duration_ms", evidence.duration_ms);
  put_some(out, "hook", evidence.hook);
  put_some(out, "container_id", evidence.container_id);
  put_some(out, "started_at", evidence.started_at);
  return out;
}

Evidence read_evidence(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Evidence out;
  out.workload = fields.text("workload", Need::required);
  out.state = to_string(fields.word("state", parse_workload_word));
  const auto exit_code =
      fields.integer("exit_code", Need::optional, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (exit_code) out.exit_code = static_cast<int>(*exit_code);
  out.signal = fields.text("signal", Need::optional);
  out.oom = fields.flag("oom", Need::optional);
  out.duration_ms = fields.integer("duration_ms", Need::optional, 0, static_cast<std::int64_t>(max_number));
  out.hook = fields.text("hook", Need::optional);
  out.container_id = fields.text("container_id", Need::optional);
  out.started_at = fields.text("started_at", Need::optional);
  return out;
}

Object write_change(const Change& change) {
  Object out;
  put(out, "workload", change.workload);
  put_some(out, "field", change.field);
  put_some(out, "from", change.from);
  put_some(out, "to", change.to);
  return out;
}

Change read_change(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Change out;
  out.workload = fields.text("workload", Need::required);
  out.field = fields.text("field", Need::optional);
  out.from = fields.text("from", Need::optional);
  out.to = fields.text("to", Need::optional);
  return out;
}

}  // namespace

Object write_command(const Command& command) {
  Object out;
  put(out, "id", command.id);
  put(out, "verb", to_string(command.verb));
  put(out, "target", to_string(command.target));
  put_some(out, "generation", command.generation);
  put_some(out, "expires_in_s", command.expires_in_s);
  out["age_s"] = command.age_s;
  out["args"] = write_args(command.verb, command.args);
  out["force"] = command.force;
  put_some(out, "reason", command.reason);
  put_some(out, "actor", command.actor);
  return out;
}

Command read_command(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Command out;
  out.id = fields.text("id", Need::required);
  if (!is_command_id(out.id)) fields.wrong("id", "must be 1 to 64 of A-Z a-z 0-9 _ . : -");
  const auto verb = parse_verb(fields.text("verb", Need::required));
  if (!verb) {
    fields.wrong("verb", "is not a verb that is known here", Errc::not_supported);
    return out;
  }
  out.verb = *verb;
  fields.only({"id", "verb", "target", "generation", "expires_in_s", "age_s", "args", "force", "reason", "actor"});
  out.target = read_target(fields);
  out.generation = fields.count("generation", Need::optional, 1);
  out.expires_in_s = fields.integer("expires_in_s", Need::optional, 0, max_expires_in_s);
  out.age_s = fields.integer("age_s", Need::optional, 0, static_cast<std::int64_t>(max_number)).value_or(0);
  out.force = fields.flag("force", Need::optional);
  out.reason = fields.line("reason", Need::optional, max_reason_bytes);
  out.actor = fields.line("actor", Need::optional, max_actor_bytes);
  // A verb whose args are all optional needs none; one that requires a key names it.
  const Value none = Object();
  const Value* args = fields.find("args", Need::optional);
  const Path args_path(path, "args");
  const Fields args_fields(args == nullptr ? none : *args, args_path, problem);
  read_args_of(out, args_fields, args_path, problem, out.args);
  return out;
}

Object write_outcome(const Outcome& outcome) {
  Object out;
  put(out, "command_id", outcome.command_id);
  put(out, "verb", to_string(outcome.verb));
  put(out, "target", to_string(outcome.target));
  put(out, "kind", to_string(outcome.kind));
  put_some(out, "code", outcome.code);
  put_some(out, "detail", outcome.detail);
  put_some(out, "node_generation", outcome.node_generation);
  put_some_time(out, "started_at", outcome.started_at);
  put_some_time(out, "finished_at", outcome.finished_at);
  put_some(out, "actor", outcome.actor);
  out["evidence"] = array_of(outcome.evidence, write_evidence);
  if (!outcome.changes.empty()) out["changes"] = array_of(outcome.changes, write_change);
  return out;
}

Outcome read_outcome(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Outcome out;
  out.command_id = fields.text("command_id", Need::required);
  if (!is_command_id(out.command_id)) fields.wrong("command_id", "must be 1 to 64 of A-Z a-z 0-9 _ . : -");
  out.verb = fields.word("verb", parse_verb);
  out.target = read_target(fields);
  out.kind = fields.word("kind", parse_outcome_kind);
  out.code = fields.text("code", Need::optional);
  out.detail = fields.text("detail", Need::optional);
  out.node_generation = fields.count("node_generation", Need::optional);
  out.started_at = fields.time("started_at", Need::optional);
  out.finished_at = fields.time("finished_at", Need::optional);
  out.actor = fields.text("actor", Need::optional);
  out.evidence = fields.list("evidence", Need::optional, any_length, read_evidence);
  out.changes = fields.list("changes", Need::optional, any_length, read_change);
  return out;
}

}  // namespace json

std::string encode(const Command& command) { return boost::json::serialize(json::write_command(command)); }
std::string encode(const Outcome& outcome) { return boost::json::serialize(json::write_outcome(outcome)); }

Result<Command> decode_command(std::string_view text) { return json::decode(text, json::read_command); }
Result<Outcome> decode_outcome(std::string_view text) { return json::decode(text, json::read_outcome); }

}  // namespace aura::protocol
