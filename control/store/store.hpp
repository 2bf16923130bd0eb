// What aura-control must not forget, in one database (SQLite, through SOCI).
//
// Reading is by plain queries, writing is by commit(): everything that belongs together goes into one Changes and
// one durable transaction (journal_mode WAL, synchronous FULL), so that whatever a reply confirms is on disk. After
// a failed commit nothing of it is stored. Schema changes are numbered migrations, done by open(). The audit table
// is append-only: the database itself refuses to change or delete its rows. One process uses the file at a time;
// the caller sees to that. Keys and codes are stored as SHA-256 only.
// Errors: no_space, read_only, corrupt, locked, else internal; messages never hold a secret.
#pragma once

#include "common/error.hpp"
#include "control/fleet/records.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aura::control {

// Retention: beyond these the oldest go, in the background of other commits.
inline constexpr std::int64_t max_stored_events = 200'000;
inline constexpr std::int64_t max_settled_commands_per_node = 1'000;

// An event as stored: told by a node, or (source "control") noticed by aura-control itself.
struct EventRecord {
  std::uint64_t id = 0;  // given by the store, growing; the cursor of GET /v1/events
  std::string node_id;
  std::string source = "node";  // "node" | "control"
  std::string ledger_id;        // that event.seq belongs to; "" for control
  protocol::Event event;        // seq is of the node's ledger; for control the store's id
};

struct AuditRecord {
  WallMs at = 0;
  std::string actor;   // "operator:NAME", "node:ID", "control"
  std::string action;  // "command", "enrolled", "approve", …
  std::string node_id;
  std::string detail;
};

struct OutcomeRecord {
  std::string node_id;
  protocol::Outcome outcome;
};

struct NodeStatus {
  std::string node_id;
  StatusRecord status;
};

// One transaction. Pointers and vectors are read during commit() only.
struct Changes {
  std::vector<NodeRecord> nodes;            // inserted or replaced, with their key
  std::vector<NodeStatus> statuses;         // inserted or replaced
  std::vector<CommandRecord> commands;      // inserted or replaced by id
  std::vector<OutcomeRecord> outcomes;      // the first of a node's command id stands
  std::vector<EventRecord> events;          // doubled (node, ledger, seq) are ignored; id is ignored
  std::vector<CodeRecord> codes;            // inserted or replaced
  std::vector<std::string> dropped_codes;   // hashes
  std::vector<ClaimRecord> claims;          // inserted or replaced
  std::vector<std::string> dropped_claims;  // node ids
  std::vector<AuditRecord> audit;

  bool empty() const;
};

class Store {
 public:
  // Opens or creates the file (mode 0600 for a new one) and brings its schema up to date; not_supported for a
  // schema that is newer than this program.
  static Result<std::unique_ptr<Store>> open(const std::string& path);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Result<void> commit(const Changes& changes);

  Result<std::vector<NodeRecord>> nodes();
  Result<std::vector<NodeStatus>> statuses();
  Result<std::vector<CommandRecord>> open_commands();
  Result<std::vector<CodeRecord>> codes();
  Result<std::vector<ClaimRecord>> claims();

  // not_found where there is none.
  Result<CommandRecord> command(std::string_view id);
  Result<protocol::Outcome> outcome(std::string_view node_id, std::string_view command_id);
  // The latest of one node first.
  Result<std::vector<CommandRecord>> recent_commands(std::string_view node_id, int limit);

  // Ascending by id, above `after`; of one node where `node_id` is not empty.
  Result<std::vector<EventRecord>> events(std::uint64_t after, std::string_view node_id, int limit);
  // The last `count` of them, ascending.
  Result<std::vector<EventRecord>> last_events(std::string_view node_id, int count);

  // The latest first.
  Result<std::vector<AuditRecord>> audit(int limit);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace aura::control
