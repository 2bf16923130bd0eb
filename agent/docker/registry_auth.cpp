#include "agent/docker/registry_auth.hpp"

#include "agent/docker/reference.hpp"

#include <boost/json.hpp>

namespace aura::docker {
namespace json = boost::json;
namespace {

// RFC 4648, section 5, with padding: what Go's base64.URLEncoding reads.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= count ? digits[group >> (18 - 6 * i) & 63U] : '=');
  }
  return text;
}

}  // namespace

Result<std::string> registry_auth(std::string_view login, std::string_view reference) {
  if (login.empty()) return std::string();
  const Error unusable{Errc::invalid_argument,
                       "the registry's credential must hold {\"username\": \"…\", \"password\": \"…\"}"};
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(login.data(), login.size()), failed);
  if (failed || !value.is_object() || value.get_object().size() != 2) return unusable;
  json::object object = value.get_object();
  for (const char* key : {"username", "password"}) {
    const json::value* text = object.if_contains(key);
    if (text == nullptr || !text->is_string() || text->get_string().empty()) return unusable;
  }
  // Engines that keep images in containerd give a login to no other host than this.
  object["serveraddress"] = registry_of(reference);
  return base64url(json::serialize(object));
}

}  // namespace aura::docker
