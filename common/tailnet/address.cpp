#include "common/tailnet/address.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

namespace aura::tailnet {
namespace {

// As a number in the host's order; nullopt: no IPv4 address.
std::optional<std::uint32_t> v4_of(const std::string& address) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

std::optional<in6_addr> v6_of(const std::string& address) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return std::nullopt;
  return parsed;
}

bool same_address(const sockaddr* found, const std::optional<std::uint32_t>& v4, const std::optional<in6_addr>& v6) {
  if (found == nullptr) return false;
  if (found->sa_family == AF_INET && v4) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(found)->sin_addr.s_addr) == *v4;
  }
  if (found->sa_family == AF_INET6 && v6) {
    return std::memcmp(&reinterpret_cast<const sockaddr_in6*>(found)->sin6_addr, &*v6, sizeof *v6) == 0;
  }
  return false;
}

}  // namespace

bool is_tailnet_address(const std::string& address) {
  if (const auto v4 = v4_of(address)) {
    constexpr std::uint32_t shared = (100U << 24) | (64U << 16);
    constexpr std::uint32_t service = (100U << 24) | (100U << 16) | (100U << 8);
    return (*v4 & 0xffc00000U) == shared && (*v4 & 0xffffff00U) != service;
  }
  const auto v6 = v6_of(address);
  constexpr std::array<std::uint8_t, 6> prefix = {0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0};
  return v6 && std::memcmp(&*v6, prefix.data(), prefix.size()) == 0;
}

bool is_loopback(const std::string& address) {
  if (const auto v4 = v4_of(address)) return (*v4 >> 24) == 127;
  const auto v6 = v6_of(address);
  return v6 && IN6_IS_ADDR_LOOPBACK(&*v6);
}

std::optional<std::string> device_with(const std::string& address) {
  const auto v4 = v4_of(address);
  const auto v6 = v6_of(address);
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (same_address(one->ifa_addr, v4, v6)) return std::string(one->ifa_name);
  }
  return std::nullopt;
}

std::string join(const std::string& address, unsigned port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace aura::tailnet
