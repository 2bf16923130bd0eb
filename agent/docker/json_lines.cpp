#include "agent/docker/json_lines.hpp"

namespace aura::docker {

bool JsonLines::deliver(std::string_view line, const OnLine& on_line) {
  if (line.size() > max_line_bytes) {
    too_long_ = true;
    return false;
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line.empty() || on_line(line);
}

bool JsonLines::feed(std::string_view chunk, const OnLine& on_line) {
  for (auto end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    std::string_view line = chunk.substr(0, end);
    chunk.remove_prefix(end + 1);
    if (partial_.empty()) {
      if (!deliver(line, on_line)) return false;
      continue;
    }
    partial_ += line;
    const std::string whole = std::move(partial_);
    partial_.clear();
    if (!deliver(whole, on_line)) return false;
  }
  if (partial_.size() + chunk.size() > max_line_bytes) {
    too_long_ = true;
    return false;
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
