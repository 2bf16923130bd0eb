// What a command came to, in words and as an exit code.
#pragma once

#include "common/protocol/command.hpp"

#include <string>

namespace aura::cli {

int exit_code_of(protocol::OutcomeKind kind);

// "stop web succeeded: …" and a line of evidence for each workload, printable, each line ended.
std::string outcome_text(const protocol::Outcome& outcome);

// "stop of web", "restart of the node": how a person would call it. Printable.
std::string name_of(protocol::Verb verb, const protocol::Target& target);

}  // namespace aura::cli
