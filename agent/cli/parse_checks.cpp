#include "agent/cli/parse_checks.hpp"

#include "common/ids.hpp"
#include "common/time.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace aura::cli {
namespace {

constexpr std::size_t max_reason_bytes = 1'024;

}  // namespace

std::string no_workload_name(const std::string& text) {
  if (is_workload_name(text)) return "";
  return fmt::format("\"{}\" is no workload's name: 1 to 41 of a-z, 0-9 and \"-\", beginning with a letter", text);
}

std::string no_command_id(const std::string& text) {
  if (is_command_id(text)) return "";
  return fmt::format("\"{}\" is no command's id: 1 to 64 of A-Z, a-z, 0-9, \"_\", \".\", \":\" and \"-\"", text);
}

std::string no_duration(const std::string& text, std::int64_t min_s, std::int64_t max_s) {
  const auto seconds = parse_duration_s(text);
  if (seconds && *seconds >= min_s && *seconds <= max_s) return "";
  return fmt::format("\"{}\" is no duration from {} s to {} s: write 90, 90s, 15m, 1h or 7d", text, min_s, max_s);
}

std::string no_moment(const std::string& text) {
  if (parse_duration_s(text) || parse_rfc3339(text)) return "";
  return fmt::format("\"{}\" is no time: write 15m or 2026-11-21T10:54:03Z", text);
}

std::string no_image(const std::string& text) {
  if (protocol::parse_target("image:" + text)) return "";
  return fmt::format("\"{}\" is no image", text);
}

std::string no_stage(const std::string& text) {
  const auto& stages = protocol::stages;
  if (std::find(stages.begin(), stages.end(), text) != stages.end()) return "";
  return fmt::format("\"{}\" is no stage: write {}", text, fmt::join(stages, ", "));
}

std::string no_reason(const std::string& text) {
  if (text.size() <= max_reason_bytes) return "";
  return fmt::format("a reason has at most {} bytes", max_reason_bytes);
}

std::optional<TopSort> parse_top_sort(const std::string& text) {
  if (text == "cpu") return TopSort::cpu;
  if (text == "memory") return TopSort::memory;
  if (text == "name") return TopSort::name;
  return std::nullopt;
}

std::string no_top_sort(const std::string& text) {
  return parse_top_sort(text) ? "" : fmt::format("\"{}\" is nothing to sort by: cpu, memory or name", text);
}

}  // namespace aura::cli
