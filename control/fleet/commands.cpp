#include "control/fleet/commands.hpp"

#include <algorithm>
#include <array>

namespace aura::control::fleet {
namespace {

using protocol::Command;
using protocol::Intent;
using protocol::Target;
using protocol::Verb;
using protocol::Wanted;

constexpr std::array<std::string_view, 5> state_words = {"queued", "undelivered", "delivered", "deferred", "settled"};
constexpr std::int64_t ms_per_s = 1000;

bool fits(Verb verb, Target::Kind kind) {
  switch (verb) {
    case Verb::start:
    case Verb::stop:
    case Verb::restart: return kind == Target::Kind::node || kind == Target::Kind::workload;
    case Verb::pull: return kind == Target::Kind::image;
    case Verb::cancel: return kind == Target::Kind::command;
    default: return kind == Target::Kind::node;
  }
}

}  // namespace

std::string_view to_string(CommandState state) { return state_words[static_cast<std::size_t>(state)]; }

std::optional<CommandState> parse_command_state(std::string_view text) {
  for (std::size_t place = 0; place < state_words.size(); ++place) {
    if (state_words[place] == text) return static_cast<CommandState>(place);
  }
  return std::nullopt;
}

std::int64_t age_s(const CommandRecord& record, const Now& now) {
  const bool same_boot = !record.made_boot_id.empty() && record.made_boot_id == now.boot_id;
  const std::int64_t ms = same_boot ? now.boot_ms - record.made_boot_ms : now.wall_ms - record.made_at;
  return std::max<std::int64_t>(0, ms / ms_per_s);
}

CommandState command_state(const CommandRecord& record, Heard heard, WallMs heard_at, const Now& now) {
  if (record.settled) return CommandState::settled;
  // Handed to a connection whose node was not heard since: nobody knows that it arrived.
  const bool into_silence = heard == Heard::offline && heard_at < record.delivered_at;
  if (record.delivered_at != 0 && !into_silence) {
    return record.deferred_code.empty() ? CommandState::delivered : CommandState::deferred;
  }
  const Command& command = record.command;
  const bool too_late =
      protocol::expires(command.verb) && command.expires_in_s && age_s(record, now) >= *command.expires_in_s;
  const bool there = heard == Heard::ok || heard == Heard::awaited;
  return too_late || !there ? CommandState::undelivered : CommandState::queued;
}

Command as_sent(const CommandRecord& record, const Now& now) {
  Command command = record.command;
  command.age_s = age_s(record, now);
  return command;
}

std::uint64_t next_generation(const NodeRecord& node) {
  return std::max({node.generation, node.reported_generation, node.node_generation}) + 1;
}

std::optional<Wanted> wanted_after(const std::optional<Wanted>& wanted, const Command& command) {
  if (command.target.kind != Target::Kind::node || !command.generation) return std::nullopt;
  Wanted next = wanted.value_or(Wanted{});
  switch (command.verb) {
    case Verb::start: next.intent = Intent::running; break;
    case Verb::stop: next.intent = Intent::stopped; break;
    case Verb::suspend:
      next.suspended = true;
      next.mode = command.args.mode.empty() ? "stop" : command.args.mode;
      break;
    case Verb::resume:
      next.suspended = false;
      next.mode.clear();
      break;
    default: return std::nullopt;
  }
  // The reason that stands is the one for the suspension, as long as there is one.
  if (!next.suspended || command.verb == Verb::suspend) {
    next.reason = command.reason;
    next.actor = command.actor;
  }
  next.generation = *command.generation;
  return next;
}

std::optional<Wanted> wanted_to_send(const NodeRecord& node, bool its_command_is_open) {
  if (!node.wanted || its_command_is_open || node.node_generation >= node.wanted->generation) return std::nullopt;
  return node.wanted;
}

std::optional<Wanted> wanted_again(const NodeRecord& node, const protocol::Heartbeat& beat) {
  if (!node.wanted || beat.node_generation < node.wanted->generation) return std::nullopt;
  if (beat.suspended == node.wanted->suspended) return std::nullopt;
  Wanted again = *node.wanted;
  again.generation = next_generation(node);
  return again;
}

bool goes_before(const Command& earlier, const Command& later) {
  return earlier.generation && later.generation && *earlier.generation < *later.generation;
}

std::optional<Refusal> refuse_command(const Command& command) {
  if (protocol::is_local_verb(command.verb)) {
    return Refusal{protocol::code::local_only,
                   "this verb is taken on the node itself only: run it with aura-node there"};
  }
  if (!fits(command.verb, command.target.kind)) {
    return Refusal{protocol::code::invalid, "this verb does not go with this target"};
  }
  if (command.verb == Verb::suspend && command.reason.empty()) {
    return Refusal{protocol::code::reason_required, "a suspension needs a reason: give --reason"};
  }
  return std::nullopt;
}

}  // namespace aura::control::fleet
