#include "agent/reconcile/plan.hpp"

#include "common/digest.hpp"

#include <algorithm>
#include <type_traits>

namespace aura::reconcile {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::none: return "none";
    case Cause::command: return "command";
    case Cause::suspended: return "suspended";
    case Cause::node_stopped: return "node_stopped";
    case Cause::replaced: return "replaced";
    case Cause::withdrawn: return "withdrawn";
    case Cause::crashed: return "crashed";
    case Cause::exited: return "exited";
    case Cause::human: return "human";
    case Cause::docker_restart: return "docker_restart";
    case Cause::host_reboot: return "host_reboot";
    case Cause::declared: return "declared";
    case Cause::dependency: return "dependency";
    case Cause::shutdown: return "shutdown";
    case Cause::probe: return "probe";
    case Cause::backup: return "backup";
    case Cause::disconnected: return "disconnected";
    case Cause::memory: return "memory";
    case Cause::decommissioned: return "decommissioned";
  }
  return "none";
}

namespace {

struct NameOf {
  std::string_view operator()(const record::LedgerCreated&) const { return "ledger_created"; }
  std::string_view operator()(const record::AgentStarted&) const { return "agent_started"; }
  std::string_view operator()(const record::AgentStopped&) const { return "agent_stopped"; }
  std::string_view operator()(const record::HostStopping&) const { return "host_stopping"; }
  std::string_view operator()(const record::SystemAsked&) const { return "system_asked"; }
  std::string_view operator()(const record::SystemRefused&) const { return "system_refused"; }
  std::string_view operator()(const record::Fenced&) const { return "fenced"; }
  std::string_view operator()(const record::Unfenced&) const { return "unfenced"; }
  std::string_view operator()(const record::FreshWaitOver&) const { return "fresh_wait_over"; }
  std::string_view operator()(const record::BootWaitOver&) const { return "boot_wait_over"; }
  std::string_view operator()(const record::ControlSilent&) const { return "control_silent"; }
  std::string_view operator()(const record::ControlHeard&) const { return "control_heard"; }
  std::string_view operator()(const record::Declared&) const { return "declared"; }
  std::string_view operator()(const record::Withdrawn&) const { return "withdrawn"; }
  std::string_view operator()(const record::Forgotten&) const { return "forgotten"; }
  std::string_view operator()(const record::SpecProven&) const { return "spec_proven"; }
  std::string_view operator()(const record::SpecRefused&) const { return "spec_refused"; }
  std::string_view operator()(const record::RemovalHeld&) const { return "removal_held"; }
  std::string_view operator()(const record::Accepted&) const { return "accepted"; }
  std::string_view operator()(const record::Refused&) const { return "refused"; }
  std::string_view operator()(const record::Begun&) const { return "begun"; }
  std::string_view operator()(const record::Settled&) const { return "settled"; }
  std::string_view operator()(const record::WantedTaken&) const { return "wanted_taken"; }
  std::string_view operator()(const record::Confirmed&) const { return "confirmed"; }
  std::string_view operator()(const record::ApplyDeclared&) const { return "apply_declared"; }
  std::string_view operator()(const record::ApplyUndone&) const { return "apply_undone"; }
  std::string_view operator()(const record::HoldEnded&) const { return "hold_ended"; }
  std::string_view operator()(const record::CreateIntended&) const { return "create_intended"; }
  std::string_view operator()(const record::Created&) const { return "created"; }
  std::string_view operator()(const record::Adopted&) const { return "adopted"; }
  std::string_view operator()(const record::Gone&) const { return "gone"; }
  std::string_view operator()(const record::RemoveIntended&) const { return "remove_intended"; }
  std::string_view operator()(const record::StartIntended&) const { return "start_intended"; }
  std::string_view operator()(const record::Running&) const { return "running"; }
  std::string_view operator()(const record::StopIntended&) const { return "stop_intended"; }
  std::string_view operator()(const record::StopWithdrawn&) const { return "stop_withdrawn"; }
  std::string_view operator()(const record::HookAnswered&) const { return "hook_answered"; }
  std::string_view operator()(const record::MemoryHigh&) const { return "memory_high"; }
  std::string_view operator()(const record::MemoryEased&) const { return "memory_eased"; }
  std::string_view operator()(const record::FreezeIntended&) const { return "freeze_intended"; }
  std::string_view operator()(const record::Thawed&) const { return "thawed"; }
  std::string_view operator()(const record::EngineFacts&) const { return "engine_facts"; }
  std::string_view operator()(const record::Exited&) const { return "exited"; }
  std::string_view operator()(const record::ImageMissing&) const { return "image_missing"; }
  std::string_view operator()(const record::ImagePresent&) const { return "image_present"; }
  std::string_view operator()(const record::ImageUse&) const { return "image_use"; }
  std::string_view operator()(const record::ImageGone&) const { return "image_gone"; }
  std::string_view operator()(const record::PullFailed&) const { return "pull_failed"; }
  std::string_view operator()(const record::TroubleMet&) const { return "trouble_met"; }
  std::string_view operator()(const record::StuckMet&) const { return "stuck_met"; }
  std::string_view operator()(const record::Noted&) const { return "noted"; }
};

}  // namespace

std::string_view record_name(const RecordBody& body) { return std::visit(NameOf{}, body); }

const std::string& workload_of(const Action& action) {
  return std::visit([](const auto& what) -> const std::string& { return what.workload; }, action);
}

bool is_pull_trouble(std::string_view code) { return code == "image_unavailable" || code == "no_space"; }

bool opens_tailnet(const WorkloadSpec& spec) {
  const auto& shared = spec.security.host_namespaces;
  return spec.tailnet && std::find(shared.begin(), shared.end(), "network") == shared.end();
}

std::string name_prefix(const std::string& node_id) { return "aura-" + sha256_hex(node_id).substr(0, 8); }

}  // namespace aura::reconcile
