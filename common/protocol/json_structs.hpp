// The structs of this folder to and from JSON values, shared by the codec's own files only.
#pragma once

#include "common/protocol/exchange.hpp"
#include "common/protocol/json_fields.hpp"

namespace aura::protocol::json {

Object write_command(const Command& command);
Object write_outcome(const Outcome& outcome);
Object write_event(const Event& event);
Object write_report(const Report& report);

Command read_command(const Value& value, const Path& path, Problem& problem);
Outcome read_outcome(const Value& value, const Path& path, Problem& problem);
Event read_event(const Value& value, const Path& path, Problem& problem);
Report read_report(const Value& value, const Path& path, Problem& problem);

}  // namespace aura::protocol::json
