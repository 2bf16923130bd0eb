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

TEST_CASE("a MESSAGE_ID is for the journal, not for a terminal") {
  const std::string line = captured([] { log::info("x", {{"AURA_EVENT", "e"}, {"MESSAGE_ID", "00"}}); });
  CHECK(line.substr(9) == "info    x AURA_EVENT=e\n");
}

TEST_CASE("a cause that goes on is cut off, and what was left out is said once with its count") {
  const auto lines = [](auto write) { return captured(write); };
  log::limit(2, 0);
  const std::string noisy = lines([] {
    for (int i = 0; i < 5; ++i) log::info("again", {{"AURA_EVENT", "exited"}, {"AURA_WORKLOAD", "web"}});
    log::info("other", {{"AURA_EVENT", "exited"}, {"AURA_WORKLOAD", "api"}});
    for (int i = 0; i < 3; ++i) log::info("from here");
    log::info("from there");
  });
  const std::string told = lines([] { log::tell_left_out(); });
  const std::string after = lines([] { log::tell_left_out(); });
  log::limit(1e9, 1e9);
  const auto count = [](const std::string& text, std::string_view word) {
    int found = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
    return found;
  };
  CHECK(count(noisy, "again") == 2);
  CHECK(count(noisy, "other") == 1);
  CHECK(count(noisy, "from here") == 2);
  CHECK(count(noisy, "from there") == 1);
  CHECK(count(told, "3 more entries like this were left out") == 1);
  CHECK(count(told, "exited, web") == 1);
  CHECK(count(told, "1 more entries like this") == 1);
  CHECK(count(told, "log_test.cpp:") == 1);
  CHECK(after.empty());
}
