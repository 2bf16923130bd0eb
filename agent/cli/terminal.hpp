// Text for a terminal: what it may hold, in which colour, and lines that replace each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

// The text with every byte that is no UTF-8 replaced by U+FFFD and every control character (C0, DEL, C1) written as
// \xNN: what containers and nodes say must not steer a terminal.
std::string printable(std::string_view text);

// The same for a JSON text: DEL and C1, which JSON lets stand, as \u00NN.
std::string printable_json(std::string_view json);

// To stdout. A failure stays in the stream (ferror(3)) and is told at the end; nothing is thrown, so that these may be
// called from a callback of libcurl.
void put(std::string_view text);
// "aura-node: SENTENCE" and a line feed, to stderr.
void complain(std::string_view sentence);

// At most so many columns of well-formed UTF-8.
std::string_view cut(std::string_view text, std::size_t columns);
// Code points, which is near enough to columns for names and sentences.
std::size_t width_of(std::string_view text);

// Columns padded to their widest cell, two blanks between, no blanks at the end of a row, a line feed after each.
// Cells must be printable.
using Rows = std::vector<std::vector<std::string>>;
std::string table(const Rows& rows);

enum class Colour { none, bold, dim, green, yellow, red };

// What may be done on a stream: colour only on a terminal where NO_COLOR is not set (no-color.org) and TERM is not
// "dumb".
class Terminal {
 public:
  explicit Terminal(std::FILE* stream);
  bool is_terminal() const { return is_terminal_; }
  bool has_colour() const { return has_colour_; }
  int columns() const;  // 80 where that is not known
  int lines() const;    // 24 where that is not known
  std::string paint(std::string_view text, Colour colour) const;

 private:
  std::FILE* stream_;
  bool is_terminal_ = false;
  bool has_colour_ = false;
};

// Progress on stderr: on a terminal one line that is written over, elsewhere a line for each text that differs from
// the one before.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_terminal() const { return terminal_.is_terminal(); }
  int columns() const { return terminal_.columns(); }
  // `text` must be printable; on a terminal it is cut to its width.
  void show(std::string_view text);
  void clear();

 private:
  Terminal terminal_;
  std::string shown_;
};

}  // namespace aura::cli
