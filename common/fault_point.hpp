// Named moments at which a test lets this process die: tests/crash kills it at each of them.
//
// Built in with the option AURA_FAULT_POINTS (the dev preset); without it nothing is left of a point. A target whose
// sources include this links aura_fault_points. The environment says what happens, (read once):
//   AURA_KILL_AT=NAME, NAME:N, NAME:N+MS   SIGKILL of itself at the N-th pass (1), or MS milliseconds after it
//   AURA_KILL_AT=@FILE                     the same, from a file that is read at each pass: passes count from the
//                                          moment its text changes; an empty one wishes nothing
//   AURA_TRACE_FAULT_POINTS=FILE           the name of each point passed is appended, a line each
#pragma once

#ifndef AURA_FAULT_POINTS
#error "link aura_fault_points to this target"
#endif

#include <string_view>

namespace aura {

inline constexpr bool fault_points = AURA_FAULT_POINTS != 0;

#if AURA_FAULT_POINTS
// The point's name is `moment` + `subject`: "ledger.before." + "accepted". For one thread.
void fault_point(std::string_view moment, std::string_view subject = {});
#else
constexpr void fault_point(std::string_view, std::string_view = {}) {}
#endif

}  // namespace aura
