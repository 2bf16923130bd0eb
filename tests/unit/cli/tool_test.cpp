#include "agent/cli/tool.hpp"

#include "tests/support/result_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdlib>

namespace aura::cli {

TEST_CASE("a program's output and exit code come back, without a shell in between") {
  const auto output = run_tool({"printf", "%s", "$HOME; x"});
  REQUIRE(output);
  CHECK(output->exit_code == 0);
  CHECK(output->text == "$HOME; x");
  const auto failed = run_tool({"ls", "/nonexistent-folder"});
  REQUIRE(failed);
  CHECK(failed->exit_code != 0);
  CHECK(failed->text.find("nonexistent-folder") != std::string::npos);
}

TEST_CASE("a program gets nothing of our environment") {
  ::setenv("AURA_PLANTED", "x", 1);
  const auto output = run_tool({"env"});
  ::unsetenv("AURA_PLANTED");
  REQUIRE(output);
  CHECK(output->text == "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
}

TEST_CASE("output is kept up to its bound and read to its end") {
  const auto output = run_tool({"seq", "100000"}, {.max_bytes = 10});
  REQUIRE(output);
  CHECK(output->text == "1\n2\n3\n4\n5\n");
  CHECK(output->cut);
  CHECK(output->exit_code == 0);
}

TEST_CASE("a program that does not end is killed at its deadline") {
  const auto begun = std::chrono::steady_clock::now();
  const auto output = run_tool({"sleep", "60"}, {.timeout_ms = 100});
  REQUIRE_FALSE(output);
  CHECK(output.error().code == Errc::timeout);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

TEST_CASE("a program that is not installed is named") {
  const auto output = run_tool({"no-such-program-here"});
  REQUIRE_FALSE(output);
  CHECK(output.error().code == Errc::not_found);
  CHECK(output.error().message == "no-such-program-here is not installed");
}

}  // namespace aura::cli
