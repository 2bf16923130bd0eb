#include "agent/docker/json_lines.hpp"

namespace aura::docker {

bool JsonLines::deliver(std::string_view line, const OnLine& on_line) {
  if (line.size() > max_line_bytes) return refuse();
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line.empty() || on_line(line);
}

// True where reading goes on.
bool JsonLines::refuse() {
  too_long_ = long_lines_ == TooLong::ends;
  ++left_out_;
  return !too_long_;
}

bool JsonLines::feed(std::string_view chunk, const OnLine& on_line) {
  for (auto end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    std::string_view line = chunk.substr(0, end);
    chunk.remove_prefix(end + 1);
    if (leaving_out_) {
      leaving_out_ = false;
      continue;
    }
    if (partial_.empty()) {
      if (!deliver(line, on_line)) return false;
      continue;
    }
    partial_ += line;
    const std::string whole = std::move(partial_);
    partial_.clear();
    if (!deliver(whole, on_line)) return false;
  }
  if (leaving_out_) return true;
  if (partial_.size() + chunk.size() > max_line_bytes) {
    partial_ = {};
    leaving_out_ = true;
    return refuse();
  }
  partial_ += chunk;
  return true;
}

bool JsonLines::finish(const OnLine& on_line) {
  const std::string whole = std::move(partial_);
  partial_.clear();
  return deliver(whole, on_line);
}

}  // namespace aura::docker
