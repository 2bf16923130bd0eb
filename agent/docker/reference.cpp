#include "agent/docker/reference.hpp"

namespace aura::docker {

Reference parse_reference(std::string_view text) {
  Reference parsed;
  const auto at = text.find('@');
  std::string_view name = text.substr(0, at);
  // A colon before the last slash belongs to the registry's port.
  const auto slash = name.rfind('/');
  const auto colon = name.rfind(':');
  const bool tagged = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  if (at != std::string_view::npos) {
    parsed.tag_or_digest = text.substr(at + 1);
  } else {
    parsed.tag_or_digest = tagged ? name.substr(colon + 1) : std::string_view("latest");
  }
  parsed.repository = tagged ? name.substr(0, colon) : name;
  return parsed;
}

std::string registry_of(std::string_view text) {
  constexpr std::string_view hub = "https://index.docker.io/v1/";
  const auto slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  const bool host =
      slash != std::string_view::npos && (first == "localhost" || first.find_first_of(".:[") != std::string_view::npos);
  if (!host || first == "docker.io" || first == "index.docker.io") return std::string(hub);
  return std::string(first);
}

}  // namespace aura::docker
