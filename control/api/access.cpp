#include "control/api/access.hpp"

#include "common/digest.hpp"
#include "common/tailnet/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace aura::control {
namespace {

constexpr std::size_t min_token_bytes = 32;
constexpr std::size_t max_name_bytes = 64;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_token_name(std::string_view name) {
  constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-";
  return !name.empty() && name.size() <= max_name_bytes && name.find_first_not_of(allowed) == name.npos;
}

// "name:80" and "[::1]:80" without the port (RFC 9110, 7.2).
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == authority.npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

std::string_view host_of_origin(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == origin.npos ? std::string_view() : without_port(origin.substr(scheme + 3));
}

// Fetch Metadata (W3C): what a page of another site makes a browser do, but for following a link. A browser brings its
// user's tailnet identity along without any cookie.
bool is_cross_site(const http::Request& request) {
  const std::string_view site = request.headers.get("Sec-Fetch-Site");
  if (site != "cross-site" && site != "same-site") return false;
  return request.method != "GET" || request.headers.get("Sec-Fetch-Mode") != "navigate";
}

}  // namespace

Result<std::vector<Token>> parse_tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string token, name, role_word, rest;
    words >> token >> name >> role_word >> rest;
    if (token.empty() || token.front() == '#') continue;
    if (name.empty()) name = "default";
    const auto role = role_word.empty() ? std::optional(Role::admin) : parse_role(role_word);
    if (token.size() < min_token_bytes || !is_token_name(name) || !role || !rest.empty()) {
      return Error{Errc::invalid_argument, "line " + std::to_string(number) +
                                               ": must be a token of at least 32 characters, perhaps a name, and "
                                               "perhaps a role (viewer, operator, admin)"};
    }
    tokens.push_back({name, sha256_hex(token), *role});
  }
  if (tokens.empty()) return Error{Errc::invalid_argument, "holds no token"};
  return tokens;
}

Result<Network> network_of(const std::string& address) {
  in6_addr parsed{};
  const bool is_address =
      inet_pton(AF_INET, address.c_str(), &parsed) == 1 || inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
  if (!is_address) return Error{Errc::invalid_argument, address + " is not an IP address"};
  if (tailnet::is_loopback(address)) return Network::loopback;
  return tailnet::is_tailnet_address(address) ? Network::tailnet : Network::other;
}

Access::Access(AccessConfig config) : config_(std::move(config)) {
  config_.names.insert({"localhost", "127.0.0.1", "::1"});
}

bool Access::is_own(std::string_view host) const {
  const std::string name = lower(host);
  return config_.names.contains(name) || (config_.also_own && config_.also_own(name));
}

bool Access::is_answered(std::string_view peer_address) const {
  if (!config_.trusted_proxy.empty() && peer_address == config_.trusted_proxy) return true;
  const auto network = network_of(std::string(peer_address));
  return network.has_value() && *network != Network::other && config_.networks.contains(*network);
}

std::optional<Problem> Access::check(const http::Request& request, std::string_view peer_address) const {
  if (!is_answered(peer_address)) return Problem{403, "forbidden", "this address is not answered here"};
  if (!is_own(without_port(request.headers.get("Host")))) {
    return Problem{421, "wrong_host", "this server does not go by that name; add it to names in its configuration"};
  }
  const std::string_view origin = request.headers.get("Origin");
  if ((!origin.empty() && !is_own(host_of_origin(origin))) || is_cross_site(request)) {
    return Problem{403, "wrong_origin", "pages of other origins may not ask here"};
  }
  if (request.body.empty()) return std::nullopt;
  const std::string type = lower(request.headers.get("Content-Type"));
  const std::string media = type.substr(0, type.find_first_of("; "));
  if (media != "application/json") return Problem{415, "not_json", "send the body as application/json"};
  return std::nullopt;
}

std::string bearer_of(const http::Request& request) {
  const std::string_view value = request.headers.get("Authorization");
  constexpr std::string_view scheme = "bearer ";
  if (lower(value.substr(0, scheme.size())) != scheme) return {};
  return std::string(value.substr(scheme.size()));
}

Answer<Operator> Access::operator_of(const http::Request& request, const Operator& granted) const {
  const std::string token = bearer_of(request);
  const std::string hash = sha256_hex(token);
  for (const Token& known : config_.tokens) {
    if (!token.empty() && equal_constant_time(known.hash, hash)) return Operator{"operator:" + known.name, known.role};
  }
  const bool has_credential = !request.headers.get("Authorization").empty();
  if (!has_credential && granted.role != Role::none) return granted;
  if (!has_credential && !granted.actor.empty()) {
    return Problem{403, "no_role",
                   "the tailnet grants " + granted.actor +
                       " no role here: grant one by the capability, or give an operator token"};
  }
  return Problem{401, "unknown_token",
                 "give an operator token as Authorization: Bearer, or come over the tailnet with a granted role"};
}

}  // namespace aura::control
