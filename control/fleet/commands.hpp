// The life of a command on this side: queued, delivered, perhaps deferred, settled. Pure.
//
// The control plane never invents an outcome: a command that no node has taken is `undelivered`, whatever time has
// passed, and is still delivered when the node comes back (which then says `expired` itself, where it applies).
#pragma once

#include "control/fleet/liveness.hpp"
#include "control/fleet/records.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace aura::control::fleet {

// A command that the node has but has not settled goes out again after this long: safe, since it is known by its id.
inline constexpr std::int64_t redeliver_after_ms = 60'000;

enum class CommandState {
  queued,       // not delivered yet, and the node is there
  undelivered,  // not delivered: the node is not heard, or the command's time to begin is over
  delivered,
  deferred,  // the node could not take it now
  settled,
};
std::string_view to_string(CommandState state);
std::optional<CommandState> parse_command_state(std::string_view text);

// Seconds since it was made; after a reboot of this host by the wall clock, which is all there is then.
std::int64_t age_s(const CommandRecord& record, const Now& now);

CommandState command_state(const CommandRecord& record, Heard heard, WallMs heard_at, const Now& now);

// The command as it is sent now: age_s filled in.
protocol::Command as_sent(const CommandRecord& record, const Now& now);

// max(own, reported) + 1, so that a restored database goes on above what the node has seen.
std::uint64_t next_generation(const NodeRecord& node);

// The node's wanted state after `command`, or nothing where the command does not change it (only start, stop,
// suspend and resume of the node do).
std::optional<protocol::Wanted> wanted_after(const std::optional<protocol::Wanted>& wanted,
                                             const protocol::Command& command);

// `wanted` as it goes with a reply: nothing once the node has reached it, nor while a command of that very
// generation is open, since the level taken first would make the command stale.
std::optional<protocol::Wanted> wanted_to_send(const NodeRecord& node, bool its_command_is_open);

// The wanted state anew under a new generation, where the node has reached the old one without being suspended as it
// says (or resumed): a command between was refused (locked) or overtaken, and a level must not get lost with it. Only
// the control plane suspends and resumes, so this is never an engineer's decision. Nothing where both agree.
std::optional<protocol::Wanted> wanted_again(const NodeRecord& node, const protocol::Heartbeat& beat);

// True where `earlier` must be taken before `later`: both have a generation, and the node takes none that is below one
// it has taken. A deferred command holds back what was ordered after it.
bool goes_before(const protocol::Command& earlier, const protocol::Command& later);

// What a command must satisfy before it is given a generation: the code of the refusal, or nothing.
struct Refusal {
  std::string_view code;
  std::string_view message;
};
std::optional<Refusal> refuse_command(const protocol::Command& command);

}  // namespace aura::control::fleet
