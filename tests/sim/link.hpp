// The way between one agent and the control plane: slow, lossy, doubling, reordering, or cut.
#pragma once

#include "agent/loops/wakeup.hpp"
#include "agent/ports/control_plane.hpp"
#include "tests/sim/control.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aura::sim {

// Of each hundred calls so many are lost on their way there, on their way back, or arrive a second time, later.
struct Weather {
  int lost_requests = 0, lost_replies = 0, doubled = 0;
  WorldMs slowest = 50;   // one way, at most
  bool cut = false;       // nobody answers
  bool nonsense = false;  // no reply can be read
  int refuses = 0;        // not 0: every reply is this HTTP status
};

class Link final : public ports::ControlPlane {
 public:
  static constexpr WorldMs call_deadline = 30 * second;

  // All of them outlive the link but `weather`, which outlives its last call.
  Link(World& world, Control& control, const Weather& weather, ports::Clock& clock, std::string node)
      : world_(world), control_(control), weather_(weather), clock_(clock), node_(std::move(node)) {}

  ports::Async<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request) override;
  void use_key(const std::string& node_key) override { key_ = node_key; }
  ports::Async<protocol::HeartbeatReply> heartbeat(const protocol::Heartbeat& beat) override;
  ports::Async<protocol::PollReply> poll(std::uint64_t cursor, int wait_s) override;

  void command_waits() { commands_.notify(); }

 private:
  // One call there and back. The weather decides what becomes of it; `serve` is what the control plane does with it.
  template <class Reply>
  ports::Async<Reply> exchange(std::function<Result<Reply>()> serve);
  boost::asio::awaitable<void> travel();
  // One in as_text calls goes as JSON, as on the wire: both ends must read what the other writes.
  template <class Body, class Decode>
  Body sent(const Body& body, Decode decode);
  static constexpr int as_text = 8;

  World& world_;
  Control& control_;
  const Weather& weather_;
  ports::Clock& clock_;
  std::string node_, key_;
  loops::Wakeup commands_;
};

}  // namespace aura::sim
