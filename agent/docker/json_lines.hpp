// Cuts a byte stream into lines: the framing of Docker's event and pull streams (one JSON object a line).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace aura::docker {

// Far above any event (labels included) and any pull message.
inline constexpr std::size_t max_line_bytes = 1024 * 1024;

class JsonLines {
 public:
  using OnLine = std::function<bool(std::string_view)>;
  // What a line longer than max_line_bytes does: it ends the reading, or it is left out.
  enum class TooLong { ends, left_out };

  explicit JsonLines(TooLong too_long = TooLong::ends) : long_lines_(too_long) {}

  // Calls on_line for every line that `chunk` completes, without its newline; empty ones are skipped. False if
  // on_line said so or a line that is too long ends it (too_long() tells); nothing must be fed after that.
  bool feed(std::string_view chunk, const OnLine& on_line);

  // The rest after the last newline, as one more line. Same result as feed().
  bool finish(const OnLine& on_line);

  bool too_long() const { return too_long_; }
  // Lines left out so far; one counts as soon as it is too long.
  std::size_t left_out() const { return left_out_; }

 private:
  bool deliver(std::string_view line, const OnLine& on_line);
  bool refuse();

  TooLong long_lines_;
  std::string partial_;
  bool leaving_out_ = false;  // until the next newline
  std::size_t left_out_ = 0;
  bool too_long_ = false;
};

}  // namespace aura::docker
