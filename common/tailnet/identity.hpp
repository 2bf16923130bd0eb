// Who a peer is, and what the tailnet grants it. Pure.
#pragma once

#include "common/tailnet/facts.hpp"

#include <set>
#include <string>
#include <vector>

namespace aura::tailnet {

// Why this device is not to be trusted whatever it is granted, one sentence; "" if nothing speaks against it:
// shared in from another tailnet, its key expired, or this very node (whois names it for any local process that
// dials the node's own address).
std::string objection(const Device& peer, const Device& self);

// The words of the array `member` in all values of `capability` together: grants add up.
struct Granted {
  std::set<std::string, std::less<>> words;
  bool unreadable = false;  // a value was not {"MEMBER":["…"]}
};
Granted granted(const Identity& who, const std::string& capability, const std::string& member);

bool has_any_tag(const Device& device, const std::vector<std::string>& tags);

// "control (100.64.0.1, tag:aura-control)", for people.
std::string describe(const Device& device);

}  // namespace aura::tailnet
