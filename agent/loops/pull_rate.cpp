#include "agent/loops/pull_rate.hpp"

namespace aura::loops {
namespace {

constexpr std::int64_t sample_ms = 100;

}  // namespace

void PullRate::note(protocol::PullProgress& progress, BootMs now) {
  // A layer that is fetched again makes the sum smaller: what was before says nothing any more.
  if (!seen_.empty() && seen_.back().second > progress.bytes) seen_.clear();
  if (seen_.empty() || now - seen_.back().first >= sample_ms) seen_.emplace_back(now, progress.bytes);
  while (seen_.size() > 2 && seen_[1].first <= now - window_ms) seen_.pop_front();
  progress.rate_bytes_per_s = 0;
  progress.left_s.reset();
  const std::int64_t took_ms = now - seen_.front().first;
  if (took_ms < least_ms) return;
  progress.rate_bytes_per_s = (progress.bytes - seen_.front().second) * 1000 / static_cast<std::uint64_t>(took_ms);
  if (progress.rate_bytes_per_s == 0 || progress.total_bytes <= progress.bytes) return;
  progress.left_s = static_cast<std::int64_t>((progress.total_bytes - progress.bytes) / progress.rate_bytes_per_s + 1);
}

}  // namespace aura::loops
