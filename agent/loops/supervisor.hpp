// The loop that keeps what runs equal to what is intended: observe, decide, record, act, wait.
//
// Woken by a change of the ledger that was not its own, an engine event, an action that ended, wake_at of the last
// plan, and at the latest by its poll. One pass at a time; several wake-ups during a pass make one more.
#pragma once

#include "agent/loops/act.hpp"
#include "agent/loops/observer.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/reconcile/plan.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aura::loops {

inline constexpr std::int64_t poll_with_events_ms = 300'000;
inline constexpr std::int64_t poll_without_events_ms = 30'000;
inline constexpr std::int64_t poll_engine_away_ms = 5'000;
inline constexpr std::int64_t poll_upgrade_ms = 2'000;  // its result is a file
inline constexpr std::int64_t record_retry_ms = 5'000;
inline constexpr std::int64_t catch_up_every_ms = 30'000;  // while the disk does not take what is in memory
inline constexpr int max_rounds = 32;                      // of facts and plans in one pass

class Supervisor {
 public:
  struct Hooks {
    std::function<void(bool news)> passed;  // after every pass; news: it found something else than the one before
    // What the probes found, and what they are to ask after a pass; without them nothing is probed.
    std::function<std::map<std::string, reconcile::Health>()> health = {};
    std::function<void(const std::map<std::string, reconcile::Probed>&)> probe = {};
    // Observed::silent_from; without it none is configured.
    std::function<std::optional<BootMs>()> silent_from = {};
    // Observed::memory.
    std::function<std::map<std::string, reconcile::MemoryUse>()> memory = {};
  };
  Supervisor(Parts parts, Observer& observer, Actor& actor, Secrets& secrets, Hooks hooks);

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

  void wake() { wakeup_.notify(); }
  // The ledger changed; what this loop recorded itself does not wake it.
  void ledger_changed();

  // The last one, without its actions. Findings are from the last pass.
  const reconcile::Plan& plan() const { return plan_; }
  bool reconciled() const { return reconciled_; }
  // Why Docker is unknown; "" while it is not.
  const std::string& unknown_reason() const { return unknown_reason_; }

 private:
  boost::asio::awaitable<void> pass();
  boost::asio::awaitable<reconcile::Observed> observe();
  bool is_upgrading() const;
  bool record_facts(const reconcile::Plan& plan, std::vector<reconcile::record::Exited>& exits);
  void fetch_tails(const std::vector<reconcile::record::Exited>& exits);
  BootMs next_look() const;
  void tell_engine(const std::string& unknown_before);

  Parts parts_;
  Observer& observer_;
  Actor& actor_;
  Secrets& secrets_;
  Hooks hooks_;
  Wakeup wakeup_;
  reconcile::Plan plan_;
  std::string unknown_reason_;
  bool reconciled_ = false;
  bool found_news_ = true;      // in the last pass
  bool recording_ = false;      // the ledger's change signal is about our own record
  bool record_failed_ = false;  // facts of the last pass could not be kept
  std::string record_trouble_;  // the last one told
};

}  // namespace aura::loops
