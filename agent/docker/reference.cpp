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

}  // namespace aura::docker
