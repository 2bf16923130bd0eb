// How the daemon's log is written: ids and fields of its entries, and how much of one cause it takes.
#pragma once

#include <cstdint>
#include <string>

namespace aura {

// Before the first entry.
void begin_log();
// Every later entry carries them.
void log_as(const std::string& node_id, const std::string& tenant);
void log_ready(const std::string& version, const std::string& node_id, std::uint64_t epoch);
// `why` in a sentence's words. After it nothing is left untold.
void log_ending(const std::string& why);

}  // namespace aura
