// So many a second for each of many, each with a burst: token buckets. Pure; the caller tells the time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace aura {

class RateLimit {
 public:
  // `per_second` refill, up to `burst` at once. At most `max_keys` are remembered: beyond it those that are full again,
  // which are as if never seen, are forgotten; while there are none, all others share one bucket.
  RateLimit(double per_second, double burst, std::size_t max_keys)
      : per_second_(per_second), burst_(burst), max_keys_(max_keys) {}

  // Takes one; false: there is none now.
  bool take(std::string_view key, std::int64_t now_ms) {
    Bucket& bucket = bucket_of(key, now_ms);
    refill(bucket, now_ms);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

 private:
  struct Bucket {
    double left;
    std::int64_t at_ms;
  };

  void refill(Bucket& bucket, std::int64_t now_ms) const {
    constexpr double ms_per_s = 1000;
    const auto passed_ms = static_cast<double>(std::max<std::int64_t>(now_ms - bucket.at_ms, 0));
    bucket.left = std::min(burst_, bucket.left + passed_ms / ms_per_s * per_second_);
    bucket.at_ms = now_ms;
  }

  Bucket& bucket_of(std::string_view key, std::int64_t now_ms) {
    auto found = buckets_.find(key);
    if (found != buckets_.end()) return found->second;
    if (buckets_.size() >= max_keys_) {
      for (auto& [name, bucket] : buckets_) refill(bucket, now_ms);
      std::erase_if(buckets_, [this](const auto& one) { return one.second.left >= burst_; });
    }
    if (buckets_.size() >= max_keys_) return others_;
    return buckets_.emplace(std::string(key), Bucket{burst_, now_ms}).first->second;
  }

  double per_second_, burst_;
  std::size_t max_keys_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  Bucket others_{0, 0};
};

}  // namespace aura
