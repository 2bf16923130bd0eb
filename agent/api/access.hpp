// Who is calling and what they may do.
#pragma once

#include "agent/reconcile/accept.hpp"
#include "common/http/server.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aura::api {

inline constexpr const char* operators_group = "aura-node";

struct Caller {
  reconcile::Origin origin = reconcile::Origin::local_admin;
  bool every_verb = false;                   // all that its origin may ask for
  std::set<std::string, std::less<>> verbs;  // else these: "read", "logs", and those of commands
  std::string actor;                         // "local:NAME", "tailnet:NAME"
  std::string id;                            // of a tailnet peer: its stable node id

  bool may(std::string_view verb) const { return every_verb || verbs.contains(verb); }
};

// On the Unix socket: uid 0, or the daemon's own user where that is not root, is root; members of the group
// operators_group (primary or supplementary, unix(7)) may act; everyone else may read. nullopt: not a local peer.
std::optional<Caller> identify(const http::Peer& peer);

// Why a request that a browser might have been tricked into is not served; "" if it may be. Refused are any Origin
// header, what a page of another site asks for, and a Host that is none of ours: localhost by name or address,
// aura-node, or one of `own_names` (names and literal addresses in
// lower case), each with or without a port, or none at all.
std::string browser_trouble(const http::Request& request, const std::vector<std::string>& own_names);

}  // namespace aura::api
