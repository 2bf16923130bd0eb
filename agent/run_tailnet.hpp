// The tailnet's part of the daemon: what listens there, who is let in, and the way to the control plane.
#pragma once

#include "agent/api/tailnet_access.hpp"
#include "agent/config/config.hpp"
#include "agent/controlplane/tailnet_hop.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/status_board.hpp"
#include "common/http/server.hpp"
#include "common/tailnet/doors.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>

namespace aura {

inline constexpr int key_expiry_told_days = 14;

class RunTailnet {
 public:
  // Asks tailscaled only if the configuration has a use for it. All outlive this.
  RunTailnet(boost::asio::io_context& io, http::Client& client, const config::Config& config, loops::Parts parts);

  // For the node's API; nullptr: nothing listens on TCP.
  api::TailnetAccess* access() { return access_ ? &*access_ : nullptr; }
  // The way to the control plane; nothing where that is not asked for by control.auth.
  controlplane::FindHop find_hop();

  // Listens as api.listen says, and begins to follow tailscaled. False: a loopback address cannot be had; the log says
  // why. Tailnet addresses may come and go.
  bool start(http::Handler handler);
  void stop();

  // After each change of the tailnet.
  void on_change(std::function<void()> listener);
  // Nothing that was known is believed any longer.
  void look_anew();

  loops::TailnetTold told() const;

 private:
  void note(std::string kind, std::string text, std::map<std::string, std::string> data = {});
  void tell_key_expiry();
  std::string words() const;
  std::string loopback_words() const;

  boost::asio::io_context& io_;
  const config::Config& config_;
  loops::Parts parts_;
  std::optional<tailnet::Watch> watch_;
  std::optional<api::TailnetAccess> access_;
  std::optional<controlplane::TailnetHop> hop_;
  std::optional<http::Server> server_;
  std::optional<tailnet::Doors> doors_;
  RateLimit strangers_told_;
  std::optional<std::int64_t> expiry_told_at_days_;  // days that were left when it was told
};

}  // namespace aura
