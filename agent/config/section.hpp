// Reads one table of a document key by key, collecting what is wrong instead of stopping at it.
#pragma once

#include "agent/config/document.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::config {

// What is wrong with one file.
struct Findings {
  std::string file;
  std::vector<Problem> problems;

  void add(Place place, std::string key, std::string message) {
    problems.push_back({file, place.line, place.column, std::move(key), std::move(message)});
  }
  // By line, then column, then key.
  void sort();
};

struct Text {
  std::string text;
  Place place;
};

// Every reader returns nullopt if the key is absent, or if its value is wrong, which is then in the findings. The
// document and the findings must outlive the section. Keys that no reader asked for are unknown: finish() says so.
class Section {
 public:
  // `place` is where the table itself stands; `prefix` its dotted key, "" for the root.
  Section(const Table& table, std::string prefix, Place place, Findings& findings);

  bool has(std::string_view key) const { return table_->find(key) != table_->end(); }
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view key, double min, double max);
  // Whole seconds, or text such as "90s", "15m", "1h", "7d".
  std::optional<int> duration_s(std::string_view key, int min, int max);
  // Whole bytes, or text such as "512MiB".
  std::optional<std::int64_t> size(std::string_view key, std::int64_t min, std::int64_t max);
  // The index of the word among `words`.
  std::optional<std::size_t> word(std::string_view key, std::initializer_list<std::string_view> words);
  std::optional<std::vector<Text>> texts(std::string_view key);
  std::optional<Section> table(std::string_view key);
  // The values of a list, whatever they are.
  std::optional<std::vector<const Value*>> list(std::string_view key);

  // Every member of the table, for tables whose keys are free; nothing is unknown in it then.
  const Table& members() const { return *table_; }
  void all_known() { all_known_ = true; }

  // Reports at the key's place, or at the table's if the key is absent.
  void problem(std::string_view key, std::string message);
  Place place(std::string_view key) const;
  Place place() const { return place_; }
  std::string path(std::string_view key) const;
  const std::string& path() const { return prefix_; }
  Findings& findings() { return *findings_; }

  // Reports each key that was not asked for, with the one probably meant.
  void finish();

 private:
  const Value* value(std::string_view key);
  void wrong_kind(std::string_view key, const Value& value, std::string_view wanted);

  const Table* table_;
  std::string prefix_;
  Place place_;
  Findings* findings_;
  std::vector<std::string> asked_;
  bool all_known_ = false;
};

// Dotted key -> line of every member of a table, tables inside it and items of lists ("mounts[0]") included.
std::map<std::string, int> lines_of(const Table& table);

// A value as it may be repeated in a message: quoted, at most 60 characters, control characters escaped.
std::string quoted(std::string_view text);

}  // namespace aura::config
