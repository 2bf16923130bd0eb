// Records: one durable decision each. The ledger appends them; evolve() folds them into State.
//
// Every alternative is plain data with defaults; store/record_codec.cpp gives each its JSON form under the name
// in record_name(). A field added later must have a default that means what older records meant.
#pragma once

#include "agent/reconcile/state.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace aura::reconcile {

namespace record {

// -- the ledger and the process
struct LedgerCreated {
  std::string ledger_id, node_id, cloud_instance_id;
  bool operator==(const LedgerCreated&) const = default;
};
struct AgentStarted {
  std::uint64_t epoch = 0;
  std::string agent_version;
  bool reports = false;
  bool fresh_hold = false;
  bool boot_wait = false;  // after a boot of the host the control plane is asked before anything is started
  bool suspended_marker = false;
  std::string cloud_instance_id;
  Limits limits;
  bool operator==(const AgentStarted&) const = default;
};
struct Fenced {
  std::uint64_t last_epoch = 0;
  bool operator==(const Fenced&) const = default;
};
// Moves the time of the last record, from which ages are counted over a reboot.
struct AgentStopped {
  bool operator==(const AgentStopped&) const = default;
};
// systemd is taking the host down: what runs is drained.
struct HostStopping {
  bool operator==(const HostStopping&) const = default;
};
// Before the machine is asked for what a command wants of it.
struct SystemAsked {
  std::string command_id;
  std::uint64_t serial = 0;  // upgrade: of the result that is there before
  bool operator==(const SystemAsked&) const = default;
};
// It said no, or could not be asked.
struct SystemRefused {
  std::string command_id, code, detail;
  std::int64_t retry_in_ms = 0;  // decommission
  bool operator==(const SystemRefused&) const = default;
};
struct Unfenced {
  bool operator==(const Unfenced&) const = default;
};
struct FreshWaitOver {
  bool operator==(const FreshWaitOver&) const = default;
};
struct BootWaitOver {
  bool operator==(const BootWaitOver&) const = default;
};  // the control plane has answered, or cannot be asked
// The control plane has not answered since; told again from time to time.
struct ControlSilent {
  BootMs since = 0;
  bool operator==(const ControlSilent&) const = default;
};
struct ControlHeard {
  bool operator==(const ControlHeard&) const = default;
};  // it is back, or none is configured any more

// What Docker is configured for, where it differs from what was known.
struct EngineFacts {
  bool live_restore = false;
  bool operator==(const EngineFacts&) const = default;
};

// -- declarations
struct Declared {
  Declaration declaration;
  bool operator==(const Declared&) const = default;
};
struct Withdrawn {
  std::string workload;
  bool operator==(const Withdrawn&) const = default;
};
struct Forgotten {
  std::string workload;
  bool operator==(const Forgotten&) const = default;
};
// A changed file has shown itself good, or has not: what was declared before is declared again.
struct SpecProven {
  std::string workload;
  bool operator==(const SpecProven&) const = default;
};
struct SpecRefused {
  std::string workload, why;
  bool operator==(const SpecRefused&) const = default;
};
struct RemovalHeld {
  std::vector<std::string> workloads;
  bool operator==(const RemovalHeld&) const = default;
};  // the whole set; empty lifts it

// -- commands
struct Accepted {
  protocol::Command command;
  std::map<std::string, Instance> must_go;
  std::optional<std::int64_t> begin_within_ms;
  bool begun = false;
  bool limited = false;
  std::map<std::string, Declaration> applied;  // apply: the set
  std::vector<protocol::Change> changes;       // apply: what it changes
  bool operator==(const Accepted&) const = default;
};
struct Refused {
  protocol::Command command;
  protocol::Outcome outcome;
  bool operator==(const Refused&) const = default;
};
struct Begun {
  std::string command_id;
  bool operator==(const Begun&) const = default;
};
struct Settled {
  std::string command_id;
  protocol::Outcome outcome;
  bool operator==(const Settled&) const = default;
};
struct WantedTaken {
  protocol::Wanted wanted;
  bool operator==(const WantedTaken&) const = default;
};
struct Confirmed {
  std::uint64_t event_seq = 0;
  std::vector<std::string> outcomes;
  bool operator==(const Confirmed&) const = default;
};
struct ApplyDeclared {
  std::string command_id;
  bool operator==(const ApplyDeclared&) const = default;
};  // its set is what is declared from now on
struct ApplyUndone {
  std::string command_id, why;
  bool cancelled = false;
  bool operator==(const ApplyUndone&) const = default;
};  // what was declared before it is declared again
struct HoldEnded {
  std::string workload;
  bool operator==(const HoldEnded&) const = default;
};  // "" : the node

// -- containers
struct CreateIntended {
  std::string workload, nonce, name;
  std::uint32_t n = 0;
  std::string spec_hash;
  bool operator==(const CreateIntended&) const = default;
};
struct Created {
  std::string workload, nonce, id;
  bool operator==(const Created&) const = default;
};
struct Adopted {
  std::string workload;
  OwnedContainer container;
  std::string actor;
  bool operator==(const Adopted&) const = default;
};
struct Gone {
  std::string workload, id;
  bool operator==(const Gone&) const = default;
};  // not in a complete listing any more
struct RemoveIntended {
  std::string workload, id;
  bool operator==(const RemoveIntended&) const = default;
};
struct StartIntended {
  std::string workload;
  StartSent start;
  bool counted = false;
  bool operator==(const StartIntended&) const = default;
};
struct Running {
  std::string workload;
  Instance instance;
  bool operator==(const Running&) const = default;
};
struct StopIntended {
  std::string workload;
  StopSent stop;
  bool operator==(const StopIntended&) const = default;
};
// A stop that was not sent yet has no order any more: the run goes on, or is frozen or held.
struct StopWithdrawn {
  std::string workload;
  bool operator==(const StopWithdrawn&) const = default;
};
// What the stop hook said: busy, and is asked again; or anything else, and the stop goes on.
struct HookAnswered {
  std::string workload;
  Instance instance;
  bool busy = false, failed = false;
  std::int64_t again_in_ms = 0;
  std::string answer;  // a sentence's part: "ready", "busy: 2 turns are running", "failed: answered 500"
  bool operator==(const HookAnswered&) const = default;
};
// Its working set has come near its limit, or is well below it again.
struct MemoryHigh {
  std::string workload;
  Instance instance;
  std::int64_t used_bytes = 0, limit_bytes = 0;
  bool operator==(const MemoryHigh&) const = default;
};
struct MemoryEased {
  std::string workload;
  std::int64_t used_bytes = 0, limit_bytes = 0;
  bool operator==(const MemoryEased&) const = default;
};
struct FreezeIntended {
  std::string workload;
  Instance instance;
  bool operator==(const FreezeIntended&) const = default;
};
struct Thawed {
  std::string workload;
  bool operator==(const Thawed&) const = default;
};  // it was frozen and runs on
struct Exited {
  std::string workload;
  Exit exit;
  std::optional<std::int64_t> retry_in_ms;  // restart not before; nullopt: no restart is due or it is immediate
  bool crash = false;                       // counts against the budget
  bool never_again = false;
  bool crash_loop = false;
  bool reset_backoff = false;  // it had run long enough
  std::vector<std::string> log_tail;
  bool operator==(const Exited&) const = default;
};
struct ImageMissing {
  std::string workload;
  bool operator==(const ImageMissing&) const = default;
};
struct ImagePresent {
  std::string image, digest;
  bool pulled = false;  // by us, just now
  bool operator==(const ImagePresent&) const = default;
};
struct ImageUse {
  std::string image;
  bool used = false;
  bool operator==(const ImageUse&) const = default;
};  // of one that we pulled: something began or ceased to need it
struct ImageGone {
  std::string image, why;
  bool operator==(const ImageGone&) const = default;
};  // collected
struct PullFailed {
  std::string image;
  std::string code, detail;
  std::int64_t retry_in_ms = 0;
  bool operator==(const PullFailed&) const = default;
};
struct TroubleMet {
  std::string workload, code, detail;
  std::int64_t retry_in_ms = 0;
  bool operator==(const TroubleMet&) const = default;
};
struct StuckMet {
  std::string workload;
  std::string detail;
  std::int64_t retry_in_ms = 0;
  bool operator==(const StuckMet&) const = default;
};

// -- anything else worth telling
struct Noted {
  std::string kind;
  protocol::Severity severity = protocol::Severity::info;
  std::string workload, text;
  std::map<std::string, std::string> data;
  std::vector<std::string> log_tail;
  bool operator==(const Noted&) const = default;
};

}  // namespace record

using RecordBody =
    std::variant<record::LedgerCreated, record::AgentStarted, record::AgentStopped, record::HostStopping,
                 record::SystemAsked, record::SystemRefused, record::Fenced, record::Unfenced, record::FreshWaitOver,
                 record::BootWaitOver, record::ControlSilent, record::ControlHeard, record::Declared, record::Withdrawn,
                 record::Forgotten, record::SpecProven, record::SpecRefused, record::RemovalHeld, record::Accepted,
                 record::Refused, record::Begun, record::Settled, record::WantedTaken, record::Confirmed,
                 record::ApplyDeclared, record::ApplyUndone, record::HoldEnded, record::CreateIntended, record::Created,
                 record::Adopted, record::Gone, record::RemoveIntended, record::StartIntended, record::Running,
                 record::StopIntended, record::StopWithdrawn, record::HookAnswered, record::MemoryHigh,
                 record::MemoryEased, record::FreezeIntended, record::Thawed, record::EngineFacts, record::Exited,
                 record::ImageMissing, record::ImagePresent, record::ImageUse, record::ImageGone, record::PullFailed,
                 record::TroubleMet, record::StuckMet, record::Noted>;

// When and what. boot_ms and boot_id order time; wall_ms is shown.
struct Record {
  std::string boot_id;
  BootMs boot_ms = 0;
  WallMs wall_ms = 0;
  RecordBody body;
  bool operator==(const Record&) const = default;
};

// "accepted", "stop_intended", …: stable, in the ledger's rows.
std::string_view record_name(const RecordBody& body);

inline Record make_record(const Now& now, RecordBody body) {
  return Record{now.boot_id, now.boot_ms, now.wall_ms, std::move(body)};
}

}  // namespace aura::reconcile
