#include "agent/run_start.hpp"

#include "common/ids.hpp"
#include "common/log.hpp"

#include <cerrno>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace aura {
namespace rec = reconcile::record;

Result<void> make_runtime_dir(const std::string& path) {
  constexpr mode_t mode = 0755;
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return errno_error(errno, "cannot make " + path);
}

Result<OpenedLedger> open_ledger(const std::string& state_dir, const std::string& scratch_dir) {
  OpenedLedger opened;
  auto ledger = store::Ledger::open(state_dir);
  if (ledger) {
    opened.ledger = std::move(*ledger);
    return opened;
  }
  if (ledger.error().code == Errc::locked) return ledger.error();
  log::error("the ledger cannot be used, running degraded: " + ledger.error().message,
             {{"AURA_EVENT", "ledger_degraded"}});
  opened.in_memory = true;
  const Errc code = ledger.error().code;
  opened.may_return = code == Errc::no_space || code == Errc::read_only || code == Errc::forbidden;
  if (opened.may_return) {
    auto remembered = store::Ledger::remembered(state_dir, scratch_dir, ledger.error().message);
    if (remembered) {
      opened.ledger = std::move(*remembered);
      return opened;
    }
    log::warning("what the ledger holds cannot be read either: " + remembered.error().message);
  }
  opened.ledger = store::Ledger::in_memory(ledger.error().message);
  opened.readable = false;
  return opened;
}

void migrate_if_proven(store::Ledger& ledger) {
  constexpr const char* on_trial = "/var/lib/aura-node-upgrade/trial";
  if (::access(on_trial, F_OK) == 0) return;
  const auto migrated = ledger.migrate();
  if (!migrated) log::error("the ledger keeps its old form: " + migrated.error().message);
}

bool ledger_is_back(const OpenedLedger& opened, const std::string& state_dir) {
  return opened.in_memory && opened.may_return && store::Ledger::open(state_dir).has_value();
}

Result<bool> record_start(const OpenedLedger& opened, const StartRecords& start, ports::Host& host,
                          ports::Clock& clock) {
  store::Ledger& ledger = *opened.ledger;
  // Until the first start is recorded the ledger is as good as new, also if a crash came right after its first record.
  const bool fresh = ledger.is_new() || ledger.state().epoch == 0;
  const bool marked = fresh && store::Ledger::suspended_marker(start.state_dir);
  const std::string instance = host.cloud_instance_id();
  if (ledger.is_new()) {
    const auto made =
        ledger.record(reconcile::make_record(clock.now(), rec::LedgerCreated{new_id(), start.node_id, instance}));
    if (!made) log::error("the ledger's first record cannot be kept: " + made.error().message);
  }
  const auto& state = ledger.state();
  if (!start.node_id_is_default && state.node_id != start.node_id) {
    Error error;
    error.code = Errc::invalid_argument;
    error.message = "node.id is \"" + start.node_id + "\", but the ledger in " + start.state_dir +
                    " belongs to node \"" + state.node_id +
                    "\"; take the id back, or give the node another state folder";
    return error;
  }
  rec::AgentStarted started;
  // A fenced life must not catch up with the one that fenced it, however often it starts.
  started.epoch = state.node.fenced_by ? state.epoch : state.epoch + 1;
  started.agent_version = start.agent_version;
  started.reports = start.reports;
  started.fresh_hold = !opened.in_memory && fresh && start.reports && !marked;
  started.boot_wait = !opened.in_memory && start.reports;
  started.suspended_marker = marked;
  started.cloud_instance_id = instance;
  started.limits = start.limits;
  const auto kept = ledger.record(reconcile::make_record(clock.now(), std::move(started)));
  if (!kept) log::error("the agent's start cannot be recorded: " + kept.error().message);
  return kept.has_value() && ledger.trouble().empty();
}

}  // namespace aura
