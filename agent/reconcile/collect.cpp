#include "agent/reconcile/collect.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

// As Docker reads a reference, so that two spellings of one image are one.
std::string canonical(std::string_view reference) {
  for (const std::string_view head : {"index.docker.io/", "docker.io/", "library/"}) {
    if (reference.starts_with(head)) reference.remove_prefix(head.size());
  }
  const auto slash = reference.rfind('/');
  const auto colon = reference.rfind(':');
  const bool tagged = colon != reference.npos && (slash == reference.npos || colon > slash);
  const bool exact = tagged || reference.find('@') != reference.npos;
  return std::string(reference) + (exact ? "" : ":latest");
}

bool is_named_by(const Apply& apply, const std::string& image) {
  const auto wants = [&](const auto& each) { return canonical(each.second.spec.image) == image; };
  const auto went_from = [&](const auto& each) {
    return each.second.before && canonical(each.second.before->spec.image) == image;
  };
  return std::any_of(apply.wanted.begin(), apply.wanted.end(), wants) ||
         std::any_of(apply.items.begin(), apply.items.end(), went_from);
}

}  // namespace

bool is_image_needed(const State& state, const std::string& reference) {
  const std::string image = canonical(reference);
  for (const auto& [name, workload] : state.workloads) {
    if (canonical(workload.declared.spec.image) == image) return true;
  }
  return std::any_of(state.open.begin(), state.open.end(), [&](const auto& entry) {
    const OpenCommand& open = entry.second;
    const bool pulls = open.command.verb == protocol::Verb::pull && canonical(open.command.target.name) == image;
    return pulls || (open.apply && is_named_by(*open.apply, image));
  });
}

std::vector<Record> image_uses(const State& state, const Now& now) {
  std::vector<Record> records;
  for (const auto& [reference, image] : state.images) {
    const bool used = is_image_needed(state, reference);
    if (used == image.unused_since.has_value()) records.push_back(make_record(now, record::ImageUse{reference, used}));
  }
  return records;
}

std::vector<Collectable> collectable(const State& state, const CollectPolicy& policy, int disk_percent,
                                     const Now& now) {
  std::vector<std::pair<BootMs, Collectable>> found;
  const bool full = disk_percent > policy.disk_percent;
  for (const auto& [reference, image] : state.images) {
    if (!image.unused_since || is_image_needed(state, reference)) continue;
    const std::int64_t unused_ms = now.boot_ms - *image.unused_since;
    if (unused_ms >= policy.unused_ms) {
      found.push_back(
          {*image.unused_since, {reference, false, fmt::format("it was not used for {} days", unused_ms / day_ms)}});
    } else if (full) {
      found.push_back(
          {*image.unused_since,
           {reference, true, fmt::format("nothing needs it, and Docker's disk is {} % full", disk_percent)}});
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Collectable> sorted;
  for (auto& [since, one] : found) sorted.push_back(std::move(one));
  return sorted;
}

}  // namespace aura::reconcile
