#include "common/protocol/codec.hpp"
#include "common/protocol/json_fields.hpp"

#include <boost/json/serialize.hpp>

namespace aura::protocol {
namespace json {

namespace {

Object write_run(const Run& run) {
  Object out;
  put_some(out, "container_id", run.container_id);
  put_some(out, "started_at", run.started_at);
  put_some_time(out, "began", run.began);
  put_some(out, "began_why", run.began_why);
  put_some_time(out, "ended", run.ended);
  put_some(out, "ended_why", run.ended_why);
  put_some(out, "cause", run.cause);
  if (run.exit_code) out["exit_code"] = *run.exit_code;
  put_some(out, "signal", run.signal);
  out["oom"] = run.oom;
  out["child_oom"] = run.child_oom;
  put_some(out, "command_id", run.command_id);
  put_some(out, "actor", run.actor);
  if (run.attempts > 0) out["attempts"] = run.attempts;
  if (!run.log_tail.empty()) out["log_tail"] = text_array(run.log_tail);
  return out;
}

Run read_run(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Run out;
  out.container_id = fields.text("container_id", Need::optional);
  out.started_at = fields.text("started_at", Need::optional);
  out.began = fields.time("began", Need::optional);
  out.began_why = fields.text("began_why", Need::optional);
  out.ended = fields.time("ended", Need::optional);
  out.ended_why = fields.text("ended_why", Need::optional);
  out.cause = fields.text("cause", Need::optional);
  const auto code =
      fields.integer("exit_code", Need::optional, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (code) out.exit_code = static_cast<int>(*code);
  out.signal = fields.text("signal", Need::optional);
  out.oom = fields.flag("oom", Need::required);
  out.child_oom = fields.flag("child_oom", Need::required);
  out.command_id = fields.text("command_id", Need::optional);
  out.actor = fields.text("actor", Need::optional);
  out.attempts = static_cast<std::uint32_t>(
      fields.integer("attempts", Need::optional, 0, std::numeric_limits<std::uint32_t>::max()).value_or(0));
  out.log_tail = fields.texts("log_tail", Need::optional);
  return out;
}

Why read_why(const Value& value, const Path& path, Problem& problem) {
  const Fields fields(value, path, problem);
  Why out;
  out.workload = fields.text("workload", Need::required);
  out.runs = fields.list("runs", Need::required, any_length, read_run);
  return out;
}

}  // namespace

}  // namespace json

std::string encode(const Why& why) {
  json::Object out;
  json::put(out, "workload", why.workload);
  out["runs"] = json::array_of(why.runs, json::write_run);
  return boost::json::serialize(out);
}

Result<Why> decode_why(std::string_view text) { return json::decode(text, json::read_why); }

}  // namespace aura::protocol
