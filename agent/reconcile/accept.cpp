#include "agent/reconcile/accept.hpp"

#include "agent/reconcile/backoff.hpp"
#include "agent/reconcile/evolve_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace aura::reconcile {

namespace {

using protocol::Command;
using protocol::Outcome;
using protocol::OutcomeKind;
using protocol::Target;
using protocol::Verb;
namespace code = protocol::code;

constexpr int busy_retry_s = 5;

// Beyond Limits::open_commands: for decisions about the node, and for cancel, which make room.
constexpr std::size_t reserved_commands = 32;

struct Refusal {
  std::string_view code;
  std::string message;
  bool with_generation = false;
};

using Verdict = std::optional<Refusal>;

bool is_local(Origin origin) { return origin == Origin::local_root || origin == Origin::local_admin; }

Verdict judge_target(const State& state, const Command& command) {
  using Kind = Target::Kind;
  const Kind kind = command.target.kind;
  bool fits = false;
  switch (command.verb) {
    case Verb::start:
    case Verb::stop:
    case Verb::restart:
    case Verb::hold:
    case Verb::release: fits = kind == Kind::node || kind == Kind::workload; break;
    case Verb::pull: fits = kind == Kind::image; break;
    case Verb::cancel: fits = kind == Kind::command; break;
    case Verb::adopt: fits = kind == Kind::workload || (kind == Kind::node && command.args.instance); break;
    default: fits = kind == Kind::node; break;
  }
  if (!fits) {
    return Refusal{code::invalid,
                   fmt::format("{} cannot be asked of {}.", to_string(command.verb), to_string(command.target))};
  }
  if (kind == Kind::workload) {
    const auto it = state.workloads.find(command.target.name);
    if (it == state.workloads.end() || it->second.withdrawn_at) {
      return Refusal{code::unknown_workload, fmt::format("No workload {} is declared on this node; aura-node status "
                                                         "lists those that are.",
                                                         command.target.name)};
    }
  }
  if (kind == Kind::command && !state.open.contains(command.target.name)) {
    return Refusal{code::unknown_command,
                   fmt::format("No open command {} is here; it may have ended already.", command.target.name)};
  }
  return {};
}

Verdict judge_support(const State& state, const Command& command) {
  switch (command.verb) {
    case Verb::suspend:
      if (command.args.mode == "freeze" && !state.node.live_restore) {
        return Refusal{code::freeze_unavailable,
                       "Docker would stop what is frozen when it restarts: set \"live-restore\": true in its "
                       "daemon.json and reload it, or suspend with mode stop."};
      }
      break;
    default: break;
  }
  return {};
}

Verdict judge_sender(const State& state, const Command& command, Origin origin) {
  if (protocol::is_local_verb(command.verb) && !is_local(origin)) {
    return Refusal{code::local_only,
                   fmt::format("{} is taken on the node's own socket only.", to_string(command.verb))};
  }
  const bool root_verb = command.verb == Verb::lock || command.verb == Verb::unlock || command.verb == Verb::adopt ||
                         (command.verb == Verb::decommission && is_local(origin));
  if (root_verb && origin != Origin::local_root) {
    return Refusal{code::root_only, fmt::format("{} needs root.", to_string(command.verb))};
  }
  if (command.verb == Verb::suspend && is_local(origin)) {
    return Refusal{code::forbidden, "Suspending is the control plane's; to stop the node here use aura-node stop."};
  }
  if (command.verb == Verb::resume && is_local(origin)) {
    if (!state.node.suspension) return Refusal{code::forbidden, "The node is not suspended."};
    return Refusal{code::forbidden, fmt::format("The node was suspended by {} ({}); only the control plane resumes it.",
                                                state.node.suspension->actor, state.node.suspension->reason)};
  }
  if (command.generation && origin != Origin::control) {
    return Refusal{code::generation_not_allowed, "Only the control plane assigns generations; leave it out."};
  }
  if (state.node.locked && !is_local(origin) && command.verb != Verb::resume) {
    return Refusal{code::locked, "The node is locked by root; aura-node unlock on the node lifts it."};
  }
  if (state.node.fenced_by && origin == Origin::control) {
    return Refusal{code::fenced, "The control plane knows a later life of this node; re-enrol it to take commands."};
  }
  if (state.node.cloned && command.verb != Verb::adopt) {
    return Refusal{code::cloned, "This machine is a clone of the node; aura-node adopt --instance makes it the node."};
  }
  return {};
}

// One growing number a node orders what decides intent.
Verdict judge_generation(const State& state, const Command& command, Origin origin) {
  if (origin != Origin::control || !protocol::has_generation(command.verb)) return {};
  if (!command.generation) {
    return Refusal{code::generation_required,
                   fmt::format("{} from the control plane needs a generation.", to_string(command.verb))};
  }
  std::uint64_t last = state.node.node_generation;
  const bool node = command.target.kind == Target::Kind::node;
  if (!node) {
    if (const auto it = state.workloads.find(command.target.name); it != state.workloads.end()) {
      last = std::max(last, it->second.generation);
    }
  }
  // The same decision may have come as `wanted` before its command did.
  const bool told_as_wanted = node && *command.generation == last && last == state.node.wanted_generation;
  if (*command.generation > last || told_as_wanted) return {};
  return Refusal{code::stale_generation,
                 fmt::format("Generation {} is not above {}, the last one accepted.", *command.generation, last), true};
}

Verdict judge_intent(const State& state, const Command& command) {
  const bool starts = command.verb == Verb::start || command.verb == Verb::restart;
  if (state.node.decommission && command.verb != Verb::decommission && command.verb != Verb::cancel) {
    return Refusal{code::decommissioned, fmt::format("The node was decommissioned by {}: it takes no more commands.",
                                                     state.node.decommission->actor)};
  }
  if (starts && state.node.suspension) {
    return Refusal{code::suspended, fmt::format("The node is suspended by {} ({}); resume it first.",
                                                state.node.suspension->actor, state.node.suspension->reason)};
  }
  if (starts && command.target.kind == Target::Kind::workload && state.node.intent == protocol::Intent::stopped) {
    return Refusal{code::node_stopped, "The node is stopped; start the node first (aura-node start)."};
  }
  if (command.verb == Verb::stage && command.args.stage == "failed" && command.reason.empty()) {
    return Refusal{code::reason_required, "A stage that failed needs a reason (--reason TEXT)."};
  }
  if (command.verb == Verb::suspend && command.reason.empty()) {
    return Refusal{code::reason_required, "Suspending needs a reason."};
  }
  if (command.verb == Verb::hold && state.node.suspension) {
    return Refusal{code::suspended, "The node is suspended; a suspension ends every hold and takes no new one."};
  }
  if (command.verb == Verb::hold && command.args.for_s <= 0) {
    return Refusal{code::invalid, "A hold needs a duration (--for 1h)."};
  }
  return {};
}

// As with files: more than one workload, or the last, goes only where that is said to be meant.
Verdict judge_removal(const State& state, const Applied& applied) {
  std::vector<std::string> gone;
  std::size_t known = 0;
  for (const auto& [name, workload] : state.workloads) {
    if (workload.declared.source != Source::applied || workload.withdrawn_at) continue;
    ++known;
    if (!applied.declarations.contains(name)) gone.push_back(name);
  }
  if (gone.size() <= 1 && (gone.empty() || gone.size() < known)) return {};
  return Refusal{code::removal_held,
                 fmt::format("This set would stop {}, which are applied now and not in it. If that is meant: "
                             "--allow-removal (args.allow_removal).",
                             fmt::join(gone, ", "))};
}

Verdict judge_apply(const State& state, const Command& command, const Applied* applied) {
  if (applied == nullptr || !applied->refusal.empty()) {
    return Refusal{code::invalid, applied == nullptr ? "Its specs were not read." : applied->refusal};
  }
  for (const auto& [name, declaration] : applied->declarations) {
    const auto it = state.workloads.find(name);
    const bool by_file =
        it != state.workloads.end() && !it->second.withdrawn_at && it->second.declared.source == Source::file;
    if (!by_file) continue;
    return Refusal{code::invalid,
                   fmt::format("Workload {} is declared by a file on the node; remove the file first, or "
                               "apply the set without it.",
                               name)};
  }
  if (command.args.dry_run || command.args.allow_removal) return {};
  return judge_removal(state, *applied);
}

Acceptance deferred(std::string_view why, std::string message, int retry_after_s) {
  Acceptance result;
  result.kind = Acceptance::Kind::deferred;
  result.code = why;
  result.message = std::move(message);
  result.retry_after_s = retry_after_s;
  return result;
}

Acceptance end_now(const Command& command, OutcomeKind kind, const Refusal& refusal, const State& state,
                   const Now& now) {
  Outcome outcome{.command_id = command.id, .verb = command.verb, .target = command.target, .kind = kind};
  outcome.code = refusal.code;
  outcome.detail = refusal.message;
  if (refusal.with_generation) outcome.node_generation = state.node.generation;
  outcome.started_at = outcome.finished_at = now.wall_ms;
  outcome.actor = command.actor;
  Acceptance result;
  result.kind = Acceptance::Kind::refused;
  result.code = outcome.code;
  result.message = refusal.message;
  result.record = make_record(now, record::Refused{command, outcome});
  return result;
}

std::optional<Acceptance> known_before(const State& state, const Command& command) {
  const Command* before = nullptr;
  if (const auto it = state.open.find(command.id); it != state.open.end()) before = &it->second.command;
  if (const auto it = state.settled.find(command.id); it != state.settled.end()) before = &it->second.command;
  if (before == nullptr) return {};
  Acceptance result;
  result.kind = same_content(*before, command) ? Acceptance::Kind::known : Acceptance::Kind::id_reused;
  if (result.kind == Acceptance::Kind::id_reused) {
    result.code = code::id_reused;
    result.message = fmt::format("The id {} belongs to another command; ids are unique for ever.", command.id);
  }
  return result;
}

// What would be open beside `command`, once it has superseded what it supersedes.
std::size_t open_beside(const State& state, const Command& command) {
  return static_cast<std::size_t>(std::count_if(state.open.begin(), state.open.end(), [&](const auto& entry) {
    return !supersedes(command, entry.second.command);
  }));
}

std::size_t most_open(const State& state, const Command& command) {
  const bool about_node = command.target.kind == Target::Kind::node && protocol::has_generation(command.verb);
  return state.limits.open_commands + (about_node || command.verb == Verb::cancel ? reserved_commands : 0);
}

// Outcomes that wait to be told are not given up for newer ones: as many are owed as are kept.
bool owes_too_many(const State& state) {
  const auto owed = std::count_if(state.settled.begin(), state.settled.end(), [](const auto& entry) {
    return !entry.second.confirmed && !is_local_actor(entry.second.command.actor);
  });
  return static_cast<std::size_t>(owed) + state.open.size() + reserved_commands >= max_settled;
}

Verdict judge(const State& state, const Command& command, Origin origin) {
  if (Verdict verdict = judge_sender(state, command, origin)) return verdict;
  if (Verdict verdict = judge_support(state, command)) return verdict;
  if (Verdict verdict = judge_target(state, command)) return verdict;
  if (Verdict verdict = judge_generation(state, command, origin)) return verdict;
  return judge_intent(state, command);
}

}  // namespace

bool supersedes(const Command& newer, const Command& older) {
  if (!protocol::has_generation(newer.verb) || !protocol::has_generation(older.verb)) return false;
  if (newer.target.kind != Target::Kind::node && !(newer.target == older.target)) return false;
  return !newer.generation || !older.generation || *older.generation <= *newer.generation;
}

Acceptance accept(const State& state, const Command& given, Origin origin, const Now& now, const Applied* applied) {
  const Command command = protocol::without_specs(given);
  if (std::optional<Acceptance> known = known_before(state, command)) return *known;
  if (!is_local(origin) && owes_too_many(state)) {
    return deferred(code::busy, "Too many outcomes wait to be confirmed.", busy_retry_s);
  }
  Verdict refused = judge(state, command, origin);
  if (!refused && command.verb == Verb::apply) refused = judge_apply(state, command, applied);
  if (const Verdict& verdict = refused) {
    return end_now(command, OutcomeKind::refused, *verdict, state, now);
  }
  std::optional<std::int64_t> begin_within_ms;
  if (protocol::expires(command.verb) && command.expires_in_s) {
    begin_within_ms = (*command.expires_in_s - command.age_s) * 1000;
    if (*begin_within_ms <= 0) {
      return end_now(command, OutcomeKind::expired, {"expired", "It came after the last moment to begin."}, state, now);
    }
  }
  if (const std::size_t open = open_beside(state, command); open >= most_open(state, command)) {
    return deferred(code::busy, fmt::format("{} commands are open already.", open), busy_retry_s);
  }
  const bool another = std::any_of(state.open.begin(), state.open.end(),
                                   [](const auto& entry) { return entry.second.apply.has_value(); });
  const bool upgrading = std::any_of(state.open.begin(), state.open.end(),
                                     [](const auto& entry) { return entry.second.command.verb == Verb::upgrade; });
  if (command.verb == Verb::upgrade && upgrading) return deferred(code::busy, "An upgrade is under way.", busy_retry_s);
  if (command.verb == Verb::apply && another) return deferred(code::busy, "An apply is under way.", busy_retry_s);
  const bool limited = protocol::is_destructive(command.verb) && origin != Origin::local_root && !command.args.dry_run;
  if (limited) {
    const double tokens = destructive_tokens(state, now.boot_ms);
    if (tokens < 1) {
      const int wait_s = static_cast<int>(std::ceil((1 - tokens) * 60 / state.limits.destructive_per_minute));
      return deferred(code::rate_limited,
                      fmt::format("At most {} such commands a minute are taken.", state.limits.destructive_per_minute),
                      wait_s);
    }
  }
  record::Accepted accepted{.command = command};
  accepted.limited = limited;
  accepted.begun = !protocol::expires(command.verb);
  accepted.begin_within_ms = begin_within_ms;
  if (command.verb == Verb::apply) {
    accepted.applied = applied->declarations;
    accepted.changes = applied->changes;
  }
  if (command.verb == Verb::restart) accepted.must_go = running_instances(state, command.target);
  Acceptance result;
  result.record = make_record(now, std::move(accepted));
  return result;
}

std::optional<Record> accept_wanted(const State& state, const protocol::Wanted& wanted, const Now& now) {
  if (wanted.generation <= state.node.node_generation) return {};
  if (state.node.fenced_by || state.node.cloned) return {};
  // While locked a suspension may be lifted, and nothing else may come with that.
  const bool lifts = state.node.suspension && !wanted.suspended && wanted.intent == state.node.intent;
  if (state.node.locked && !lifts) return {};
  // A level cannot be refused, so it is reached the way that is there.
  protocol::Wanted taken = wanted;
  if (taken.suspended && !state.node.live_restore) taken.mode = "stop";
  return make_record(now, record::WantedTaken{std::move(taken)});
}

}  // namespace aura::reconcile
