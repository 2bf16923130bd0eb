// What this machine's tailscaled says of the tailnet, as plain values.
//
// Source: Tailscale's ipn/ipnstate (Status, PeerStatus), tailcfg (Node, PeerCapMap) and ipn (State), as its LocalAPI
// sends them. Only what is used here is kept.
#pragma once

#include "common/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::tailnet {

// Whether the tailnet can be used, and if not, which link is broken.
enum class State {
  unknown,         // not asked yet
  absent,          // nobody listens on tailscaled's socket
  denied,          // the socket may not be opened by this user
  no_answer,       // somebody listens and does not answer in time, or not as tailscaled does
  starting,        // tailscaled is up and not connected yet
  needs_login,     // logged out, or its key has expired
  needs_approval,  // an admin of the tailnet must approve this device
  stopped,         // somebody ran `tailscale down`
  running,
};
std::string_view to_string(State state);
// What to do about it, one sentence; "" for running.
std::string_view remedy(State state);

// One device of the tailnet.
struct Device {
  std::string id;                      // StableNodeID: never given to another device, not even under the same name
  std::string name;                    // MagicDNS name in lower case without its last dot; the tailnet decides on it
  std::vector<std::string> addresses;  // literal
  std::vector<std::string> tags;
  std::optional<WallMs> key_expiry;  // nullopt: its key does not expire
  bool expired = false;
  bool shared = false;  // from another tailnet
  bool online = false;
  std::string direct_address;  // where its packets come from now; "": through a relay, or none lately
  std::string relay;           // DERP region
  bool active = false;         // packets were exchanged of late
  bool operator==(const Device&) const = default;

  // How packets get there: "direct", "relayed" or "idle".
  std::string_view path() const { return !direct_address.empty() ? "direct" : active ? "relayed" : "idle"; }
  // "control" for "control.example.ts.net".
  std::string short_name() const { return name.substr(0, name.find('.')); }
};

struct Status {
  State state = State::unknown;
  std::string trouble;  // one sentence more than the state says; may be empty
  std::string version;
  bool tun = true;  // false: userspace networking, peers arrive from loopback
  Device self;
  std::vector<std::string> health;  // tailscaled's own warnings; empty: fine
  bool operator==(const Status&) const = default;
};

// Who is at an address: the answer of whois.
struct Identity {
  Device device;
  std::string login;  // display only: a tagged device has none of its own
  // Capability -> the values of all grants that hold for this peer, each a JSON text.
  std::map<std::string, std::vector<std::string>> capabilities;
  bool operator==(const Identity&) const = default;
};

}  // namespace aura::tailnet
