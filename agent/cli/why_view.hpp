// What `aura-node why` shows.
#pragma once

#include "agent/cli/terminal.hpp"
#include "common/protocol/report.hpp"

#include <string>

namespace aura::cli {

// The runs of one workload, newest first, in plain words, each with the last lines it wrote; hostile text escaped.
std::string why_text(const protocol::Why& why, const Terminal& terminal);

}  // namespace aura::cli
