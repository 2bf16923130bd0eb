// Looks at Docker for the supervisor: one listing, and an inspect only where the listing is not enough.
//
// Of interest is what the ledger owns, what carries our node label, and what bears a name of ours; everything else
// is passed on with what the listing tells. Inspects are remembered and repeated when the container is new, changed
// phase, or was touched by an event; while the event stream is away nothing is remembered. Results: a complete
// listing, or nullopt with the reason. One container that cannot be inspected has phase unknown.
#pragma once

#include "agent/loops/parts.hpp"

#include <map>
#include <set>
#include <string>

namespace aura::loops {

class Observer {
 public:
  Observer(ports::ContainerEngine& engine, ports::Host& host, ports::Clock& clock)
      : engine_(engine), host_(host), clock_(clock) {}

  // `state` must outlive the call; it may change meanwhile.
  boost::asio::awaitable<reconcile::Observed> observe(const reconcile::State& state);

  // The kernel has killed a process of this container's run for want of memory, at the earliest then (the engine's
  // clock). What Docker told of it is more exact and goes first.
  void oom_counted(const std::string& container_id, std::int64_t earliest_ns);
  void engine_event(const ports::EngineEvent& event);
  void mark_dirty(const std::string& container_id) { dirty_.insert(container_id); }

  // The stream is open, with nothing known of what happened before; or it broke.
  void events_connected();
  void events_lost();
  // The stream was broken off by ourselves, Docker was not away: what it told of runs still holds.
  void events_broken_off();
  bool events_up() const { return events_up_; }

  // Of a container's first process, as it was last looked at; 0: not known.
  int pid_of(const std::string& container_id) const;

  // The last observation was complete.
  bool engine_known() const { return engine_known_; }
  // Something was left unknown that Docker may tell if it is asked again soon.
  bool asks_again() const { return asks_again_; }

 private:
  // What others did to a container since its last start, as the stream or Docker's history told.
  struct Done {
    ports::KillSeen kill;
    BootMs killed_at = 0;  // 0: from Docker's history
    BootMs died_at = 0;    // after the kill was heard of
  };
  struct Look {
    reconcile::Container container;
    bool vanished = false;
  };
  boost::asio::awaitable<Look> look(const ports::ListedContainer& listed, const reconcile::State& state);
  // Learns from Docker's history what the stream did not tell; false: Docker did not say.
  boost::asio::awaitable<bool> ask_for_kill(const reconcile::Container& container, const reconcile::State& state);
  reconcile::Observed unknown(std::string reason);
  static void tell(const Done& done, reconcile::Container& container);

  ports::ContainerEngine& engine_;
  ports::Host& host_;
  ports::Clock& clock_;
  std::map<std::string, reconcile::Container> remembered_;
  std::set<std::string> dirty_;
  std::map<std::string, Done> done_;
  std::set<std::string> asked_for_kill_;  // exited ones whose kill history was asked since the last gap
  std::string names_of_, prefix_;         // a node id, and what the names of its containers begin with
  bool events_up_ = false;
  bool engine_known_ = false;
  bool asks_again_ = false;
  std::set<std::string> kill_untold_;  // exited ones whose kill history Docker did not tell when it was asked
  bool gap_ = false;                   // Docker was away since the last complete listing
  bool looked_ = false;
  bool ended_since_ = false;  // a container did or was told to, after the last observation began
};

}  // namespace aura::loops
