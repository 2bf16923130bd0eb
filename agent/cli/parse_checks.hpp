// What the command line holds against a value: the sentence, or "" where it is well.
#pragma once

#include "agent/cli/options.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace aura::cli {

std::string no_workload_name(const std::string& text);
std::string no_command_id(const std::string& text);
std::string no_duration(const std::string& text, std::int64_t min_s, std::int64_t max_s);
std::string no_moment(const std::string& text);  // RFC 3339 or a duration
std::string no_image(const std::string& text);
std::string no_stage(const std::string& text);
std::string no_reason(const std::string& text);

std::optional<TopSort> parse_top_sort(const std::string& text);
std::string no_top_sort(const std::string& text);

}  // namespace aura::cli
