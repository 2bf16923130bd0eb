// Versions of the ledger's tables.
//
// meta(key, value); records(seq, body, sum): one decision each, without gaps; snapshot: at most one row, the state
// up to its seq. sum is a CRC-32 over seq and body: SQLite checks the structure of its pages, not their content.
#pragma once

#include "agent/reconcile/record.hpp"
#include "agent/store/database.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace aura::store {

// Brings the tables from one version to the next.
using Migration = Result<void> (*)(Database&);

// The ledger's own steps; step N leads from version N to N + 1. A new file is version 0.
std::span<const Migration> ledger_migrations();

// A ledger of this version or a later one may stay as it is: this program writes it so that the version before reads
// it. An upgrade is on trial until it has proven itself (docs/architecture.md, "Ledger").
inline constexpr std::int64_t oldest_kept = 1;

// The lowest version in which this kind of record may stand.
std::int64_t version_for(const reconcile::RecordBody& body);

// 0: a new file. corrupt: these are not our tables.
Result<std::int64_t> version_of(Database& database);

// Brings the database to version `to`, or steps.size(), each step in a transaction of its own with its new version
// number. A database above steps.size() is not_supported and left as it is, one above `to` is left, too.
Result<void> migrate(Database& database, std::span<const Migration> steps, std::int64_t to);
Result<void> migrate(Database& database, std::span<const Migration> steps);

std::int64_t checksum(std::int64_t seq, std::string_view body);

}  // namespace aura::store
