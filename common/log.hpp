// The log of a process: structured to the journal where stderr is the journal (JOURNAL_STREAM), else one line
// each to stderr, coloured on a terminal (and not where NO_COLOR is set). Never pass a secret in.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace aura::log {

// As syslog(3) numbers them.
enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// Extra journal fields, KEY=value; KEY is upper case: {"AURA_WORKLOAD", "web"}.
using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Nothing above this level is written; the default is info.
void set_level(Level level);

void write(Level level, std::string_view message, Fields fields = {});

inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }
inline void warning(std::string_view message, Fields fields = {}) { write(Level::warning, message, fields); }
inline void notice(std::string_view message, Fields fields = {}) { write(Level::notice, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }

}  // namespace aura::log
