#include "agent/loops/commands.hpp"

#include "agent/store/spec_codec.hpp"

#include <iterator>
#include <map>
#include <utility>

namespace aura::loops {
namespace rec = reconcile::record;
using Kind = reconcile::Acceptance::Kind;

namespace {

constexpr int degraded_retry_after_s = 60;

reconcile::Acceptance not_durable(const Error& error) {
  reconcile::Acceptance answer;
  answer.kind = Kind::deferred;
  answer.code = error.code == Errc::no_space ? protocol::code::no_space : protocol::code::degraded;
  answer.message = "the node cannot record a decision now: " + error.message;
  answer.retry_after_s = degraded_retry_after_s;
  return answer;
}

// From what is declared now to what is to be; workloads that files declare are none of an apply's business.
std::vector<protocol::Change> changes_of(const reconcile::State& state,
                                         const std::map<std::string, reconcile::Declaration>& wanted) {
  std::vector<protocol::Change> changes;
  const auto add = [&](const std::string& name, const reconcile::WorkloadSpec* before,
                       const reconcile::WorkloadSpec* after) {
    auto more = store::spec_changes(name, before, after);
    changes.insert(changes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (const auto& [name, declaration] : wanted) {
    const auto it = state.workloads.find(name);
    const bool there = it != state.workloads.end() && !it->second.withdrawn_at;
    add(name, there ? &it->second.declared.spec : nullptr, &declaration.spec);
  }
  for (const auto& [name, workload] : state.workloads) {
    const bool ours = workload.declared.source == reconcile::Source::applied && !workload.withdrawn_at;
    if (ours && !wanted.contains(name)) add(name, &workload.declared.spec, nullptr);
  }
  return changes;
}

}  // namespace

CommandDesk::CommandDesk(Parts parts, std::function<ReloadResult(bool)> reload, ReadApplied read_applied)
    : parts_(std::move(parts)), reload_(std::move(reload)), read_applied_(std::move(read_applied)) {}

reconcile::Acceptance CommandDesk::judge(const protocol::Command& command, reconcile::Origin origin, const Now& now) {
  const auto& state = parts_.ledger.state();
  const bool known = state.open.contains(command.id) || state.settled.contains(command.id);
  if (command.verb != protocol::Verb::apply || known || !read_applied_)
    return reconcile::accept(state, command, origin, now);
  reconcile::Applied applied = read_applied_(command);
  applied.changes = changes_of(state, applied.declarations);
  return reconcile::accept(state, command, origin, now, &applied);
}

reconcile::Acceptance CommandDesk::deliver(const protocol::Command& command, reconcile::Origin origin) {
  const Now now = parts_.clock.now();
  auto answer = judge(command, origin, now);
  if (answer.record) {
    const auto recorded = parts_.ledger.record(*answer.record);
    if (!recorded) return not_durable(recorded.error());
  }
  // Whoever asks on the node's own API is told by the answer.
  if (answer.kind == Kind::id_reused && origin == reconcile::Origin::control && may_tell(command.id)) {
    rec::Noted note;
    note.kind = "id_reused";
    note.severity = protocol::Severity::warning;
    note.text = answer.message;
    note.data = {{"command_id", command.id}, {"actor", command.actor}};
    static_cast<void>(record(parts_, std::move(note)));
  }
  if (answer.kind == Kind::accepted && command.verb == protocol::Verb::reload) reload(command);
  const bool shown = command.verb == protocol::Verb::apply && command.args.dry_run;
  if (answer.kind == Kind::accepted && shown) tell_changes(command);
  return answer;
}

void CommandDesk::reload(const protocol::Command& command) {
  const WallMs began = parts_.clock.now().wall_ms;
  const ReloadResult result = reload_(command.args.allow_removal);
  protocol::Outcome outcome;
  outcome.command_id = command.id;
  outcome.verb = command.verb;
  outcome.target = command.target;
  outcome.kind = result.ok ? protocol::OutcomeKind::succeeded : protocol::OutcomeKind::failed;
  if (!result.ok) outcome.code = protocol::code::invalid;
  outcome.detail = result.text;
  outcome.actor = command.actor;
  outcome.started_at = began;
  outcome.finished_at = parts_.clock.now().wall_ms;
  static_cast<void>(record(parts_, rec::Settled{command.id, std::move(outcome)}));
}

void CommandDesk::tell_changes(const protocol::Command& command) {
  protocol::Outcome outcome;
  outcome.command_id = command.id;
  outcome.verb = command.verb;
  outcome.target = command.target;
  outcome.actor = command.actor;
  outcome.started_at = outcome.finished_at = parts_.clock.now().wall_ms;
  outcome.changes = parts_.ledger.state().open.at(command.id).apply->changes;
  outcome.detail = outcome.changes.empty() ? "Nothing differs from what is declared." : "Nothing was changed yet.";
  static_cast<void>(record(parts_, rec::Settled{command.id, std::move(outcome)}));
}

bool CommandDesk::may_tell(const std::string& id) { return told_.size() < max_told && told_.insert(id).second; }

std::vector<protocol::Deferred> CommandDesk::deliver_all(const std::vector<protocol::Command>& commands,
                                                         const std::vector<protocol::UnreadableCommand>& unreadable) {
  for (const auto& one : unreadable) {
    if (!may_tell(one.id)) continue;
    rec::Noted note;
    note.kind = "command_unreadable";
    note.severity = protocol::Severity::warning;
    note.text = "A command of the control plane cannot be read by this version: " + one.message;
    note.data = {{"command_id", one.id}, {"code", one.code}};
    static_cast<void>(record(parts_, std::move(note)));
  }
  std::vector<protocol::Deferred> deferred;
  std::optional<int> earlier_waits_s;
  for (const auto& command : commands) {
    // Taken before an earlier one that must come again, it would make that one stale: a suspension would be lost.
    if (command.generation && earlier_waits_s) {
      deferred.push_back({command.id, std::string(protocol::code::busy), *earlier_waits_s});
      continue;
    }
    const auto answer = deliver(command, reconcile::Origin::control);
    if (answer.kind != Kind::deferred) continue;
    if (command.generation) earlier_waits_s = answer.retry_after_s;
    // The protocol has no word for a node that cannot record: to the sender it is a node without space.
    const bool degraded = answer.code == protocol::code::degraded;
    deferred.push_back(
        {command.id, degraded ? std::string(protocol::code::no_space) : answer.code, answer.retry_after_s});
  }
  return deferred;
}

}  // namespace aura::loops
