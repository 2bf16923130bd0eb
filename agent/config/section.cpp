#include "agent/config/section.hpp"

#include "agent/config/words.hpp"
#include "common/time.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace aura::config {
namespace {

void collect_lines(const Table& table, const std::string& prefix, std::map<std::string, int>& lines) {
  for (const auto& [name, member] : table) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    lines[path] = member.key.line;
    if (const auto* inner = std::get_if<Table>(&member.value.data)) collect_lines(*inner, path, lines);
    if (const auto* items = std::get_if<Array>(&member.value.data)) {
      for (std::size_t i = 0; i < items->size(); ++i) lines[fmt::format("{}[{}]", path, i)] = (*items)[i].place.line;
    }
  }
}

}  // namespace

void Findings::sort() {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column, a.key) < std::tie(b.line, b.column, b.key);
  });
}

std::map<std::string, int> lines_of(const Table& table) {
  std::map<std::string, int> lines;
  collect_lines(table, "", lines);
  return lines;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t max_shown = 60;
  std::string result = "\"";
  for (const char c : text.substr(0, max_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + (text.size() > max_shown ? "…\"" : "\"");
}

Section::Section(const Table& table, std::string prefix, Place place, Findings& findings)
    : table_(&table), prefix_(std::move(prefix)), place_(place), findings_(&findings) {}

const Value* Section::value(std::string_view key) {
  asked_.emplace_back(key);
  const auto found = table_->find(key);
  return found == table_->end() ? nullptr : &found->second.value;
}

std::string Section::path(std::string_view key) const {
  return prefix_.empty() ? std::string(key) : fmt::format("{}.{}", prefix_, key);
}

Place Section::place(std::string_view key) const {
  const auto found = table_->find(key);
  return found == table_->end() ? place_ : found->second.key;
}

void Section::problem(std::string_view key, std::string message) {
  findings_->add(place(key), path(key), std::move(message));
}

void Section::wrong_kind(std::string_view key, const Value& found, std::string_view wanted) {
  const bool bare = wanted == "text" && (kind_name(found) == "a whole number" || kind_name(found) == "a number" ||
                                         kind_name(found) == "true or false");
  problem(key, fmt::format("must be {}, not {}{}", wanted, kind_name(found), bare ? ": put it in quotes" : ""));
}

std::optional<std::string> Section::text(std::string_view key) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&found->data)) return *text;
  wrong_kind(key, *found, "text");
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* boolean = std::get_if<bool>(&found->data)) return *boolean;
  wrong_kind(key, *found, "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  const auto* number = std::get_if<std::int64_t>(&found->data);
  if (number == nullptr) {
    wrong_kind(key, *found, "a whole number");
    return std::nullopt;
  }
  if (*number >= min && *number <= max) return *number;
  problem(key, fmt::format("must be from {} to {}, not {}", min, max, *number));
  return std::nullopt;
}

std::optional<double> Section::number(std::string_view key, double min, double max) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  double number = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&found->data)) {
    number = static_cast<double>(*whole);
  } else if (const auto* real = std::get_if<double>(&found->data)) {
    number = *real;
  } else {
    wrong_kind(key, *found, "a number");
    return std::nullopt;
  }
  if (number >= min && number <= max) return number;  // false for a NaN as well
  problem(key, fmt::format("must be from {} to {}, not {}", min, max, number));
  return std::nullopt;
}

std::optional<int> Section::duration_s(std::string_view key, int min, int max) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  std::optional<std::int64_t> seconds;
  if (const auto* whole = std::get_if<std::int64_t>(&found->data)) {
    seconds = *whole;
  } else if (const auto* text = std::get_if<std::string>(&found->data)) {
    seconds = parse_duration_s(*text);
    if (!seconds) {
      problem(key, fmt::format("{} is no duration: write whole seconds, or a number with s, m, h or d", quoted(*text)));
      return std::nullopt;
    }
  } else {
    wrong_kind(key, *found, "whole seconds or text such as \"15m\"");
    return std::nullopt;
  }
  if (*seconds >= min && *seconds <= max) return static_cast<int>(*seconds);
  problem(key, fmt::format("must be from {} to {} seconds, not {}", min, max, *seconds));
  return std::nullopt;
}

std::optional<std::int64_t> Section::size(std::string_view key, std::int64_t min, std::int64_t max) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  std::optional<std::int64_t> bytes;
  if (const auto* whole = std::get_if<std::int64_t>(&found->data)) {
    bytes = *whole;
  } else if (const auto* text = std::get_if<std::string>(&found->data)) {
    bytes = parse_size(*text);
    if (!bytes) {
      problem(key, fmt::format("{} is no size: write a whole number with KiB, MiB, GiB, TiB, kB, MB, GB or TB",
                               quoted(*text)));
      return std::nullopt;
    }
  } else {
    wrong_kind(key, *found, "whole bytes or text such as \"512MiB\"");
    return std::nullopt;
  }
  if (*bytes == 0 || (*bytes >= min && *bytes <= max)) return bytes;
  problem(key, fmt::format("must be 0 (no limit) or from {} to {} bytes, not {}", min, max, *bytes));
  return std::nullopt;
}

std::optional<std::size_t> Section::word(std::string_view key, std::initializer_list<std::string_view> words) {
  const auto chosen = text(key);
  if (!chosen) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *chosen);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  problem(key, fmt::format("must be {}, not {}", one_of({words.begin(), words.end()}), quoted(*chosen)));
  return std::nullopt;
}

std::optional<std::vector<const Value*>> Section::list(std::string_view key) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  const auto* array = std::get_if<Array>(&found->data);
  if (array == nullptr) {
    wrong_kind(key, *found, "a list");
    return std::nullopt;
  }
  std::vector<const Value*> values;
  for (const Value& item : *array) values.push_back(&item);
  return values;
}

std::optional<std::vector<Text>> Section::texts(std::string_view key) {
  const auto values = list(key);
  if (!values) return std::nullopt;
  std::vector<Text> result;
  bool good = true;
  for (const Value* item : *values) {
    if (const auto* text = std::get_if<std::string>(&item->data)) {
      result.push_back({*text, item->place});
    } else {
      findings_->add(item->place, path(key), fmt::format("must be a list of text, but holds {}", kind_name(*item)));
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return result;
}

std::optional<Section> Section::table(std::string_view key) {
  const Value* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* table = std::get_if<Table>(&found->data)) return Section(*table, path(key), place(key), *findings_);
  wrong_kind(key, *found, "a table");
  return std::nullopt;
}

void Section::finish() {
  if (all_known_) return;
  for (const auto& [name, member] : *table_) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const auto meant = closest(name, asked_);
    findings_->add(member.key, path(name),
                   meant ? fmt::format("unknown key; did you mean {}?", quoted(*meant))
                         : "unknown key: remove it or correct its name");
  }
}

}  // namespace aura::config
