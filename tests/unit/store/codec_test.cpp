#include "agent/store/codec.hpp"
#include "tests/support/result_text.hpp"
#include "tests/unit/store/fill.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <set>

namespace aura::store {
namespace {

using reconcile::Record;
using reconcile::RecordBody;
using reconcile::State;
namespace record = reconcile::record;

template <class Visit>
void for_each_body(Visit visit) {
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<std::variant_size_v<RecordBody>>>(
      [&](auto index) { visit(RecordBody(std::in_place_index<index>)); });
}

TEST_CASE("every record with every field set comes back equal") {
  std::uint64_t seed = 1;
  for_each_body([&](RecordBody body) {
    INFO(reconcile::record_name(body));
    std::visit(
        [&](auto& one) {
          test::Filler(seed += 1000).fill(one);
          CHECK(test::unfilled(one).empty());
        },
        body);
    const Record before{"boot", 123, -5, std::move(body)};
    const auto after = decode_record(encode_record(before));
    REQUIRE(after);
    CHECK(*after == before);
  });
}

TEST_CASE("every record with nothing set comes back equal, and its name is its own") {
  std::set<std::string_view> names;
  for_each_body([&](const RecordBody& body) {
    names.insert(reconcile::record_name(body));
    const auto after = decode_record(encode_record(Record{"", 0, 0, body}));
    REQUIRE(after);
    CHECK(after->body == body);
  });
  CHECK(names.size() == std::variant_size_v<RecordBody>);
}

TEST_CASE("a state with every field set comes back equal") {
  State before;
  test::Filler(1).fill(before);
  CHECK(test::unfilled(before).empty());
  const auto after = decode_state(encode_state(before));
  REQUIRE(after);
  CHECK(*after == before);
  CHECK(decode_state(encode_state(State{})).value() == State{});
}

TEST_CASE("numbers come back to the last bit") {
  for (const double tokens : {0.0, 0.1, 0.3, 1.0 / 3, 11.333333333333334, 1e300, 5e-324, 2.5, 123456.789, 0.007}) {
    State before;
    before.destructive_tokens = tokens;
    CHECK(decode_state(encode_state(before)).value().destructive_tokens == tokens);
  }
  for (int thousandth = 0; thousandth < 100'000; thousandth += 7) {
    State before;
    before.destructive_tokens = thousandth / 1000.0;
    if (decode_state(encode_state(before)).value() == before) continue;
    FAIL("differs: " << thousandth);
  }
  State before;
  before.epoch = std::numeric_limits<std::uint64_t>::max();
  before.last_time = std::numeric_limits<std::int64_t>::min();
  CHECK(decode_state(encode_state(before)).value() == before);
}

TEST_CASE("text comes back byte by byte, also what is not UTF-8") {
  const Record before{"b", 1, 2,
                      record::Noted{"k", {}, "w", std::string("a\0b\x1b\xff\xfe\n", 8), {{"\xc3", "\x80"}}, {}}};
  const auto after = decode_record(encode_record(before));
  REQUIRE(after);
  CHECK(*after == before);
}

TEST_CASE("unknown fields are ignored and missing ones keep their defaults") {
  const auto decoded = decode_record(
      R"({"kind":"declared","boot_id":"b","boot_ms":5,"wall_ms":6,"later":[1],
          "body":{"declaration":{"name":"web","spec":{"image":"i","novel":{}},"novel":true}}})");
  REQUIRE(decoded);
  record::Declared expected;
  expected.declaration.name = "web";
  expected.declaration.spec.image = "i";
  CHECK(decoded->body == RecordBody(expected));
  CHECK(decoded->boot_ms == 5);
}

TEST_CASE("what is not a record is corrupt and says where") {
  const auto why = [](std::string_view text) {
    const auto decoded = decode_record(text);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == Errc::corrupt);
    return decoded.error().message;
  };
  const std::string head = R"({"boot_id":"b","boot_ms":5,"wall_ms":6,)";
  why("");
  why("{");
  why("[]");
  why(head + R"("body":{}})");
  CHECK(why(head + R"("kind":"invented","body":{}})").find("invented") != std::string::npos);
  CHECK(why(head + R"("kind":"exited","body":{"exit":{"code":"x"}}})").find("exit.code") != std::string::npos);
  CHECK(why(head + R"("kind":"settled","body":{"outcome":{"verb":"dance"}}})").find("dance") != std::string::npos);
  CHECK(why(head + R"("kind":"create_intended","body":{"n":-1}})").find("n: ") != std::string::npos);
  why(head + R"("kind":"create_intended","body":{"n":4294967296}})");
  why(R"({"boot_id":"b","boot_ms":"5","wall_ms":6,"kind":"unfenced","body":{}})");
  CHECK(decode_state("{").error().code == Errc::corrupt);
  CHECK(decode_state(R"({"node":{"intent":"flying"}})").error().message.find("node.intent") != std::string::npos);
}

}  // namespace
}  // namespace aura::store
