// Finds the control plane in the tailnet and makes sure that it is it (docs/protocol.md, "Whom the node talks to").
//
// The URL's host is looked up among the devices that tailscaled shows, never in DNS; its address must be the tailnet's;
// whois of that address must name that very device, with a tag of `expect_tags`. Errors: unavailable (the tailnet does
// not run, or shows no such device), forbidden (somebody else is there: says who), invalid_argument (userspace mode
// without tailscale.socks5), and whatever tailscaled fails with.
#pragma once

#include "agent/controlplane/http_control_plane.hpp"
#include "common/tailnet/watch.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aura::controlplane {

inline constexpr std::int64_t device_life_ms = 60'000;  // then its path is asked again, too

class TailnetHop {
 public:
  // Told once for each new reason why somebody is not the control plane; one sentence.
  using Stranger = std::function<void(const std::string& why)>;
  // `host` of the URL: a MagicDNS name, its first label, or a literal address. `watch` outlives this.
  TailnetHop(tailnet::Watch& watch, std::string host, std::vector<std::string> expect_tags, std::string socks5,
             Stranger stranger);

  ports::Async<Hop> find();

  // As it was vouched for last; nullopt: never yet, or not any more.
  const std::optional<tailnet::Device>& device() const { return vouched_; }

 private:
  ports::Async<tailnet::Device> look_up();
  ports::Async<Hop> vouch(tailnet::Device device);
  Error refused(std::string why);

  tailnet::Watch& watch_;
  const std::string host_;
  const std::vector<std::string> expect_tags_;
  const std::string socks5_;
  Stranger stranger_;
  std::optional<tailnet::Device> found_, vouched_;
  std::uint64_t found_at_change_ = 0;
  BootMs found_at_ = 0;
  std::string told_;  // the last reason told
};

}  // namespace aura::controlplane
