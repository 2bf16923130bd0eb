#include "agent/api/access.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <grp.h>
#include <pwd.h>
#include <strings.h>
#include <unistd.h>

namespace aura::api {
namespace {

constexpr std::size_t name_service_bytes = 16 * 1024;

std::string user_name(uid_t uid) {
  if (uid == 0) return "root";
  std::array<char, name_service_bytes> buffer;
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? found->pw_name : std::to_string(uid);
}

std::optional<gid_t> operators_gid() {
  std::array<char, name_service_bytes> buffer;
  group entry{};
  group* found = nullptr;
  const bool known =
      ::getgrnam_r(operators_group, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? std::optional<gid_t>(found->gr_gid) : std::nullopt;
}

// "name:80" and "[fd7a::1]:80" without the port, in lower case (RFC 9110 7.2).
std::string host_name(std::string_view authority) {
  if (authority.starts_with('[')) {
    authority = authority.substr(1, authority.find(']') - 1);
  } else {
    authority = authority.substr(0, authority.find(':'));
  }
  std::string name(authority);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

bool is_operator(const http::Peer& peer) {
  const auto gid = operators_gid();
  if (!gid) return false;
  return peer.gid == *gid || std::find(peer.groups.begin(), peer.groups.end(), *gid) != peer.groups.end();
}

}  // namespace

std::optional<Caller> identify(const http::Peer& peer) {
  if (!peer.is_unix) return {};
  Caller caller;
  caller.actor = "local:" + user_name(peer.uid);
  const bool root = peer.uid == 0 || peer.uid == ::geteuid();
  if (root) caller.origin = reconcile::Origin::local_root;
  caller.every_verb = root || is_operator(peer);
  if (!caller.every_verb) caller.verbs = {"read"};
  return caller;
}

std::string browser_trouble(const http::Request& request, const std::vector<std::string>& own_names) {
  // An Origin may be empty or "null" and still is one.
  const auto& fields = request.headers.all();
  const bool has_origin = std::any_of(
      fields.begin(), fields.end(), [](const auto& field) { return ::strcasecmp(field.first.c_str(), "origin") == 0; });
  if (has_origin) return "requests with an Origin are not served";
  // Fetch Metadata (W3C): a page of another site makes the browser ask, without an Origin where it is a plain GET.
  const std::string_view site = request.headers.get("sec-fetch-site");
  if (site == "cross-site" || site == "same-site") return "pages of other sites may not ask here";
  const std::string_view authority = request.headers.get("host");
  if (authority.empty()) return {};
  const std::string host = host_name(authority);
  // A literal address is no name that somebody could point here.
  if (host == "localhost" || host == "aura-node" || host == "127.0.0.1" || host == "::1") return {};
  if (std::find(own_names.begin(), own_names.end(), host) != own_names.end()) return {};
  return "this Host is not served; use localhost, or the node's name or address in the tailnet";
}

}  // namespace aura::api
