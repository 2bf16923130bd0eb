// Removes images that this agent pulled and nothing needs any more, by policy (reconcile/collect.hpp).
//
// Looks every look_every_ms, and at once for a command `collect`, which it settles. Docker itself refuses to remove
// what a container is made of, whoever's container that is; such an image is left for the next look.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/reconcile/collect.hpp"

#include <string>
#include <vector>

namespace aura::loops {

class Collector {
 public:
  static constexpr std::int64_t look_every_ms = 600'000;

  Collector(Parts parts, reconcile::CollectPolicy policy);

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

  // The ledger changed.
  void ledger_changed();

 private:
  boost::asio::awaitable<void> pass();
  // Percent of Docker's disk; 0 where that is not known.
  boost::asio::awaitable<int> fullness();
  boost::asio::awaitable<std::vector<std::string>> remove(std::vector<reconcile::Collectable> wanted);
  void note_uses();
  void settle(const std::string& id, const std::vector<std::string>& images, bool dry_run);

  Parts parts_;
  reconcile::CollectPolicy policy_;
  Wakeup wakeup_;
};

}  // namespace aura::loops
