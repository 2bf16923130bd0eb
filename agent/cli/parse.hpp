// argv as Options: the only door to the command-line library.
#pragma once

#include "agent/cli/options.hpp"

#include <string>
#include <variant>

namespace aura::cli {

// Nothing to run: help was asked for (text for stdout, exit_ok) or the line is wrong (text for stderr, exit_usage).
struct Answer {
  int exit_code = 0;
  std::string text;
};

// Checks what can be known from the line alone: names, numbers, durations and times. Reads the environment variable
// AURA_NODE_SOCKET, no file.
std::variant<Options, Answer> parse(int argc, const char* const* argv);

}  // namespace aura::cli
