// Who may talk to this server, and how: operators' tokens, own names, origins, content types. Plain, no Asio.
#pragma once

#include "common/http/message.hpp"
#include "control/api/problem.hpp"
#include "control/api/roles.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aura::control {

inline constexpr std::size_t max_token_file_bytes = 16 * 1024;

struct Token {
  std::string name;  // in audit and actor: "operator:NAME"
  std::string hash;  // SHA-256 of the token, hex
  Role role = Role::admin;
};

// The lines of a token file: "TOKEN" (named "default"), "TOKEN NAME" or "TOKEN NAME ROLE"; without a role it is
// admin's. Empty lines and # comments are skipped. invalid_argument for a token shorter than 32 characters, a name that
// is not [A-Za-z0-9_.@-]{1,64}, or another role than viewer, operator, admin.
Result<std::vector<Token>> parse_tokens(std::string_view text);

enum class Network { loopback, tailnet, other };
// Of a literal address; 100.64.0.0/10 and fd7a:115c:a1e0::/48 are Tailscale's (tailscale.com/kb/1033).
// invalid_argument where it is no address.
Result<Network> network_of(const std::string& address);

struct AccessConfig {
  std::vector<Token> tokens;
  std::set<std::string> names;  // own host names and addresses, lower case, without port; loopback's are added
  // Names that may change, lower case: those of the tailnet. May be empty.
  std::function<bool(std::string_view)> also_own;
  std::string trusted_proxy;                         // this peer is answered wherever it comes from
  std::set<Network> networks = {Network::loopback};  // of the listeners: peers of others are not answered
};

class Access {
 public:
  explicit Access(AccessConfig config);

  // A DNS name that somebody points here must not reach this API through a browser: Host must be an own name (421),
  // Origin, where a browser sends it, too (403); a page of another site may at most link here (403); bodies are
  // application/json only (415).
  std::optional<Problem> check(const http::Request& request, std::string_view peer_address) const;

  // By token, or, where none is given, by what the tailnet granted; 401 for a token that is not known, and for
  // nobody; 403 for a device of the tailnet without a grant.
  Answer<Operator> operator_of(const http::Request& request, const Operator& granted = {}) const;

 private:
  bool is_own(std::string_view host) const;
  bool is_answered(std::string_view peer_address) const;
  AccessConfig config_;
};

// The token of "Authorization: Bearer …", "" where there is none.
std::string bearer_of(const http::Request& request);

}  // namespace aura::control
