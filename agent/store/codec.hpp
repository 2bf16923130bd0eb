// Records, state and specs as JSON text for the ledger.
//
// encode/decode round-trip exactly. Decoding ignores unknown fields and takes defaults for missing ones (records of
// older versions); malformed text or an unknown record name is corrupt.
#pragma once

#include "agent/reconcile/record.hpp"
#include "common/error.hpp"

#include <string>
#include <string_view>

namespace aura::store {

std::string encode_record(const reconcile::Record& record);
Result<reconcile::Record> decode_record(std::string_view json);

std::string encode_state(const reconcile::State& state);
Result<reconcile::State> decode_state(std::string_view json);

}  // namespace aura::store
