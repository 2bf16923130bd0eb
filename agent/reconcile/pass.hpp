// One pass of the reconciler in the making: inputs, the plan so far, and what several steps ask of both. Not for
// others to include.
#pragma once

#include "agent/reconcile/plan.hpp"

#include <string>
#include <vector>

namespace aura::reconcile {

// Why everything is stopped for now although its intent stands; the intents come into their own again afterwards.
struct Drain {
  std::string command_id, actor, reason;
  std::string why;  // one sentence
};

struct Pass {
  const State& state;
  const Observed& observed;
  const InFlight& in_flight;
  const Now& now;
  Plan plan;
  std::map<std::string, const Container*> by_id;  // the complete listing
  std::optional<Drain> drain;

  Pass(const State& s, const Observed& o, const InFlight& f, const Now& n);

  void fact(RecordBody body) { plan.facts.push_back(make_record(now, std::move(body))); }
  void act(Action action) { plan.actions.push_back(std::move(action)); }
  void wake(BootMs at) { plan.wake_at = plan.wake_at ? std::min(*plan.wake_at, at) : at; }
  const Container* find(const std::string& id) const;
};

// "runs" below: Docker shows it running, paused or restarting; paused processes hold their data, too.
bool is_up(Phase phase);

// Any container of ours of this workload is up.
bool is_up(const Pass& pass, const Workload& workload);

// The newest container made for the declared spec, created or not; nullptr if there is none.
const OwnedContainer* target_of(const Workload& workload);

// The container to keep running: the target once it is created, else the newest one that is there.
const OwnedContainer* active_of(const Pass& pass, const Workload& workload);

// A restart is open whose instance still runs.
bool must_go(const Pass& pass, const std::string& name, const Workload& workload);

bool is_held(const State& state, const Workload& workload, const Now& now);

// Containers that carry this node's label and this workload's name, but are not in the ledger.
std::vector<const Container*> nominees(const Pass& pass, const std::string& name);

// The number at the end of one of our container names; 0 for other names.
std::uint32_t number_of(const State& state, const std::string& workload, const std::string& container_name);

// Why a container that is up must not stay up.
struct StopOrder {
  Cause cause = Cause::none;
  std::string command_id, actor, reason;
  int grace_s = 0;
  bool force = false;  // its stop hook is not asked
};

// The run of a container of ours that is up, as the ledger has it; false while it does not.
bool is_known_run(const OwnedContainer& owned, const Container& container);

// rest.cpp: why a workload that is meant to run rests for now.
struct Rest {
  Cause cause = Cause::none;  // shutdown | backup | disconnected
  std::string why;            // one sentence
};
std::optional<Rest> rest_of(const Pass& pass, const Workload& workload);
// The control plane is silent for longer than its [disconnect] stands.
bool is_cut_off(const Pass& pass, const Workload& workload);
// Another declared workload names it as its backup.
bool is_backup(const Pass& pass, const std::string& name);
// should_run(), and it does not rest.
bool may_run(const Pass& pass, const Workload& workload);
// Wakes the reconciler when a rest may begin by the clock.
void wake_for_rest(Pass& pass, const std::string& name, const Workload& workload);
// What the silence of the control plane adds to the ledger.
void find_silence(Pass& pass);
// True if it should stand still instead of being stopped: the node is suspended with mode freeze, or its [disconnect]
// says so; Docker keeps containers over its restarts; and it would run otherwise.
bool should_freeze(const Pass& pass, const Workload& workload);

// machine.cpp: the drain that holds now: for a command that takes the host down, or because it goes down.
std::optional<Drain> drain_of(const State& state);
// Nothing is up or under way that a drain waits for.
bool nothing_left_to_stop(const Pass& pass);

// stop_hook.cpp: how far a stop that is ordered now is with the hook.
HookState first_hook_state(const Pass& pass, const Workload& workload, const Container& container,
                           const StopOrder& order);
// A stop with its hook may be ordered again while nothing was sent: that takes time away from the hook, and adds none.
void keep_earlier_end(const Workload& workload, StopSent& again);
// What was not sent yet is not owed any more. True if a fact was told.
bool withdraw_stop(Pass& pass, const std::string& name, const Workload& workload);
// The part of a stop that comes before it is sent; StopSent::hook is not over.
void hook_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               Finding& finding);

// memory.cpp: a run that came near its memory limit, or is well below it again. True if a fact was told.
bool find_memory(Pass& pass, const std::string& name, const Workload& workload);
// A planned restart before the kernel would end it; nullopt: none is due, or none is allowed now.
std::optional<StopOrder> memory_order(Pass& pass, const std::string& name, const Workload& workload,
                                      const Container& container);

// dependencies.cpp: the dependency that a start waits for, as a sentence; empty when all are there.
std::string missing_dependency(const Pass& pass, const Workload& workload);
// A dependency that runs anew, is there again, and whose restart this run asked to share; empty if there is none.
std::string restarted_dependency(const Pass& pass, const Workload& workload, const OwnedContainer& owned);

// health.cpp: what its probes say of a container that runs for the declared spec.
struct HealthView {
  protocol::WorkloadWord word = protocol::WorkloadWord::running;  // running | starting | unhealthy
  std::string health;                                             // as Finding::health
  std::string reason;                                             // empty for running
  std::optional<BootMs> changes_at;                               // starting becomes unhealthy then
};
HealthView judge_health(const Pass& pass, const std::string& name, const Workload& workload,
                        const OwnedContainer& owned, const Container& container);
// It runs for the declared spec, may stay up, and its probes (without any: Docker's HEALTHCHECK) find nothing wrong.
bool is_healthy(const Pass& pass, const std::string& name, const Workload& workload);
// Why the health of this run, or that of a dependency, ends it. What was decided once is carried through.
std::optional<StopOrder> health_order(Pass& pass, const std::string& name, const Workload& workload,
                                      const OwnedContainer& owned, const Container& container);
// Asks for the probes of a run.
void probe_step(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& owned,
                const Container& container);
// The longest time after a start within which it may show itself healthy; 0 without probes.
std::int64_t start_grace_ms(const WorkloadSpec& spec);

// facts.cpp: what the observation adds to the ledger, at most one fact a workload.
void find_facts(Pass& pass);

// next_step.cpp: the finding of one workload, and its next fact or action.
void next_step(Pass& pass, const std::string& name, const Workload& workload);

// freeze_step.cpp: the part of next_step() for a workload that should stand still, and the way back. `why`: the
// sentence of a finding as intended.
void freeze_step(Pass& pass, const std::string& name, const Workload& workload, const std::string& why,
                 Finding& finding);
void thaw_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               Finding& finding);

// The trouble's time to try again has not come; it wakes then.
bool waits(Pass& pass, const Trouble& trouble);

// start_step.cpp: the part of next_step() for a workload that should run.
void start_step(Pass& pass, const std::string& name, const Workload& workload, Finding& finding);

// pulls.cpp: the pull of an image, with the login of whoever declares it or another image of its registry.
action::Pull pull_of(const State& state, const std::string& image);
// A workload that is declared lacks it, or a command asks for it.
bool is_pull_wanted(const Pass& pass, const std::string& image);
// Ends pulls that nobody wants any more.
void end_pulls(Pass& pass);

// prove.cpp: whether a new spec has shown itself good.
struct Proof {
  enum class Kind { yes, not_yet, no };
  Kind kind = Kind::yes;
  std::string why;  // of `no`
};
Proof prove(Pass& pass, const std::string& name, const ApplyItem& item);
// Of changed files: what has shown itself good, and what is taken back. At most one fact.
void prove_replacements(Pass& pass);

// apply.cpp: carries an apply that has begun one step on, or settles it.
void apply_step(Pass& pass, const OpenCommand& open);
// The workload whose new spec must be proven before this one's old container may go; "" if there is none.
std::string waits_for_turn(const Pass& pass, const std::string& name);
// Its old container may be needed again.
bool is_kept_for_undo(const Pass& pass, const std::string& name);

// start_step.cpp: limits that are updated live.
bool limits_differ(const Resources& wanted, const Resources& live);

// settle.cpp: why a workload will not run soon; nullopt while there is hope.
struct Ending {
  protocol::OutcomeKind kind = protocol::OutcomeKind::succeeded;
  std::string code, detail;
};
std::optional<Ending> hopeless(const Workload& workload, const Finding& finding);
void settle(Pass& pass, const OpenCommand& open, const Ending& ending);
// machine.cpp: carries a command that asks something of the machine one step on; an ending where it has one.
std::optional<Ending> power_step(Pass& pass, const std::string& id, const OpenCommand& open);
std::optional<Ending> upgrade_step(Pass& pass, const std::string& id, const OpenCommand& open);
// The end of a decommission, once the control plane has confirmed that it is drained.
void leave_step(Pass& pass);
// A command that has begun and shows no result for so long has failed; what it decided stays decided.
inline constexpr std::int64_t command_patience_ms = 15 * 60'000;
// settle.cpp: outcomes of open commands whose predicate over observation holds, or cannot hold any more.
void settle_commands(Pass& pass);

}  // namespace aura::reconcile
