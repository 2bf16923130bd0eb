// The bodies of tailscaled's LocalAPI; private to common/tailnet. Pure.
//
// Nothing is promised of them ("not necessarily stable", ipn/localapi), so a member that is missing has its default;
// one of a wrong type, and what is no JSON, is bad_reply.
#pragma once

#include "common/error.hpp"
#include "common/tailnet/facts.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aura::tailnet {

// Of `GET status`, with or without peers. Its state is never one of those that mean "cannot be asked".
Result<Status> decode_status(std::string_view body);

// The device of that MagicDNS name, its first label, or literal address in `GET status` with peers; nullopt: the
// tailnet, as far as this node may see it, has none.
Result<std::optional<Device>> decode_device(std::string_view body, std::string_view name);

// Of `GET whois`.
Result<Identity> decode_identity(std::string_view body);

// The strings of the array `member` in one value of a capability; nullopt: it is not an object with such an array.
std::optional<std::vector<std::string>> decode_words(std::string_view value, std::string_view member);

}  // namespace aura::tailnet
