// The first steps of the daemon: its configuration, its ledger, and the records of its start.
#pragma once

#include "agent/config/config.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/host.hpp"
#include "agent/store/ledger.hpp"

#include <memory>
#include <string>

namespace aura {

struct OpenedLedger {
  std::unique_ptr<store::Ledger> ledger;
  bool in_memory = false;   // the real one cannot be used; trouble() says why
  bool readable = true;     // false: nor can what it held be known
  bool may_return = false;  // the disk was full or read-only: the ledger itself may be sound
};

// locked: another daemon has the state directory. Any other failure gives a ledger in memory: a node that cannot
// remember still keeps its workloads running. Of one on a full or read-only disk it has the content, copied through
// `scratch_dir`.
Result<OpenedLedger> open_ledger(const std::string& state_dir, const std::string& scratch_dir);

// True if the ledger that could not be used when the daemon started can be opened now.
bool ledger_is_back(const OpenedLedger& opened, const std::string& state_dir);

// 0755; under systemd it is there already. Errors: as errno says.
Result<void> make_runtime_dir(const std::string& path);

// An older ledger takes its new form, unless this version is still on trial
// (packaging/dist/usr/libexec/aura-node/upgrade).
void migrate_if_proven(store::Ledger& ledger);

struct StartRecords {
  std::string node_id, agent_version;
  bool node_id_is_default = false;  // nobody configured it: the ledger's word holds
  bool reports = false;             // there is a control plane
  std::string state_dir;
  reconcile::Limits limits;
};

// LedgerCreated for a new ledger, then AgentStarted. invalid_argument: the configured node id is not the ledger's.
// The result says whether this start is durable (else the epoch is not told to the control plane).
Result<bool> record_start(const OpenedLedger& opened, const StartRecords& start, ports::Host& host,
                          ports::Clock& clock);

}  // namespace aura
