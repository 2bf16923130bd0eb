// The control plane of a story: aura-control's own rules (control/fleet) over a table in memory.
//
// It is what the invariants are judged against: what it ordered, what it heard, and that both agree.
#pragma once

#include "common/error.hpp"
#include "control/fleet/intake.hpp"
#include "tests/sim/world.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aura::sim {

class Control {
 public:
  explicit Control(World& world) : world_(world) {}

  // -- what a node asks (protocol P1, P2); an error is what its HTTP client would make of the answer
  Result<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request);
  Result<protocol::HeartbeatReply> heartbeat(const std::string& node, const std::string& key,
                                             const protocol::Heartbeat& beat);
  // No commands: nothing to hand out now.
  Result<protocol::PollReply> poll(const std::string& node, const std::string& key, std::uint64_t cursor);

  // -- what operators do
  // Queues it under a new id and, where its verb has one, a new generation; returns the id.
  std::string send(const std::string& node, protocol::Command command);
  void reenroll(const std::string& node);
  // The id of one that is open, "" where none is.
  std::string an_open_command(const std::string& node);

  int next_heartbeat_s = 3600;
  bool long_poll = false;
  std::function<void(const std::string& node)> on_command;  // there is something to hand out

  // -- what the story asks at its end
  struct Node {
    control::NodeRecord record;
    std::optional<std::uint64_t> gap_at;
    std::uint64_t announced_to = 0;
    std::map<std::string, control::CommandRecord> commands;  // by id, all of them
    std::map<std::string, protocol::Outcome> outcomes;       // by id, the first that came
    std::set<std::string> open;
    std::map<std::string, WorldMs> not_before;  // of deferred ones
    std::map<std::string, WorldMs> sent_at;
    std::uint64_t events = 0;                 // taken
    std::set<std::string> ledgers, returned;  // all that were ever enrolled; those that were so twice
    bool forgetful = false;                   // its ledger was lost: a command may be carried out and told anew
  };
  Node& node(const std::string& id) { return nodes_[id]; }

 private:
  std::vector<protocol::Command> due(Node& node, std::uint64_t after, std::uint64_t* cursor);
  void renumber(Node& node, const std::string& id);
  void take_outcomes(Node& node, const protocol::Heartbeat& beat);

  World& world_;
  std::map<std::string, Node> nodes_;
  std::uint64_t made_ = 0;
};

}  // namespace aura::sim
