// What operators see, as values and as JSON: the same structs on the server's and on the command line's side.
//
// encode_* give one JSON object or array; decode_* read it back and fail with bad_reply. Text inside may come from
// nodes and containers: whoever shows it escapes it for where it goes.
#pragma once

#include "common/error.hpp"
#include "control/fleet/commands.hpp"
#include "control/fleet/verdict.hpp"
#include "control/store/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aura::control {

struct CommandView {
  protocol::Command command;
  std::string node_id;
  fleet::CommandState state = fleet::CommandState::queued;
  std::int64_t age_s = 0;
  WallMs made_at = 0;
  WallMs delivered_at = 0;  // 0: never
  std::string deferred_code;
  std::string waiting_for;  // as the node told it, "" where it did not
  std::optional<protocol::Outcome> outcome;
};

struct NodeView {
  std::string id;
  fleet::Verdict verdict;  // word "pending": asked to enrol, waits for an operator
  fleet::Heard heard = fleet::Heard::never;
  std::optional<std::int64_t> heard_s_ago;
  std::optional<std::int64_t> due_in_s;  // negative: overdue
  int promised_s = 0;
  fleet::Lights lights;
  bool over_tailnet = false;  // the last heartbeat came over the tailnet
  std::string address;        // of its device there, "" where it did not
  NodeRecord record;          // without its key
  StatusRecord status;
  std::optional<protocol::Wanted> wanted;
  bool wanted_reached = false;
  std::vector<CommandView> commands;  // open ones first, then recent ones; not in lists
};

enum class Detail { list, full };  // list: without report and commands, but with workload counts

std::string encode_node(const NodeView& node, Detail detail);
std::string encode_nodes(const std::vector<NodeView>& nodes);
std::string encode_command(const CommandView& command);
std::string encode_event(const EventRecord& event);
std::string encode_events(const std::vector<EventRecord>& events);

Result<NodeView> decode_node(std::string_view json);
Result<std::vector<NodeView>> decode_nodes(std::string_view json);
Result<CommandView> decode_command_view(std::string_view json);
Result<EventRecord> decode_event_record(std::string_view json);
Result<std::vector<EventRecord>> decode_event_records(std::string_view json);

// {"error":{…},"last_epoch":N}
std::string encode_problem(std::string_view code, std::string_view message, std::string_view path,
                           std::optional<std::uint64_t> last_epoch);

// Bodies of operators. The verb's args are checked as the node will check them. A command's `id` may be left out;
// generation, age_s and actor are not theirs to give and are refused.
Result<protocol::Command> decode_operator_command(std::string_view json);
// The same body from the command line; an arg that reads as a whole number, true or false is one.
struct OperatorCommand {
  std::string id, verb, target, reason;
  std::vector<std::pair<std::string, std::string>> args;
  bool force = false;
  std::optional<std::int64_t> expires_in_s;
};
std::string encode_operator_command(const OperatorCommand& command);
std::string encode_node_id_body(std::string_view node_id);
Result<std::string> decode_node_id_body(std::string_view json);  // {"node_id":…}
// {"device":…}, of which device a claim must be; "" where it is left out, and it may be of any.
std::string encode_device_body(std::string_view device);
Result<std::string> decode_device_body(std::string_view json);
std::string encode_claim(const ClaimRecord& claim);  // without its time
Result<ClaimRecord> decode_claim(std::string_view json);
struct StageBody {
  std::string stage, reason;
};
Result<StageBody> decode_stage_body(std::string_view json);
std::string encode_code(std::string_view code, std::int64_t valid_s);  // {"code":…,"expires_in_s":…}
Result<std::string> decode_code(std::string_view json);

}  // namespace aura::control
