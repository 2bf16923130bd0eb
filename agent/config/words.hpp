// The small languages inside TOML strings, and what may stand in them. All pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::config {

// "512MiB", "2GiB", "500MB" (powers of 1000), "4096" or "4096B" -> bytes; nullopt for anything else or beyond 2^60.
std::optional<std::int64_t> parse_size(std::string_view text);

// "SIGTERM", "term", "SIGRTMIN+3" -> "SIGTERM", …; nullopt for what signal(7) does not know.
std::optional<std::string> normal_signal(std::string_view text);

// "CAP_NET_ADMIN", "net_admin" -> "NET_ADMIN"; "ALL" stays; nullopt for what capabilities(7) does not know.
std::optional<std::string> normal_capability(std::string_view text);

// An IPv4 or IPv6 literal, without brackets (inet_pton(3)).
bool is_address(std::string_view text);
// 127.0.0.0/8 or ::1, as a literal.
bool is_loopback_address(std::string_view text);

// Absolute, without ".", "..", empty components or a slash at the end: "/srv//a/" -> "/srv/a". nullopt if not
// absolute or if it has a "." or ".." component.
std::optional<std::string> normal_path(std::string_view text);

// 1 to 128 of [A-Za-z0-9_.-], not "." or "..": names of credentials and of files made from them.
bool is_plain_name(std::string_view text);

// "{tenant}" in the name of a credential stands for the node's tenant: the name with `tenant` in its places.
std::string with_tenant(std::string_view text, std::string_view tenant);
// A plain name once a tenant is put in.
bool is_credential_name(std::string_view text);

// The reference grammar of the OCI distribution project: [HOST[:PORT]/]PATH[:TAG][@ALGORITHM:HEX].
bool is_image_reference(std::string_view text);
// "docker.io" and "library/redis" of "redis:7": what a registry pattern of the policy is compared with.
struct ImageName {
  std::string registry, path;
};
ImageName image_name(std::string_view reference);

struct Url {
  std::string scheme, host;  // host without brackets, lower case
  int port = 0;              // 0: none given
  std::string path;          // "" or from its first slash on, query included
};
// http and https only; nullopt for anything else, for user:password@, a fragment, blanks, or a bad port.
std::optional<Url> parse_url(std::string_view text);

// "HOST:PORT" or "[V6]:PORT" with a literal address -> both.
struct AddressPort {
  std::string address;
  int port = 0;
};
std::optional<AddressPort> parse_address_port(std::string_view text);

// Of `known` the word that was probably meant: at most two edits away and less than half of it changed.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known);

// 0..max without sign or blanks.
std::optional<std::int64_t> parse_whole(std::string_view text, std::int64_t max);

// "a, b or c".
std::string one_of(const std::vector<std::string>& words);

}  // namespace aura::config
