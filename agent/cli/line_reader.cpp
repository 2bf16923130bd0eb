#include "agent/cli/line_reader.hpp"

#include <algorithm>
#include <utility>

namespace aura::cli {

LineReader::LineReader(std::size_t max_bytes, std::function<void(std::string_view)> on_line)
    : max_bytes_(max_bytes), on_line_(std::move(on_line)) {}

void LineReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = max_bytes_ - rest_.size();
    const std::size_t count = std::min(end == bytes.npos ? bytes.size() : end, room);
    rest_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    const bool whole = !bytes.empty() && bytes.front() == '\n';
    if (whole) bytes.remove_prefix(1);
    if (whole && rest_.ends_with('\r')) rest_.pop_back();
    if (whole || rest_.size() == max_bytes_) {
      on_line_(rest_);
      rest_.clear();
    }
  }
}

void LineReader::finish() {
  if (!rest_.empty()) on_line_(rest_);
  rest_.clear();
}

}  // namespace aura::cli
