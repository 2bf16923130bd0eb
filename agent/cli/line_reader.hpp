// A stream of bytes as lines.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace aura::cli {

class LineReader {
 public:
  // `on_line` gets each line without its line feed (and a carriage return before it). A line longer than max_bytes
  // comes in pieces of that size.
  LineReader(std::size_t max_bytes, std::function<void(std::string_view)> on_line);

  void take(std::string_view bytes);
  // The last line, if it had no line feed.
  void finish();

 private:
  std::size_t max_bytes_;
  std::function<void(std::string_view)> on_line_;
  std::string rest_;
};

}  // namespace aura::cli
