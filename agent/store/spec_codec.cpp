#include "agent/store/spec_codec.hpp"

#include "agent/store/json_visit.hpp"
#include "common/digest.hpp"

namespace aura::store {
namespace {

constexpr std::string_view hash_version = "v1:";

// A reference whose value counts, and the value's digest; names and digests hold no newline.
void append_digests(std::string& text, const std::map<std::string, reconcile::SecretRef>& references,
                    const std::map<std::string, std::string>& digests) {
  for (const auto& [name, reference] : references) {
    if (reference.on_change != reconcile::OnChange::restart) continue;
    const auto digest = digests.find(reference.credential);
    if (digest != digests.end()) text += "\n" + reference.credential + "=" + digest->second;
  }
}

using Flat = std::map<std::string, std::string>;

void flatten(const std::string& key, const boost::json::value& in, Flat& out) {
  const boost::json::object* object = in.if_object();
  if (object == nullptr) {
    out[key] = boost::json::serialize(in);
    return;
  }
  for (const auto& member : *object) {
    flatten(key.empty() ? std::string(member.key()) : key + "." + std::string(member.key()), member.value(), out);
  }
}

Flat flat(const reconcile::WorkloadSpec& spec) {
  Flat out;
  flatten("", json::write<json::Extent::changed>(spec), out);
  return out;
}

std::string shown(const Flat& in, const std::string& key) {
  const auto found = in.find(key);
  if (found == in.end()) return {};
  return key.starts_with("env.") ? "***" : found->second;
}

}  // namespace

std::vector<protocol::Change> spec_changes(const std::string& workload, const reconcile::WorkloadSpec* before,
                                           const reconcile::WorkloadSpec* after) {
  std::vector<protocol::Change> changes;
  if (before == nullptr || after == nullptr) {
    if (before != after)
      changes.push_back(
          {workload, "", before != nullptr ? "declared" : "absent", after != nullptr ? "declared" : "absent"});
    return changes;
  }
  const Flat from = flat(*before), to = flat(*after);
  Flat keys = from;
  keys.insert(to.begin(), to.end());
  for (const auto& [key, text] : keys) {
    const auto old = from.find(key), fresh = to.find(key);
    if (old != from.end() && fresh != to.end() && old->second == fresh->second) continue;
    changes.push_back({workload, key, shown(from, key), shown(to, key)});
  }
  return changes;
}

std::string canonical_spec(const reconcile::WorkloadSpec& spec, bool mask_env) {
  if (mask_env && !spec.env.empty()) {
    reconcile::WorkloadSpec masked = spec;
    for (auto& [name, setting] : masked.env) setting = "***";
    return canonical_spec(masked);
  }
  return boost::json::serialize(json::write<json::Extent::changed>(spec));
}

Result<reconcile::WorkloadSpec> parse_canonical_spec(std::string_view text) {
  const auto parsed = json::parse(text, Errc::invalid_argument);
  if (!parsed) return parsed.error();
  json::Reader reader(json::Reader::Unknown::refused);
  reconcile::WorkloadSpec spec;
  if (!reader.read(*parsed, spec)) return Error{Errc::invalid_argument, reader.why()};
  return spec;
}

std::string spec_hash(const reconcile::WorkloadSpec& spec, const std::map<std::string, std::string>& secret_digests) {
  reconcile::WorkloadSpec hashed = spec;
  const reconcile::Resources live;
  hashed.resources.memory_bytes = live.memory_bytes;
  hashed.resources.cpus = live.cpus;
  hashed.resources.pids = live.pids;
  // The agent's own business: a container is no other for them.
  hashed.memory.reset();
  hashed.stop.hook.reset();
  std::string text = canonical_spec(hashed);
  append_digests(text, spec.secrets, secret_digests);
  append_digests(text, spec.secret_files, secret_digests);
  return std::string(hash_version) + sha256_hex(text);
}

}  // namespace aura::store
