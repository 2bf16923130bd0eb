// What every loop works with. All of it outlives the loops; one thread, one io_context.
#pragma once

#include "agent/ports/clock.hpp"
#include "agent/ports/container_engine.hpp"
#include "agent/ports/host.hpp"
#include "agent/store/ledger.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace aura::loops {

struct Parts {
  boost::asio::any_io_executor executor;
  ports::Clock& clock;
  store::Ledger& ledger;
  ports::ContainerEngine& engine;
  ports::Host& host;
};

// Records with the clock's now; a failure is logged, and returned for whoever must stop on it.
Result<void> record(const Parts& parts, reconcile::RecordBody body);

}  // namespace aura::loops
