#include "common/log.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

#include <fcntl.h>
#include <unistd.h>

using namespace aura;

namespace {

// What `write` puts on stderr, caught in a pipe (the lines of these tests fit in its buffer).
template <class Write>
std::string captured(Write write) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  write();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  return text;
}

}  // namespace

TEST_CASE("a log line has time, level, message and fields, and no colour outside a terminal") {
  const std::string line = captured([] { log::warning("stopped", {{"AURA_WORKLOAD", "web"}}); });
  REQUIRE(line.size() > 9);
  CHECK(line[2] == ':');
  CHECK(line.substr(9) == "warning stopped AURA_WORKLOAD=web\n");
}

TEST_CASE("what lies above the chosen level is not written") {
  CHECK(captured([] { log::debug("quiet"); }).empty());
  log::set_level(log::Level::debug);
  CHECK_FALSE(captured([] { log::debug("loud"); }).empty());
  log::set_level(log::Level::error);
  CHECK(captured([] { log::warning("quiet"); }).empty());
  log::set_level(log::Level::info);
}

TEST_CASE("line breaks and terminal codes from outside stay inside their line") {
  const std::string line = captured([] { log::info("a\nb\x1b[2J", {{"K", "x\ry"}}); });
  CHECK(line.substr(9) == "info    a\\nb\\x1b[2J K=x\\x0dy\n");
}
