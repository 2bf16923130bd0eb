#include "common/protocol/codec.hpp"
#include "common/protocol/text.hpp"
#include "samples.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace aura;
using namespace aura::protocol;

namespace {

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string with_reason(std::string_view raw) {
  return R"({"id":"a","verb":"stop","target":"node","reason":")" + std::string(raw) + "\"}";
}

}  // namespace

TEST_CASE("what is not JSON is refused with the place of the mistake") {
  for (const char* text : {"", " ", "{", "}", "{]", R"({"id":})", R"({"id":"a"} x)", "nul", "{'id':1}",
                           R"({"id":"a",})", R"({"id":"\x"})", R"(// {})", "NaN", "[1,]", "\xEF\xBB\xBF{}"}) {
    INFO(text);
    const auto got = decode_command(text);
    REQUIRE(got.has_error());
    CHECK(got.error().code == Errc::invalid_argument);
    CHECK(got.error().message.starts_with("$: not JSON at byte "));
  }
}

TEST_CASE("a nesting bomb is refused at depth 32") {
  auto spec_of_depth = [](int depth) {
    return R"({"id":"a","verb":"apply","target":"node","args":{"workloads":{"web":)" + repeat(R"({"a":)", depth) + "1" +
           repeat("}", depth) + "}}}";
  };
  CHECK(decode_command(spec_of_depth(29)).has_value());
  CHECK(decode_command(spec_of_depth(30)).has_error());
  CHECK(decode_command(repeat("[", 500'000)).has_error());
  CHECK(decode_command(repeat(R"({"a":)", 200'000)).has_error());
  CHECK(decode_heartbeat(repeat("[", 32) + repeat("]", 32)).has_error());
}

TEST_CASE("text that is not UTF-8 is refused") {
  for (const char* raw : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", R"(\ud800)", R"(\udc00x)"}) {
    CHECK(decode_command(with_reason(raw)).has_error());
  }
  CHECK(decode_command(with_reason("\xC3\xBC \xF0\x9F\x9A\x80 \\ud83d\\ude80")).has_value());
}

TEST_CASE("a reason cannot fake a line in a log or steer a terminal") {
  for (const char* raw : {R"(a\nb)", R"(\u001b[2J)", R"(\u0000)", R"(\u007f)", R"(\u009b1m)", "\xC2\x9B", R"(\r)"}) {
    INFO(raw);
    const auto got = decode_command(with_reason(raw));
    REQUIRE(got.has_error());
    CHECK(got.error().message.starts_with("$.reason: "));
  }
}

TEST_CASE("NUL is refused in every text, since stores end texts there") {
  Event event = samples::event();
  std::string text = encode(event);
  text.replace(text.find("web ended"), 3, R"(w\u0000b)");
  const auto got = decode_event(text);
  REQUIRE(got.has_error());
  CHECK(got.error().message == "$.text: must not hold NUL");
}

TEST_CASE("the key of an unknown field is shown escaped and cut") {
  const auto got =
      decode_command(R"({"id":"a","verb":"stop","target":"node",")" + std::string(5'000, 'k') + R"(\u001b[2J":1})");
  REQUIRE(got.has_error());
  CHECK(got.error().message.size() < 200);
  const auto steering = decode_command(R"({"id":"a","verb":"stop","target":"node","\u001b[2J":1})");
  REQUIRE(steering.has_error());
  CHECK(steering.error().message.find('\x1b') == std::string::npos);
}

TEST_CASE("whatever text a container or a user name brings, the peer can read the whole beat") {
  Heartbeat beat = samples::heartbeat();
  beat.events[0].text = "a\xFF\xC3(\xED\xA0\x80 end";
  beat.events[0].log_tail = {std::string("\0\x01\x1b", 3), "\xF0\x9F"};
  beat.events[0].data["k\xFE"] = "v\xFE";
  beat.report->reasons = {"\xC0"};
  beat.outcomes[0].detail = "\x80";
  const auto got = decode_heartbeat(encode(beat));
  REQUIRE(got.has_value());
  CHECK(got->events[0].log_tail[0] == "\xEF\xBF\xBD\x01\x1b");
  CHECK(got->events[1] == beat.events[1]);
  CHECK(decode_error(encode_error("invalid", "\xFF")).message == "\xEF\xBF\xBD");
}

TEST_CASE("a load that is not a number is sent as zero") {
  Report report = samples::report();
  for (const double load : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    report.host.load1 = load;
    const auto got = decode_report(encode(report));
    REQUIRE(got.has_value());
    CHECK(got->host.load1 == 0);
  }
}

TEST_CASE("well-formed text is left as it is and each bad byte becomes one replacement") {
  const std::string replacement = "\xEF\xBF\xBD";
  CHECK(valid_utf8("plain \n\t\x1b") == "plain \n\t\x1b");
  CHECK(valid_utf8("\xC3\xBC\xE2\x82\xAC\xF0\x9F\x9A\x80") == "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x9A\x80");
  CHECK(valid_utf8("a\xFFz") == "a" + replacement + "z");
  CHECK(valid_utf8("\xE2\x82") == replacement + replacement);
  CHECK(valid_utf8("\xC0\x80") == replacement + replacement);
  CHECK(valid_utf8("\xE0\x9F\xBF") == replacement + replacement + replacement);
  CHECK(valid_utf8("\xF4\x8F\xBF\xBF") == "\xF4\x8F\xBF\xBF");
  CHECK(valid_utf8(std::string_view("\0", 1)) == replacement);
}

TEST_CASE("control characters are C0, DEL and C1, and nothing else") {
  CHECK(has_control("\n"));
  CHECK(has_control("a\x7F"));
  CHECK(has_control("\xC2\x80"));
  CHECK(has_control("\xC2\x9F"));
  CHECK_FALSE(has_control("\xC2\xA0"));
  CHECK_FALSE(has_control("\xE2\x82\xAC \xC3\xBC ~"));
  CHECK_FALSE(has_control(""));
}
