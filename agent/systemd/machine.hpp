// What we ask of the machine over the system bus: to go down (logind), and to start one of our root units (systemd).
//
// Whether we may is polkit's to say; the package's rule lets the agent's user do just this. Each call runs on the loop
// without blocking it, on a bus connection of its own, and ends within bus_call_deadline_s.
// Source: org.freedesktop.login1(5) Reboot, PowerOff; org.freedesktop.systemd1(5) StartUnit; sd_bus_process(3).
#pragma once

#include "common/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace aura::systemd {

inline constexpr int bus_call_deadline_s = 30;  // polkitd may have to be started first

// Success: taken on. Errors of all three: forbidden (polkit), not_found (no such unit), unavailable (no bus, no logind,
// or it says no for now: what it says is in the message), timeout.
boost::asio::awaitable<Result<void>> reboot();
boost::asio::awaitable<Result<void>> power_off();
// A unit that runs already is left to it.
boost::asio::awaitable<Result<void>> start_unit(std::string unit);

// The instance of a template unit that stands for `text`, unit-name escaped (systemd.unit(5), "String escaping").
std::string escape_instance(std::string_view text);

}  // namespace aura::systemd
