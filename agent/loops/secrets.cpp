#include "agent/loops/secrets.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {

Result<std::map<std::string, std::string>> Secrets::resolve(
    const std::map<std::string, reconcile::SecretRef>& references) {
  std::map<std::string, std::string> resolved;
  for (const auto& [name, reference] : references) {
    auto value = host_.credential(reference.credential);
    if (!value) {
      Error error;
      error.code = Errc::not_found;
      error.message = "the credential \"" + reference.credential + "\" is not there (LoadCredential= in the unit)";
      return error;
    }
    remember(*value);
    resolved.emplace(name, std::move(*value));
  }
  return resolved;
}

void Secrets::remember(const std::string& value) {
  if (value.size() < shortest_masked) return;
  values_.insert(value);
  // A file of several lines appears in a log line by line.
  for (std::size_t from = 0; from < value.size();) {
    const auto end = std::min(value.find('\n', from), value.size());
    if (end - from >= 2 * shortest_masked) values_.insert(value.substr(from, end - from));
    from = end + 1;
  }
}

std::string Secrets::masked(std::string text) const {
  // Longest first would need another order; a value inside another one leaves at most a masked rest.
  for (auto value = values_.rbegin(); value != values_.rend(); ++value) {
    for (auto at = text.find(*value); at != text.npos; at = text.find(*value, at + 3)) {
      text.replace(at, value->size(), "***");
    }
  }
  return text;
}

}  // namespace aura::loops
