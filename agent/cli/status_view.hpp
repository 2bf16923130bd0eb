// A report of the node as one screen.
#pragma once

#include "agent/cli/terminal.hpp"
#include "common/protocol/report.hpp"
#include "common/time.hpp"

#include <string>

namespace aura::cli {

Colour colour_of(protocol::NodeWord word);
Colour colour_of(protocol::WorkloadWord word);

// exit_ok where the node is as somebody intended (running, stopped, suspended, frozen, held, locked) and Docker is
// known, else exit_failed: also while it boots, is provisioned or stops.
int exit_code_of(const protocol::Report& report);

// The verdict with its reasons first, then intent, workloads, Docker, control plane, tailnet, host, open commands.
// Printable, each line ended; ages count from `now`.
std::string status_text(const protocol::Report& report, WallMs now, const Terminal& terminal);

}  // namespace aura::cli
