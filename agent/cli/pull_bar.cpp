#include "agent/cli/pull_bar.hpp"

#include "agent/cli/terminal.hpp"
#include "common/bytes.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::cli {
namespace {

constexpr int widest_bar = 40;
constexpr int narrowest_bar = 10;
constexpr int room_for_frame = 3;  // brackets and a blank

}  // namespace

std::string pull_bar(const protocol::PullProgress& progress, int columns) {
  const std::string layers =
      progress.layers == 0 ? "" : fmt::format(", {} of {} layers", progress.layers_done, progress.layers);
  std::string speed;
  if (progress.rate_bytes_per_s != 0) speed = fmt::format(", {}/s", human_bytes(progress.rate_bytes_per_s));
  if (progress.left_s) speed += fmt::format(", {} left", human_duration(*progress.left_s));
  if (progress.total_bytes == 0) return human_bytes(progress.bytes) + layers + speed;
  const double part = std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.total_bytes));
  const std::string text = fmt::format("{:>3} %  {} of {}{}{}", static_cast<int>(part * 100),
                                       human_bytes(progress.bytes), human_bytes(progress.total_bytes), layers, speed);
  const int width = std::min(widest_bar, columns - static_cast<int>(text.size()) - room_for_frame);
  if (width < narrowest_bar) return text;
  const auto filled = static_cast<std::size_t>(part * width);
  std::string bar(filled, '=');
  if (filled < static_cast<std::size_t>(width)) bar += '>';
  bar.resize(static_cast<std::size_t>(width), ' ');
  return fmt::format("[{}] {}", bar, text);
}

std::optional<protocol::PullProgress> pull_of(const protocol::Report& report, const std::string& image) {
  for (const auto& pull : report.pulls) {
    if (pull.image == image) return pull;
  }
  return std::nullopt;
}

}  // namespace aura::cli
