// What the process does for itself from time to time.
#pragma once

#include "agent/ports/clock.hpp"
#include "agent/ports/host.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace aura {

// Starts on `executor`, each ending only with its io_context:
//
// Food for the service manager's watchdog, where it has one (sd_watchdog_enabled(3)): from the loop that does the work,
// so that one that hangs is not fed.
//
// What a burst of work took is given back within a minute (malloc_trim(3)): answers of Docker and of our own API are
// read and written whole, and glibc keeps what they freed.
void start_upkeep(boost::asio::any_io_executor executor, ports::Clock& clock, ports::Host& host);

}  // namespace aura
