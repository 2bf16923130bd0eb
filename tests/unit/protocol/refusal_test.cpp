#include "common/protocol/codec.hpp"
#include "samples.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::protocol;

namespace {

// The message of the refusal, "" if there was none.
template <class T>
std::string refusal(const Result<T>& result) {
  return result.has_error() ? result.error().message : std::string();
}

// The JSON path of the refusal.
template <class T>
std::string refused_at(const Result<T>& result) {
  const std::string message = refusal(result);
  return message.substr(0, message.find(": "));
}

// `text` with its only occurrence of `from` replaced.
std::string with(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

std::string command_path(std::string_view fields) {
  return refused_at(decode_command(R"({"id":"a","verb":"stop","target":"node",)" + std::string(fields) + "}"));
}

std::string args_path(std::string_view verb, std::string_view args, std::string_view target = "node") {
  return refused_at(decode_command(R"({"id":"a","verb":")" + std::string(verb) + R"(","target":")" +
                                   std::string(target) + R"(","args":)" + std::string(args) + "}"));
}

std::string beat_path(std::string_view from, std::string_view to) {
  return refused_at(decode_heartbeat(with(encode(samples::heartbeat()), from, to)));
}

}  // namespace

TEST_CASE("a command without id, verb or target names what is missing") {
  CHECK(refusal(decode_command(R"({"verb":"stop","target":"node"})")).starts_with("$.id: "));
  CHECK(refusal(decode_command(R"({"id":"a","target":"node"})")) == "$.verb: is missing");
  CHECK(refusal(decode_command(R"({"id":"a","verb":"stop"})")) == "$.target: is missing");
  CHECK(refused_at(decode_command("[]")) == "$");
}

TEST_CASE("an ill-typed or impossible field of a command names its path") {
  CHECK(command_path(R"("generation":"42")") == "$.generation");
  CHECK(command_path(R"("generation":0)") == "$.generation");
  CHECK(command_path(R"("generation":-1)") == "$.generation");
  CHECK(command_path(R"("generation":1.0)") == "$.generation");
  CHECK(command_path(R"("generation":9007199254740992)") == "$.generation");
  CHECK(command_path(R"("generation":18446744073709551615)") == "$.generation");
  CHECK(command_path(R"("generation":1e400)") != "");
  CHECK(command_path(R"("generation":9007199254740991)") == "");
  CHECK(command_path(R"("expires_in_s":-1)") == "$.expires_in_s");
  CHECK(command_path(R"("expires_in_s":31536001)") == "$.expires_in_s");
  CHECK(command_path(R"("age_s":-1)") == "$.age_s");
  CHECK(command_path(R"("force":1)") == "$.force");
  CHECK(command_path(R"("reason":7)") == "$.reason");
  CHECK(command_path(R"("args":[])") == "$.args");
  CHECK(refused_at(decode_command(R"({"id":"a b","verb":"stop","target":"node"})")) == "$.id");
  CHECK(refused_at(decode_command(R"({"id":"a","verb":"stop","target":"workload:Web"})")) == "$.target");
}

TEST_CASE("reason and actor are bounded") {
  CHECK(command_path(R"("reason":")" + std::string(1024, 'r') + '"') == "");
  CHECK(command_path(R"("reason":")" + std::string(1025, 'r') + '"') == "$.reason");
  CHECK(command_path(R"("actor":")" + std::string(256, 'r') + '"') == "");
  CHECK(command_path(R"("actor":")" + std::string(257, 'r') + '"') == "$.actor");
}

TEST_CASE("an unknown verb is told apart from a malformed command") {
  const auto unknown = decode_command(R"({"id":"a","verb":"explode","target":"node","charge":3})");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code == Errc::not_supported);
  CHECK(refused_at(unknown) == "$.verb");
  CHECK(decode_command(R"({"id":"a","verb":"stop"})").error().code == Errc::invalid_argument);
}

TEST_CASE("an unknown field in a command or its args is refused") {
  CHECK(command_path(R"("graces":1)") == "$.graces");
  CHECK(command_path(R"("args":{"grace":1})") == "$.args.grace");
  CHECK(command_path(R"("Force":true)") == "$.Force");
}

TEST_CASE("unknown fields elsewhere are ignored") {
  CHECK(beat_path(R"("protocol":1)", R"("protocol":1,"novel":{"a":[1]})") == "");
  CHECK(refusal(decode_event(with(encode(samples::event()), R"("seq":)", R"("novel":1,"seq":)"))) == "");
  CHECK(refusal(decode_report(with(encode(samples::report()), R"("node_id":)", R"("novel":1,"node_id":)"))) == "");
  CHECK(refusal(decode_outcome(with(encode(samples::outcome()), R"("kind":)", R"("novel":1,"kind":)"))) == "");
  CHECK(refusal(decode_enroll_reply(R"({"node_key":"k","novel":1})")) == "");
}

TEST_CASE("each verb takes its own args and no others") {
  struct Taken {
    const char* verb;
    const char* args;
  };
  const Taken all[] = {{"stop", R"({"grace_s":1})"},      {"stop", R"({"then":"power_off"})"},
                       {"restart", R"({"grace_s":1})"},   {"suspend", R"({"grace_s":1,"mode":"stop"})"},
                       {"suspend", R"({"mode":"stop"})"}, {"apply", R"({"workloads":{}})"},
                       {"upgrade", R"({"version":"1"})"}, {"hold", R"({"for_s":1})"},
                       {"adopt", R"({"instance":true})"}, {"reload", R"({"allow_removal":true})"},
                       {"stage", R"({"stage":"failed"})"}};
  for (const Taken& own : all) {
    INFO(own.verb << ' ' << own.args);
    CHECK(args_path(own.verb, own.args) == "");
  }
  for (const char* verb :
       {"start", "resume", "reboot", "power_off", "pull", "decommission", "cancel", "release", "lock", "unlock"}) {
    INFO(verb);
    CHECK(args_path(verb, "{}") == "");
    CHECK(args_path(verb, R"({"grace_s":1})") == "$.args.grace_s");
    CHECK(args_path(verb, R"({"workloads":{}})") == "$.args.workloads");
  }
  CHECK(args_path("stop", R"({"mode":"stop"})") == "$.args.mode");
  CHECK(args_path("restart", R"({"then":"power_off"})") == "$.args.then");
  CHECK(args_path("suspend", R"({"version":"1"})") == "$.args.version");
}

TEST_CASE("an impossible arg names its path") {
  CHECK(args_path("stop", R"({"grace_s":86401})") == "$.args.grace_s");
  CHECK(args_path("stop", R"({"grace_s":-1})") == "$.args.grace_s");
  CHECK(args_path("stop", R"({"grace_s":"5"})") == "$.args.grace_s");
  CHECK(args_path("stop", R"({"then":"reboot"})") == "$.args.then");
  CHECK(args_path("stop", R"({"then":""})") == "$.args.then");
  CHECK(args_path("stop", R"({"then":"power_off"})", "workload:web") == "$.args.then");
  CHECK(args_path("suspend", R"({"mode":"pause"})") == "$.args.mode");
  CHECK(args_path("upgrade", R"({})") == "$.args.version");
  CHECK(args_path("upgrade", R"({"version":"../0.1"})") == "$.args.version");
  CHECK(args_path("upgrade", R"({"version":"1 && reboot"})") == "$.args.version");
  CHECK(args_path("hold", "{}") == "$.args.for_s");
  CHECK(args_path("hold", R"({"for_s":0})") == "$.args.for_s");
  CHECK(args_path("hold", R"({"for_s":604801})") == "$.args.for_s");
  CHECK(args_path("stage", R"({"stage":"done"})") == "$.args.stage");
  CHECK(args_path("reload", R"({"allow_removal":"yes"})") == "$.args.allow_removal");
  CHECK(args_path("apply", "{}") == "$.args.workloads");
  CHECK(args_path("apply", R"({"workloads":[]})") == "$.args.workloads");
  CHECK(args_path("apply", R"({"workloads":{"web":7}})") == "$.args.workloads.web");
  CHECK(args_path("apply", R"({"workloads":{"../x":{}}})") == R"($.args.workloads["../x"])");
}

TEST_CASE("a malformed heartbeat names the path, down to the entry of a list") {
  CHECK(beat_path(R"("protocol":1)", R"("protocol":2)") == "$.protocol");
  CHECK(beat_path(R"("protocol":1,)", "") == "$.protocol");
  CHECK(beat_path(R"("epoch":17)", R"("epoch":"17")") == "$.epoch");
  CHECK(beat_path(R"("epoch":17)", R"("epoch":0)") == "$.epoch");
  CHECK(beat_path(R"("ledger_id":"l1",)", "") == "$.ledger_id");
  CHECK(beat_path(R"("boot_id":"b0071d",)", R"("boot_id":null,)") == "$.boot_id");
  CHECK(beat_path(R"("state":"degraded")", R"("state":"great")") == "$.state");
  CHECK(beat_path(R"("suspended":true)", R"("suspended":"true")") == "$.suspended");
  CHECK(beat_path(R"("seq":2)", R"("seq":-2)") == "$.events[1].seq");
  CHECK(beat_path(R"("retry_after_s":30)", R"("retry_after_s":86401)") == "$.deferred[0].retry_after_s");
  CHECK(beat_path(R"("kind":"refused")", R"("kind":"maybe")") == "$.outcomes[0].kind");
  CHECK(beat_path(R"("duration_ms":10042)", R"("duration_ms":-1)") == "$.outcomes[0].evidence[0].duration_ms");
  CHECK(beat_path(R"("state":"crash_loop")", R"("state":7)") == "$.report.workloads[0].state");
  CHECK(beat_path(R"("cpus":4)", R"("cpus":4.5)") == "$.report.host.cpus");
  CHECK(beat_path(R"("exit_code":"1")", R"("exit_code":1)") == "$.events[0].data.exit_code");
  CHECK(beat_path(R"("line one")", "5") == "$.events[0].log_tail[0]");
}

TEST_CASE("a heartbeat carries at most a hundred events") {
  Heartbeat beat = samples::nameless_heartbeat();
  beat.events.assign(100, samples::bare_event());
  CHECK(refused_at(decode_heartbeat(encode(beat))) == "");
  beat.events.push_back(samples::bare_event());
  CHECK(refused_at(decode_heartbeat(encode(beat))) == "$.events");
}

TEST_CASE("a malformed reply names its path") {
  const std::string good = encode(samples::heartbeat_reply());
  auto path = [&](std::string_view from, std::string_view to) {
    return refused_at(decode_heartbeat_reply(with(good, from, to)));
  };
  CHECK(path(R"("next_heartbeat_s":86400)", R"("next_heartbeat_s":86401)") == "$.next_heartbeat_s");
  CHECK(path(R"("next_heartbeat_s":86400)", R"("next_heartbeat_s":0)") == "$.next_heartbeat_s");
  CHECK(path(R"("next_heartbeat_s":86400,)", "") == "$.next_heartbeat_s");
  CHECK(path(R"("server_time":"2027)", R"("server_time":"never 2027)") == "$.server_time");
  CHECK(path(R"("suspended":true)", R"("suspended":1)") == "$.wanted.suspended");
  CHECK(path(R"("mode":"freeze","reason":"payment)", R"("mode":"ice","reason":"payment)") == "$.wanted.mode");
  CHECK(path(R"("01J2")", "2") == "$.confirmed_outcomes[1]");
  CHECK(refused_at(decode_poll_reply(R"({"cursor":1})")) == "$.commands");
  CHECK(refused_at(decode_poll_reply(R"({"cursor":"1","commands":[]})")) == "$.cursor");
}

TEST_CASE("a command that cannot be read costs neither its neighbours nor the rest of the reply") {
  const auto got = decode_poll_reply(R"({"cursor":5,"commands":[
      {"id":"a","verb":"start","target":"node"},
      {"id":"b","verb":"explode","target":"node"},
      {"id":"c","verb":"stop","target":"node","novel":1},
      {"id":"d d","verb":"stop","target":"node"},
      7,
      {"id":"e","verb":"stop","target":"node"}]})");
  REQUIRE(got.has_value());
  REQUIRE(got->commands.size() == 2);
  CHECK(got->commands[0].id == "a");
  CHECK(got->commands[1].id == "e");
  REQUIRE(got->unreadable.size() == 4);
  CHECK(got->unreadable[0] ==
        UnreadableCommand{"b", "unknown_verb", "$.commands[1].verb: is not a verb that is known here"});
  CHECK(got->unreadable[1].id == "c");
  CHECK(got->unreadable[1].code == "invalid");
  CHECK(got->unreadable[1].message.starts_with("$.commands[2].novel: "));
  CHECK(got->unreadable[2].id.empty());
  CHECK(got->unreadable[3].message == "$.commands[4]: must be an object");
}

TEST_CASE("an enrolment names what is wrong with it") {
  CHECK(refused_at(decode_enroll_request(R"({"ledger_id":"l"})")) == "$.node_id");
  CHECK(refused_at(decode_enroll_request(R"({"node_id":"../x","ledger_id":"l"})")) == "$.node_id");
  CHECK(refused_at(decode_enroll_request(R"({"node_id":"n","ledger_id":""})")) == "$.ledger_id");
  CHECK(refused_at(decode_enroll_request(R"({"node_id":"n","ledger_id":"l","code":7})")) == "$.code");
  CHECK(refused_at(decode_enroll_request(R"({"node_id":"n","ledger_id":"l"})")) == "");
}
