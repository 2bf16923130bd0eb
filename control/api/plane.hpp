// The control plane's one state: what is stored, what is only known in memory, and every operation on both.
//
// Plain and synchronous: no operation suspends, so nobody ever sees half of one. Each builds its Changes, commits
// them, and only then changes memory; what fails to commit has not happened. Time comes in as a Moment. Whoever
// waits for news is told through `wake` with a topic: topic_commands(node), topic_command(id), topic_events,
// topic_unwritten.
#pragma once

#include "common/rate_limit.hpp"
#include "control/api/problem.hpp"
#include "control/api/views.hpp"
#include "control/fleet/intake.hpp"
#include "control/fleet/liveness.hpp"
#include "control/store/store.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aura::control {

inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_claims = 1'000;
inline constexpr std::size_t max_claims_of_device = 8;        // that wait for an operator
inline constexpr std::size_t max_claims_without_device = 64;  // likewise, of all that come from outside the tailnet
inline constexpr std::size_t max_codes = 10'000;
inline constexpr std::size_t max_open_commands = 64;           // of one node
inline constexpr std::size_t reserved_commands = 32;           // beyond it: intents of the node and cancel
inline constexpr std::size_t max_delivery_bytes = 512 * 1024;  // of commands in one reply (a node reads 1 MiB)
inline constexpr std::int64_t code_valid_s = 30 * 60;
inline constexpr std::int64_t claim_valid_s = 24 * 3600;
inline constexpr std::int64_t turned_away_s = 3600;  // a device may not claim that node id again; a restart forgets it
inline constexpr std::int64_t stranger_told_every_s = 600;  // of one claimant to one node
inline constexpr std::size_t max_strangers_counted = 1'024;
inline constexpr int nodes_per_heartbeat_second = 1'000;  // the interval grows beyond it

// A node's own API in the tailnet.
struct PushTarget {
  std::string address;
  std::string device;  // whose address it must still be
};
enum class PushResult {
  taken,    // the node has it: delivered
  settled,  // the node refused it for good, and will tell the outcome itself
  later,    // it could not take it now: the long poll brings it
  failed,   // it was not reached: likewise, and nothing is pushed there until it is heard again
};

struct PlaneConfig {
  int heartbeat_s = 60;
};

std::string topic_commands(std::string_view node_id);
std::string topic_command(std::string_view command_id);
inline constexpr std::string_view topic_events = "events";
inline constexpr std::string_view topic_unwritten = "unwritten";  // plain heartbeats wait for flush()

class Plane {
 public:
  using Wake = std::function<void(std::string_view topic)>;
  Plane(Store& store, PlaneConfig config, Wake wake);

  // Reads the store; to be called once, first. From `moment` on every node has a fresh full term.
  Result<void> load(const Moment& moment);

  // ---- what nodes ask (plane_enrol.cpp, plane_claims.cpp, plane_devices.cpp, plane_beat.cpp)
  Answer<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request, const Moment& moment,
                                       const Sender& sender = {});
  // Key and device of a node's call: as check_key, and 403 where the node id is bound to another device than the
  // sender's, which becomes an event. A node id that is bound to none is bound to the sender's by this.
  Answer<void> check_node(const std::string& node_id, std::string_view key, const Sender& sender, const Moment& moment);
  // Likewise of a stage; an unspent code will do in place of the key, and binds nothing.
  Answer<void> check_stage(const std::string& node_id, std::string_view secret, const Sender& sender,
                           const Moment& moment);
  // 401 for a key that nobody has, 403 for the key of another node.
  Answer<void> check_key(std::string_view node_id, std::string_view key) const;
  Answer<void> check_key_or_code(std::string_view node_id, std::string_view secret, const Moment& moment) const;
  Answer<protocol::HeartbeatReply> beat(const std::string& node_id, const protocol::Heartbeat& beat,
                                        const Moment& moment, const Sender& sender = {});
  Answer<void> stage(const std::string& node_id, const std::string& stage, const std::string& reason,
                     const Moment& moment);

  // ---- delivery (plane_delivery.cpp)
  // What is new above `cursor`; empty commands: nothing now.
  Answer<protocol::PollReply> poll(const std::string& node_id, std::uint64_t cursor, const Moment& moment);
  // When a deferred command of that node is due, if any is waiting.
  std::optional<std::int64_t> next_due_mono_ms(const std::string& node_id) const;
  // A parked long poll begins (+1) or ends (-1): heartbeat replies then carry no commands.
  void count_poll(const std::string& node_id, int change);
  int parked_polls(const std::string& node_id) const;

  // ---- push (plane_push.cpp)
  // Where the node's API is, as long as it is heard over the tailnet and a push to it has not failed since.
  std::optional<PushTarget> push_target(const std::string& node_id, const Moment& moment) const;
  // The next command to push there, exactly as a poll would give it; each is given until pushed() says what came of it.
  std::optional<protocol::Command> next_push(const std::string& node_id, const Moment& moment) const;
  void pushed(const std::string& node_id, const std::string& command_id, PushResult result, const Moment& moment);

  // ---- what operators ask (plane_operators.cpp)
  Answer<CommandView> queue(const std::string& node_id, protocol::Command command, const Moment& moment);
  Answer<CommandView> command(const std::string& node_id, const std::string& id, const Moment& moment);
  Answer<std::string> make_code(const std::string& node_id, const std::string& actor, const Moment& moment);
  // The machine that waits under that node id, let in or turned away (plane_claims.cpp); the reply says which it is.
  // 404 where none waits, 409 where it is another device than the given one ("": any will do). One that was approved
  // can be turned away until it has fetched its key, then 409.
  Answer<ClaimRecord> approve(const std::string& node_id, const std::string& device, const std::string& actor,
                              const Moment& moment);
  Answer<ClaimRecord> refuse_claim(const std::string& node_id, const std::string& device, const std::string& actor,
                                   const Moment& moment);
  Answer<std::string> reenroll(const std::string& node_id, const std::string& actor, const Moment& moment);
  std::vector<NodeView> nodes(const Moment& moment) const;
  Answer<NodeView> node(const std::string& node_id, const Moment& moment);
  Result<std::vector<EventRecord>> events(std::uint64_t after, std::string_view node_id, int limit);
  Result<std::vector<EventRecord>> last_events(std::string_view node_id, int count);

  // ---- time (plane.cpp)
  // Notes nodes that fell silent, forgets what is over; returns when to be called next.
  std::int64_t tick(const Moment& moment);
  // Writes the plain heartbeats gathered since the last call; true if there were any.
  Result<void> flush();
  bool has_unwritten() const { return !unwritten_.empty(); }

 private:
  static constexpr std::int64_t never_sent = -(std::int64_t{1} << 60);

  struct OpenCommand {
    CommandRecord record;
    std::int64_t sent_mono_ms = never_sent;
    std::int64_t not_before_mono_ms = 0;  // deferred until then
    bool pushed = false;                  // the node has answered a push of it
  };
  struct Node {
    NodeRecord record;
    StatusRecord status;
    std::optional<std::int64_t> heard_mono_ms;
    fleet::Heard shown = fleet::Heard::never;  // last state that an event told of
    std::optional<std::uint64_t> gap_at;       // see fleet::judge_events
    std::uint64_t announced_to = 0;            // likewise; of this ledger
    std::optional<std::uint64_t> stale_seen;   // stale epoch already told of
    int parked_polls = 0;
    std::string address;                // in the tailnet, of the last beat that was taken; "": it came otherwise
    bool over_tailnet = false;          // likewise
    bool pushable = false;              // likewise, and no push has failed since
    std::vector<OpenCommand> commands;  // by delivery number
  };

  Answer<protocol::EnrollReply> admit(const protocol::EnrollRequest& request, const Sender& sender, Changes changes,
                                      const Moment& moment);
  Answer<protocol::EnrollReply> claim(const protocol::EnrollRequest& request, const Sender& sender,
                                      const Moment& moment);
  std::optional<Problem> refuse_to_replace(const ClaimRecord& claim, const Moment& moment) const;
  std::optional<Problem> refuse_more_claims(const Sender& sender) const;
  Answer<ClaimRecord> claim_of(const std::string& node_id, const std::string& device) const;
  void turn_away(const std::string& key, const Moment& moment);
  Answer<CodeRecord> usable_code(const protocol::EnrollRequest& request, const Moment& moment) const;
  Problem stranger(const Node& node, const Sender& sender, const Moment& moment);
  Answer<void> check_device(const std::string& node_id, const Sender& sender, const Moment& moment);
  static void heard_from(Node& node, const Sender& sender);
  static std::string words_of(const Sender& sender);  // "the device vm-1 (nABC) at 100.64.0.2"
  Problem refuse_beat(Node& node, const protocol::Heartbeat& beat, const fleet::BeatJudgement& judgement,
                      const Moment& moment);
  void take_outcomes(Node& node, const protocol::Heartbeat& beat, Changes& changes, std::vector<OpenCommand>& commands,
                     const Moment& moment) const;

  bool may_deliver(const Node& node) const;
  static bool is_held_back(const std::vector<OpenCommand>& commands, const OpenCommand& later);
  bool renumber_due(NodeRecord& record, std::vector<OpenCommand>& commands, const Moment& moment,
                    Changes& changes) const;
  using Choose = std::function<bool(const OpenCommand&)>;
  std::vector<protocol::Command> deliver(std::vector<OpenCommand>& commands, const Choose& choose, const Moment& moment,
                                         Changes& changes) const;
  Answer<std::string> mint_code(Changes changes, const std::string& node_id, const Moment& moment);
  void adopt(const Changes& changes);  // memory follows a commit

  fleet::Liveness liveness(const Node& node, const Moment& moment) const;
  CommandView view(const Node& node, const CommandRecord& record, const Moment& moment) const;
  NodeView view(const Node& node, const Moment& moment) const;
  static EventRecord own_event(const std::string& node_id, std::string_view kind, protocol::Severity severity,
                               std::string text, const Moment& moment);
  Node* find(const std::string& node_id);
  int interval_s() const;

  Store& store_;
  PlaneConfig config_;
  Wake wake_;
  std::int64_t started_mono_ms_ = 0;
  std::map<std::string, Node> nodes_;
  std::unordered_map<std::string, std::string> node_of_key_;  // key hash -> node id
  std::unordered_map<std::string, CodeRecord> codes_;         // by hash
  std::map<std::string, ClaimRecord> claims_;                 // by node id
  std::map<std::string, std::int64_t> turned_away_;           // node id and device -> mono_ms until which
  std::set<std::string> unwritten_;                           // nodes whose status is not stored yet
  RateLimit strangers_told_{1.0 / stranger_told_every_s, 1, max_strangers_counted};
};

}  // namespace aura::control
