#include "agent/cli/answers.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/verbs.hpp"

#include "common/protocol/codec.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace aura::cli {
namespace {

using protocol::OutcomeKind;

protocol::Outcome stopped() {
  protocol::Outcome outcome;
  outcome.command_id = "01ABC";
  outcome.verb = protocol::Verb::stop;
  outcome.target = {protocol::Target::Kind::workload, "web"};
  outcome.kind = OutcomeKind::succeeded;
  outcome.detail = "none runs";
  outcome.actor = "local:root";
  outcome.evidence.push_back(
      {.workload = "web", .state = "stopped", .exit_code = 143, .signal = "SIGTERM", .duration_ms = 1'240});
  return outcome;
}

}  // namespace

TEST_CASE("each outcome has its exit code") {
  CHECK(exit_code_of(OutcomeKind::succeeded) == 0);
  CHECK(exit_code_of(OutcomeKind::failed) == 1);
  CHECK(exit_code_of(OutcomeKind::refused) == 3);
  CHECK(exit_code_of(OutcomeKind::superseded) == 4);
  CHECK(exit_code_of(OutcomeKind::expired) == 4);
  CHECK(exit_code_of(OutcomeKind::cancelled) == 4);
}

TEST_CASE("an outcome is told with its evidence") {
  CHECK(outcome_text(stopped()) ==
        "stop of web succeeded: none runs\n  web: stopped, exit code 143, SIGTERM, took 1.2 s\n");
  protocol::Outcome failed = stopped();
  failed.kind = OutcomeKind::failed;
  failed.code = "stuck";
  failed.target = {};
  failed.evidence.clear();
  CHECK(outcome_text(failed) == "stop of the node failed (stuck): none runs\n");
}

TEST_CASE("a command's status is read as open or settled, and nothing else") {
  const auto open = decode_command_status(R"({"id":"01ABC","state":"open","command":{}})");
  REQUIRE(open.has_value());
  CHECK(open->id == "01ABC");
  CHECK_FALSE(open->outcome.has_value());
  const auto settled =
      decode_command_status(R"({"id":"01ABC","state":"settled","outcome":)" + protocol::encode(stopped()) + "}");
  REQUIRE(settled.has_value());
  REQUIRE(settled->outcome.has_value());
  CHECK(*settled->outcome == stopped());
  for (const char* text :
       {"", "[]", "{}", R"({"state":"settled"})", R"({"state":"settled","outcome":{}})", R"({"state":1})"}) {
    INFO(text);
    const auto status = decode_command_status(text);
    REQUIRE(status.has_error());
    CHECK(status.error().code == Errc::bad_reply);
  }
}

}  // namespace aura::cli
