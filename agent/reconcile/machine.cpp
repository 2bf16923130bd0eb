// What the machine itself is asked for: going down, another version of the agent, leaving. And the drain before it:
// what runs is stopped although its intent stands.
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Command;
using protocol::OutcomeKind;
using protocol::Verb;

// Docker cannot be asked: so long after it began a reboot waits no more. It may be what mends it.
constexpr std::int64_t docker_patience_ms = 30'000;
// The host has said yes and is up all the same.
constexpr std::int64_t going_down_patience_ms = 10 * 60'000;
// Each life of the agent asks once; where none of so many saw another boot, asking again would be a machine that goes
// down for ever: its boot id does not change, or cannot be seen.
constexpr std::uint32_t most_asked = 3;
constexpr std::int64_t upgrade_patience_ms = 30 * 60'000;

bool goes_down(const Command& command) { return command.verb == Verb::reboot || command.verb == Verb::power_off; }

bool then_power_off(const Command& command) { return command.verb == Verb::stop && command.args.then == "power_off"; }

// Whoever brought it about: what was wanted is there.
bool is_another_boot(const State& state, const OpenCommand& open) {
  if (open.asked) return open.asked->boot_id != state.boot_id;
  return goes_down(open.command) && open.begun && open.begun_boot != state.boot_id;
}

std::string whose(const Command& command) {
  return fmt::format("{}{}{}", command.actor, command.reason.empty() ? "" : ": ", command.reason);
}

Drain drain_for(const OpenCommand& open) {
  const Command& command = open.command;
  return {.command_id = command.id,
          .actor = command.actor,
          .reason = command.reason,
          .why = fmt::format("The host is {} by {}.", command.verb == Verb::reboot ? "rebooted" : "powered off",
                             whose(command))};
}

Ending failed(std::string_view code, std::string detail) {
  return {OutcomeKind::failed, std::string(code), std::move(detail)};
}

// The one asking of this life of the agent; an earlier one may have died before it came to it.
void ask(Pass& pass, const std::string& id, const OpenCommand& open) {
  const std::uint64_t serial = open.asked              ? open.asked->serial
                               : pass.observed.upgrade ? pass.observed.upgrade->serial
                                                       : 0;
  if (!open.asked || open.asked->epoch != pass.state.epoch || open.asked->boot_id != pass.state.boot_id) {
    pass.fact(record::SystemAsked{id, serial});
  } else if (!pass.in_flight.asked.contains(id)) {
    const Verb verb = then_power_off(open.command) ? Verb::power_off : open.command.verb;
    pass.act(action::AskSystem{.command_id = id, .verb = verb, .version = open.command.args.version});
  }
}

bool waits_for_docker(Pass& pass, const OpenCommand& open) {
  if (pass.observed.containers) return false;
  const BootMs until = open.accepted_at + docker_patience_ms;
  if (until <= pass.now.boot_ms) return false;
  pass.wake(until);
  return true;
}

}  // namespace

std::optional<Drain> drain_of(const State& state) {
  for (const std::string& id : state.order) {
    const OpenCommand& open = state.open.at(id);
    const bool holds = goes_down(open.command) && open.begun && !open.trouble && !is_another_boot(state, open);
    if (holds) return drain_for(open);
  }
  if (state.node.going_down) return Drain{.why = "The host is going down."};
  return {};
}

bool nothing_left_to_stop(const Pass& pass) {
  return pass.in_flight.workloads.empty() &&
         std::none_of(pass.state.workloads.begin(), pass.state.workloads.end(), [&](const auto& entry) {
           const Workload& workload = entry.second;
           // A hand holds it, it stands still, or Docker cannot stop it: the host goes down with it.
           const bool left = workload.stuck || is_held(pass.state, workload, pass.now) || should_freeze(pass, workload);
           const auto finding = pass.plan.findings.find(entry.first);
           const bool unsure =
               finding != pass.plan.findings.end() && finding->second.word == protocol::WorkloadWord::unknown;
           return !left && (unsure || is_up(pass, workload));
         });
}

std::optional<Ending> power_step(Pass& pass, const std::string& id, const OpenCommand& open) {
  if (is_another_boot(pass.state, open)) return Ending{OutcomeKind::succeeded, "", "The host has booted again."};
  if (open.trouble) return failed(open.trouble->code, open.trouble->detail);
  if (!open.asked) {
    const bool waits = pass.observed.containers ? !nothing_left_to_stop(pass) : waits_for_docker(pass, open);
    if (!waits) ask(pass, id, open);
    return {};
  }
  const BootMs until = open.asked->at + going_down_patience_ms;
  if (until <= pass.now.boot_ms) return failed("still_up", "The host was asked to go down and is up all the same.");
  if (open.asked->times >= most_asked && open.asked->epoch != pass.state.epoch)
    return failed("still_up", "The host was asked three times to go down, and its boot id is the same all the same.");
  pass.wake(until);
  ask(pass, id, open);
  return {};
}

std::optional<Ending> upgrade_step(Pass& pass, const std::string& id, const OpenCommand& open) {
  if (open.trouble) return failed(open.trouble->code, open.trouble->detail);
  const auto& result = pass.observed.upgrade;
  if (open.asked && result && result->serial > open.asked->serial && result->version == open.command.args.version) {
    if (!result->installed) return failed(result->code, result->detail);
    return Ending{OutcomeKind::succeeded, "",
                  fmt::format("aura-node {} runs, {}", pass.state.agent_version, result->detail)};
  }
  const BootMs until = open.accepted_at + upgrade_patience_ms;
  if (until <= pass.now.boot_ms)
    return failed("timed_out", "Nothing is known of how the upgrade ended; see journalctl -u 'aura-node-upgrade@*'.");
  pass.wake(until);
  ask(pass, id, open);
  return {};
}

void leave_step(Pass& pass) {
  const auto& leaving = pass.state.node.decommission;
  if (!leaving) return;
  const bool told =
      leaving->told_seq != 0 && (!pass.state.reports || pass.state.confirmed_event_seq >= leaving->told_seq);
  if (!told || pass.in_flight.asked.contains(leaving->command_id)) return;
  if (leaving->trouble && leaving->trouble->retry_at > pass.now.boot_ms) {
    pass.wake(leaving->trouble->retry_at);
    return;
  }
  pass.act(action::AskSystem{.command_id = leaving->command_id, .verb = Verb::decommission});
}

}  // namespace aura::reconcile
