// Records to and from rows; for the store's own files only.
#pragma once

#include "control/store/store.hpp"

namespace soci {
class session;
}

namespace aura::control::rows {

// Each inserts or replaces one row (or the rows that make up the record). They throw soci_error.
void put(soci::session& sql, const NodeRecord& node);
void put(soci::session& sql, const NodeStatus& status);
void put(soci::session& sql, const CommandRecord& command);
void put(soci::session& sql, const OutcomeRecord& outcome);
void put(soci::session& sql, const EventRecord& event);
void put(soci::session& sql, const CodeRecord& code);
void put(soci::session& sql, const ClaimRecord& claim);
void put(soci::session& sql, const AuditRecord& entry);

}  // namespace aura::control::rows
