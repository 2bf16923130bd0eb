// The log of a process: structured to the journal where stderr is the journal (JOURNAL_STREAM), else one line
// each to stderr, coloured on a terminal (and not where NO_COLOR is set). Never pass a secret in.
#pragma once

#include <boost/assert/source_location.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace aura::log {

// As syslog(3) numbers them.
enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// Extra journal fields, KEY=value; KEY is upper case: {"AURA_WORKLOAD", "web"}. AURA_EVENT says what kind of thing it
// is; an empty value is left out.
using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
using Where = boost::source_location;

// Nothing above this level is written; the default is info.
void set_level(Level level);

// Fields of every entry in the journal; where the log goes to stderr they are not repeated on each line.
void set_common(Fields fields);

// The MESSAGE_ID (32 hex digits) of entries with this AURA_EVENT; "": none.
using MessageIds = std::string_view (*)(std::string_view event);
void set_message_ids(MessageIds ids);

// From now on so many entries of one cause at once and then so many an hour. A cause is AURA_EVENT and AURA_WORKLOAD,
// or, of an entry without an event, the place in the source that writes it. What was left out is said once, in a
// sentence with its count, a minute later or with tell_left_out().
void limit(double burst, double per_hour);
// Says now what was left out, however short ago: at the end of the process.
void tell_left_out();

void write(Level level, std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION);

inline void error(std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION) {
  write(Level::error, message, fields, where);
}
inline void warning(std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION) {
  write(Level::warning, message, fields, where);
}
inline void notice(std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION) {
  write(Level::notice, message, fields, where);
}
inline void info(std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION) {
  write(Level::info, message, fields, where);
}
inline void debug(std::string_view message, Fields fields = {}, Where where = BOOST_CURRENT_LOCATION) {
  write(Level::debug, message, fields, where);
}

}  // namespace aura::log
