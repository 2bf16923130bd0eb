// The control plane in memory: keeps what it was told and answers as a test says.
#pragma once

#include "agent/ports/control_plane.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace aura::testing {

class FakeControlPlane final : public ports::ControlPlane {
 public:
  explicit FakeControlPlane(boost::asio::any_io_executor executor);

  // ports::ControlPlane
  ports::Async<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request) override;
  void use_key(const std::string& node_key) override { key = node_key; }
  ports::Async<protocol::HeartbeatReply> heartbeat(const protocol::Heartbeat& beat) override;
  ports::Async<protocol::PollReply> poll(std::uint64_t cursor, int wait_s) override;

  // Ends the long poll that waits, or the next one, with these.
  void push(std::vector<protocol::Command> commands);
  // The next calls of each kind fail so, one error a call.
  std::deque<Error> failures;

  // -- what it answers
  std::string code = "good-code";  // the one-time code; "" : approve whoever comes
  bool approves = true;            // false: enrolment stays pending without the code
  protocol::HeartbeatReply reply;  // of each beat; commands and wanted only once
  bool confirms = true;            // events and outcomes of each beat

  // -- what it was told
  std::string key;
  std::vector<protocol::EnrollRequest> enrolments;
  std::vector<protocol::Heartbeat> beats;
  std::vector<std::uint64_t> cursors;  // of each poll

 private:
  std::optional<Error> failure();

  boost::asio::steady_timer pushed_;  // never expires: cancelled when there is something to fetch
  std::deque<protocol::Command> waiting_;
  std::uint64_t delivered_ = 0;
};

}  // namespace aura::testing
