// The last lines of a container that has just ended, made harmless, as an event.
//
// Fetched beside the restart, never before it: the start must not wait for a log.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/secrets.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aura::loops {

inline constexpr int tail_lines = 20;
inline constexpr std::size_t tail_line_bytes = 1024;
inline constexpr std::size_t tail_bytes = 8 * 1024;
inline constexpr std::int64_t tail_deadline_ms = 3000;

// The last tail_lines lines of `raw`: valid UTF-8, control characters as \xNN, secrets masked, each line and the
// whole within their bounds (a cut line ends with "…").
std::vector<std::string> harmless_tail(std::string_view raw, const Secrets& secrets);

// Records Noted{"log_tail"} with the lines; nothing where there is no output or Docker does not answer in time.
boost::asio::awaitable<void> note_log_tail(Parts parts, Secrets& secrets, std::string workload,
                                           reconcile::Instance instance);

}  // namespace aura::loops
