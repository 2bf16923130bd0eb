// The one way in for commands, whichever path they came by.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/reconcile/accept.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace aura::loops {

inline constexpr std::size_t max_told = 64;  // ids of commands that an event told of, each once

// What reading configuration and declarations anew came to.
struct ReloadResult {
  bool ok = false;   // everything was read and is good
  std::string text;  // one or more sentences
};

class CommandDesk {
 public:
  // What an apply's specs mean, without what they change.
  using ReadApplied = std::function<reconcile::Applied(const protocol::Command&)>;
  // `reload` reads configuration and workload files anew. Without `read_applied` no apply is taken.
  CommandDesk(Parts parts, std::function<ReloadResult(bool allow_removal)> reload, ReadApplied read_applied = {});

  // Judges `command`, records what was decided and says it; accepted and refused are committed when this returns.
  // Where nothing can be committed the answer is deferred, with code no_space or degraded: the same id may come again.
  // The actor is the caller's to write for every origin but control. A reload and a dry run of
  // an apply are done and settled at once.
  reconcile::Acceptance deliver(const protocol::Command& command, reconcile::Origin origin);

  // Commands of the control plane; returns those that must be named as deferred in the next heartbeat, with every later
  // one that has a generation: their order is their meaning. What could not be read, and an id that names another
  // command, is told in one event an id.
  std::vector<protocol::Deferred> deliver_all(const std::vector<protocol::Command>& commands,
                                              const std::vector<protocol::UnreadableCommand>& unreadable);

 private:
  void reload(const protocol::Command& command);
  reconcile::Acceptance judge(const protocol::Command& command, reconcile::Origin origin, const Now& now);
  void tell_changes(const protocol::Command& command);
  bool may_tell(const std::string& id);

  Parts parts_;
  std::function<ReloadResult(bool)> reload_;
  ReadApplied read_applied_;
  std::set<std::string> told_;
};

}  // namespace aura::loops
