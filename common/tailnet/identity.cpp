#include "common/tailnet/identity.hpp"

#include "common/tailnet/local_api_json.hpp"

#include <algorithm>

namespace aura::tailnet {

std::string objection(const Device& peer, const Device& self) {
  if (peer.id.empty()) return "the tailnet has no id for this device";
  if (peer.id == self.id) return "this is the node itself: use its Unix socket";
  if (peer.shared) return "this device is shared in from another tailnet";
  if (peer.expired) return "the key of this device has expired";
  return {};
}

Granted granted(const Identity& who, const std::string& capability, const std::string& member) {
  Granted all;
  const auto found = who.capabilities.find(capability);
  if (found == who.capabilities.end()) return all;
  for (const std::string& value : found->second) {
    const auto words = decode_words(value, member);
    if (words)
      all.words.insert(words->begin(), words->end());
    else
      all.unreadable = true;
  }
  return all;
}

bool has_any_tag(const Device& device, const std::vector<std::string>& tags) {
  return std::any_of(tags.begin(), tags.end(), [&device](const std::string& tag) {
    return std::find(device.tags.begin(), device.tags.end(), tag) != device.tags.end();
  });
}

std::string describe(const Device& device) {
  std::string text = device.name.empty() ? device.id : device.short_name();
  std::string more = device.addresses.empty() ? std::string() : device.addresses.front();
  for (const std::string& tag : device.tags) more += (more.empty() ? "" : ", ") + tag;
  return more.empty() ? text : text + " (" + more + ")";
}

}  // namespace aura::tailnet
