// What aura-node ends with; aura-control uses the same numbers.
#pragma once

namespace aura::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;       // also: status degraded, a finding of doctor or validate
inline constexpr int exit_unreachable = 2;  // the agent does not answer
inline constexpr int exit_refused = 3;
inline constexpr int exit_overtaken = 4;      // superseded, expired, cancelled
inline constexpr int exit_usage = 64;         // EX_USAGE, sysexits.h(3)
inline constexpr int exit_interrupted = 130;  // 128 + SIGINT: waiting was given up, the command goes on

}  // namespace aura::cli
