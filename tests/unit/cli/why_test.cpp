#include "agent/cli/why_view.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <string>

namespace aura::cli {
namespace {

constexpr WallMs noon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z

std::string text_of(const protocol::Why& why) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const Terminal plain(file);
  std::string text = why_text(why, plain);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("why tells each run, the newest first, with its last lines") {
  protocol::Run now;
  now.started_at = "2026-11-21T12:00:42Z";
  now.began = noon + 42'000;
  now.began_why = "after its crash";
  protocol::Run crashed;
  crashed.started_at = "2026-11-21T12:00:00Z";
  crashed.began = noon;
  crashed.began_why = "as declared";
  crashed.ended = noon + 42'000;
  crashed.ended_why = "killed by SIGSEGV (exit code 139).";
  crashed.log_tail = {"listening", "oops"};
  CHECK(text_of({"web", {now, crashed}}) ==
        "web, the newest first\n"
        "\n2026-11-21T12:00:42Z  runs since then\n"
        "  started  after its crash\n"
        "\n2026-11-21T12:00:42Z  ended after 42 s\n"
        "  ended    killed by SIGSEGV (exit code 139).\n"
        "  started  as declared\n"
        "  it wrote listening\n"
        "           oops\n");
}

TEST_CASE("why tells what Docker refused, and of a workload that never ran") {
  protocol::Run refused;
  refused.ended = noon;
  refused.attempts = 3;
  refused.ended_why = "no such command";
  CHECK(text_of({"web", {refused}}) ==
        "web, the newest first\n\n2026-11-21T12:00:00Z  not started, 3 times\n  because  no such command\n");
  CHECK(text_of({"web", {}}) == "web has not run yet.\n");
}

TEST_CASE("hostile lines cannot steer the terminal of why") {
  protocol::Run run;
  run.ended = noon;
  run.ended_why = "killed\x1b[2J";
  run.log_tail = {"\x1b]0;title\x07", std::string("\xff\n", 2)};
  const std::string text = text_of({"web\x1b", {run}});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\x07') == std::string::npos);
  CHECK(text.find("\\x0a") != std::string::npos);
}

}  // namespace aura::cli
