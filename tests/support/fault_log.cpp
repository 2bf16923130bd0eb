#include "tests/support/fault_log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace aura::testing {

FaultLog::FaultLog(std::string suite, std::string fault, std::string how)
    : suite_(std::move(suite)),
      fault_(std::move(fault)),
      how_(std::move(how)),
      exceptions_(std::uncaught_exceptions()) {}

bool FaultLog::held(bool promise) {
  if (!promise) ++violations_;
  return promise;
}

FaultLog::~FaultLog() {
  const char* path = std::getenv("AURA_FAULT_LOG");
  if (path == nullptr || *path == '\0') return;
  if (std::uncaught_exceptions() > exceptions_) ++violations_;
  const boost::json::object line = {
      {"suite", suite_},           {"fault", fault_},      {"how", how_}, {"times", std::max<std::int64_t>(times_, 1)},
      {"violations", violations_}, {"observed", observed_}};
  const std::string text = boost::json::serialize(line) + "\n";
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  // One write: other tests append at the same time. A line that is lost loses a row of a page, not a test.
  static_cast<void>(::write(file, text.data(), text.size()) < 0);
  ::close(file);
}

}  // namespace aura::testing
