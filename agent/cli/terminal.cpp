#include "agent/cli/terminal.hpp"

#include "common/protocol/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace aura::cli {
namespace {

constexpr int default_columns = 80, default_lines = 24;

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// stderr has no buffer of its own.
void tell(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::bold: return "1";
    case Colour::dim: return "2";
    case Colour::green: return "32";
    case Colour::yellow: return "33";
    case Colour::red: return "31";
    case Colour::none: break;
  }
  return "";
}

}  // namespace

std::string printable(std::string_view text) {
  const std::string valid = protocol::valid_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const auto next = i + 1 < valid.size() ? static_cast<unsigned char>(valid[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // C1 in UTF-8
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out.push_back(valid[i]);
    }
  }
  return out;
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0;
    if (byte == 0x7f) {
      out += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      out += fmt::format("\\u00{:02x}", next);
      ++i;
    } else {
      out.push_back(json[i]);
    }
  }
  return out;
}

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view sentence) { tell(fmt::format("aura-node: {}\n", sentence)); }

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts && seen++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string table(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Terminal::Terminal(std::FILE* stream) : stream_(stream), is_terminal_(::isatty(::fileno(stream)) == 1) {
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  has_colour_ = is_terminal_ && !dumb && !set("NO_COLOR");
}

int Terminal::columns() const {
  winsize size{};
  if (is_terminal_ && ::ioctl(::fileno(stream_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return default_columns;
}

int Terminal::lines() const {
  winsize size{};
  if (is_terminal_ && ::ioctl(::fileno(stream_), TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
  return default_lines;
}

std::string Terminal::paint(std::string_view text, Colour colour) const {
  if (!has_colour_ || colour == Colour::none) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

ProgressLine::ProgressLine() : terminal_(stderr) {}
ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(std::string_view text) {
  if (text == shown_) return;
  shown_ = text;
  if (terminal_.is_terminal()) {
    // One column is left free: some terminals wrap as soon as the last one is written.
    tell(fmt::format("\r{}\x1b[K", cut(text, static_cast<std::size_t>(std::max(terminal_.columns() - 1, 1)))));
  } else {
    tell(std::string(text) + "\n");
  }
}

void ProgressLine::clear() {
  if (shown_.empty()) return;
  shown_.clear();
  if (!terminal_.is_terminal()) return;
  tell("\r\x1b[K");
}

}  // namespace aura::cli
