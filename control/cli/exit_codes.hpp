// What the command line ends with; the same as aura-node's.
#pragma once

namespace aura::control::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_unreachable = 2;
inline constexpr int exit_refused = 3;
inline constexpr int exit_overtaken = 4;  // superseded, expired, cancelled
inline constexpr int exit_usage = 64;     // EX_USAGE, sysexits.h

}  // namespace aura::control::cli
