#include "agent/docker/log_frames.hpp"

#include <algorithm>

namespace aura::docker {

LogFrames::Step LogFrames::feed(std::string_view chunk, const std::function<bool(std::string_view)>& sink) {
  constexpr unsigned char last_stream = 2;  // 0 stdin, 1 stdout, 2 stderr
  while (!chunk.empty()) {
    if (payload_left_ > 0) {
      const std::size_t take = std::min<std::size_t>(payload_left_, chunk.size());
      payload_left_ -= static_cast<std::uint32_t>(take);
      const std::string_view payload = chunk.substr(0, take);
      chunk.remove_prefix(take);
      if (!sink(payload)) return Step::ended;
      continue;
    }
    head_[head_bytes_++] = static_cast<unsigned char>(chunk.front());
    chunk.remove_prefix(1);
    if (head_bytes_ < head_.size()) continue;
    head_bytes_ = 0;
    if (head_[0] > last_stream || head_[1] != 0 || head_[2] != 0 || head_[3] != 0) return Step::malformed;
    payload_left_ = static_cast<std::uint32_t>(head_[4]) << 24 | static_cast<std::uint32_t>(head_[5]) << 16 |
                    static_cast<std::uint32_t>(head_[6]) << 8 | static_cast<std::uint32_t>(head_[7]);
  }
  return Step::more;
}

}  // namespace aura::docker
