#include "control/api/access.hpp"

#include "common/digest.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
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

}  // namespace

Result<std::vector<Token>> parse_tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string token, name, rest;
    words >> token >> name >> rest;
    if (token.empty() || token.front() == '#') continue;
    if (name.empty()) name = "default";
    if (token.size() < min_token_bytes || !is_token_name(name) || !rest.empty()) {
      return Error{Errc::invalid_argument,
                   "line " + std::to_string(number) + ": must be a token of at least 32 characters and perhaps a name"};
    }
    tokens.push_back({name, sha256_hex(token)});
  }
  if (tokens.empty()) return Error{Errc::invalid_argument, "holds no token"};
  return tokens;
}

Result<Network> network_of(const std::string& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) {
    const std::uint32_t bits = ntohl(four.s_addr);
    if ((bits >> 24) == 127) return Network::loopback;
    constexpr std::uint32_t tailnet = (100U << 24) | (64U << 16);
    return (bits & 0xffc00000U) == tailnet ? Network::tailnet : Network::other;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) {
    return Error{Errc::invalid_argument, address + " is not an IP address"};
  }
  if (IN6_IS_ADDR_LOOPBACK(&six)) return Network::loopback;
  constexpr std::array<std::uint8_t, 6> prefix = {0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0};
  return std::memcmp(&six, prefix.data(), prefix.size()) == 0 ? Network::tailnet : Network::other;
}

Access::Access(AccessConfig config) : config_(std::move(config)) {
  config_.names.insert({"localhost", "127.0.0.1", "::1"});
}

bool Access::is_own(std::string_view host) const { return config_.names.contains(lower(host)); }

std::optional<Problem> Access::check(const http::Request& request, std::string_view peer_address) const {
  if (config_.network == Network::other && peer_address != config_.trusted_proxy) {
    return Problem{403, "forbidden", "only the trusted proxy is answered here"};
  }
  if (config_.network == Network::tailnet) {
    const auto peer = network_of(std::string(peer_address));
    if (!peer.has_value() || *peer != Network::tailnet)
      return Problem{403, "forbidden", "only tailnet peers are answered here"};
  }
  if (!is_own(without_port(request.headers.get("Host")))) {
    return Problem{421, "wrong_host", "this server does not go by that name; add it to names in its configuration"};
  }
  const std::string_view origin = request.headers.get("Origin");
  if (!origin.empty() && !is_own(host_of_origin(origin))) {
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

Answer<std::string> Access::operator_of(const http::Request& request) const {
  const std::string token = bearer_of(request);
  const std::string hash = sha256_hex(token);
  for (const Token& known : config_.tokens) {
    if (!token.empty() && equal_constant_time(known.hash, hash)) return "operator:" + known.name;
  }
  return Problem{401, "unknown_token", "give an operator token as Authorization: Bearer"};
}

}  // namespace aura::control
