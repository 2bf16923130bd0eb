// The control plane as the node sees it. Implemented by controlplane/HttpControlPlane and by tests' fake.
//
// Errors: unauthorized, forbidden (the key or we are not known), conflict with message code "stale_epoch"
// (Refusal), rate_limited with retry_after_s, unavailable, timeout, bad_reply, too_large.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "common/protocol/exchange.hpp"

#include <string>

namespace aura::ports {

class ControlPlane {
 public:
  virtual ~ControlPlane() = default;

  // The key to use from now on; "" when approval is pending.
  virtual Async<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request) = 0;
  virtual void use_key(const std::string& node_key) = 0;

  // conflict: fenced; http_status 409 and message starting with "stale_epoch LAST_EPOCH".
  virtual Async<protocol::HeartbeatReply> heartbeat(const protocol::Heartbeat& beat) = 0;

  // Waits up to wait_s for commands.
  virtual Async<protocol::PollReply> poll(std::uint64_t cursor, int wait_s) = 0;
};

}  // namespace aura::ports
