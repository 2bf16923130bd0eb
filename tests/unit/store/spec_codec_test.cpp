#include "agent/store/spec_codec.hpp"
#include "tests/support/result_text.hpp"
#include "tests/unit/store/fill.hpp"

#include <catch2/catch_test_macros.hpp>

namespace aura::store {
namespace {

using reconcile::OnChange;
using reconcile::WorkloadSpec;

WorkloadSpec small() {
  WorkloadSpec spec;
  spec.image = "app:1";
  spec.env = {{"B", "2"}, {"A", "1"}};
  spec.stop.grace_s = 330;
  return spec;
}

TEST_CASE("a canonical spec holds only what differs from the defaults, sorted by key") {
  CHECK(canonical_spec(WorkloadSpec{}) == "{}");
  CHECK(canonical_spec(small()) == R"({"env":{"A":"1","B":"2"},"image":"app:1","stop":{"grace_s":330}})");
}

TEST_CASE("a canonical spec can hide the values of the environment") {
  CHECK(canonical_spec(small(), true) == R"({"env":{"A":"***","B":"***"},"image":"app:1","stop":{"grace_s":330}})");
}

TEST_CASE("a spec with every field set comes back equal from its canonical form") {
  WorkloadSpec before;
  test::Filler(1).fill(before);
  CHECK(test::unfilled(before).empty());
  const auto after = parse_canonical_spec(canonical_spec(before));
  REQUIRE(after);
  CHECK(*after == before);
}

TEST_CASE("a canonical spec with an unknown key or a wrong type is refused by its path") {
  const auto why = [](std::string_view text) {
    const auto parsed = parse_canonical_spec(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::invalid_argument);
    return parsed.error().message;
  };
  CHECK(why(R"({"stop":{"grce_s":1}})").find("stop.grce_s: unknown key") == 0);
  CHECK(why(R"({"ports":[{"host_port":70000}]})").find("ports.0.host_port: ") == 0);
  why("nonsense");
  why("[]");
}

TEST_CASE("the hash leaves out what is updated live and nothing else") {
  const auto hash = [](const WorkloadSpec& spec) { return spec_hash(spec, {}); };
  const std::string before = hash(small());
  CHECK(before.starts_with("v1:"));
  CHECK(before.size() == 3 + 64);
  WorkloadSpec live = small();
  live.resources.memory_bytes = 1 << 30;
  live.resources.cpus = 1.5;
  live.resources.pids = 100;
  CHECK(hash(live) == before);
  live.resources.oom_score_adj = 5;
  CHECK(hash(live) != before);
  WorkloadSpec other = small();
  other.env["A"] = "x";
  CHECK(hash(other) != before);
}

TEST_CASE("the value of a secret counts in the hash only where its change asks for a restart") {
  WorkloadSpec spec = small();
  spec.secrets["TOKEN"] = {"token", OnChange::none};
  CHECK(spec_hash(spec, {{"token", "d1"}}) == spec_hash(spec, {{"token", "d2"}}));
  spec.secrets["TOKEN"].on_change = OnChange::restart;
  CHECK(spec_hash(spec, {{"token", "d1"}}) != spec_hash(spec, {{"token", "d2"}}));
  WorkloadSpec file = small();
  file.secret_files["token"] = {"token", OnChange::restart};
  CHECK(spec_hash(file, {{"token", "d1"}}) != spec_hash(file, {{"token", "d2"}}));
}

// What a hash is must never change by accident: every container of every node would be replaced.
TEST_CASE("the hash of a known spec is what it always was") {
  CHECK(spec_hash(small(), {}) == "v1:9f32161986b31f1e06a5f5e83267be6fdaadf5fda0cd743b90c0ba288236979d");
}

}  // namespace
}  // namespace aura::store
