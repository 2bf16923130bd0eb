#include "common/protocol/command.hpp"
#include "common/protocol/report.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>

using namespace aura::protocol;

namespace {

// Every word from `first` to `last` is found again and none is written twice.
template <class Enum>
void check_words(Enum last, std::optional<Enum> (*parse)(std::string_view)) {
  std::set<std::string> seen;
  for (int place = 0; place <= static_cast<int>(last); ++place) {
    const auto value = static_cast<Enum>(place);
    const std::string word(to_string(value));
    CHECK(seen.insert(word).second);
    CHECK(parse(word) == value);
  }
  CHECK_FALSE(parse(""));
  CHECK_FALSE(parse("Running"));
  CHECK_FALSE(parse("running "));
}

bool parses(std::string_view text) {
  const auto target = parse_target(text);
  return target && to_string(*target) == text;
}

}  // namespace

TEST_CASE("every word of the protocol is read back as the same word") {
  check_words(Verb::collect, parse_verb);
  check_words(OutcomeKind::cancelled, parse_outcome_kind);
  check_words(NodeWord::running, parse_node_word);
  check_words(WorkloadWord::unknown, parse_workload_word);
  check_words(Intent::stopped, parse_intent);
  check_words(Severity::error, parse_severity);
}

TEST_CASE("words stand as the protocol page writes them") {
  CHECK(to_string(Verb::power_off) == "power_off");
  CHECK(to_string(Verb::collect) == "collect");
  CHECK(to_string(OutcomeKind::superseded) == "superseded");
  CHECK(to_string(NodeWord::decommissioned) == "decommissioned");
  CHECK(to_string(NodeWord::provisioning) == "provisioning");
  CHECK(to_string(WorkloadWord::crash_loop) == "crash_loop");
  CHECK(to_string(WorkloadWord::conflict) == "conflict");
  CHECK(to_string(Severity::notice) == "notice");
}

TEST_CASE("generation, expiry, destruction and locality belong to the verbs the protocol names") {
  std::set<std::string_view> generation, expiry, destructive, local;
  for (int place = 0; place <= static_cast<int>(Verb::collect); ++place) {
    const auto verb = static_cast<Verb>(place);
    if (has_generation(verb)) generation.insert(to_string(verb));
    if (expires(verb)) expiry.insert(to_string(verb));
    if (is_destructive(verb)) destructive.insert(to_string(verb));
    if (is_local_verb(verb)) local.insert(to_string(verb));
  }
  CHECK(generation == std::set<std::string_view>{"start", "stop", "restart", "suspend", "resume"});
  CHECK(expiry == std::set<std::string_view>{"restart", "reboot", "power_off", "apply", "pull", "upgrade"});
  CHECK(destructive == std::set<std::string_view>{"stop", "restart", "suspend", "reboot", "power_off", "apply",
                                                  "upgrade", "decommission"});
  CHECK(local ==
        std::set<std::string_view>{"hold", "release", "lock", "unlock", "adopt", "reload", "stage", "collect"});
}

TEST_CASE("a target is the node, a workload, an image or a command") {
  CHECK(parses("node"));
  CHECK(parses("workload:web"));
  CHECK(parses("image:localhost:5000/a/b@sha256:00"));
  CHECK(parses("image:" + std::string(512, 'a')));
  CHECK(parses("command:01J.x"));
}

TEST_CASE("an impossible target is refused") {
  for (const char* text :
       {"", "nodes", "node:", "node:x", "workload:", "workload:node", "workload:Web", "workload:a/b",
        "image:", "image:a b", "image:a\nb", "image:\xC3\xBC", "command:", "command:a b", "volume:x"}) {
    INFO(text);
    CHECK_FALSE(parse_target(text));
  }
  CHECK_FALSE(parse_target("image:" + std::string(513, 'a')));
}

TEST_CASE("the same order is recognised whoever delivers it and however old it is") {
  Command first;
  first.id = "a";
  first.generation = 4;
  first.reason = "because";
  Command again = first;
  again.age_s = 99;
  again.actor = "somebody";
  CHECK(same_content(first, again));

  auto differs = [&](auto change) {
    Command other = first;
    change(other);
    return !same_content(first, other);
  };
  CHECK(differs([](Command& c) { c.id = "b"; }));
  CHECK(differs([](Command& c) { c.verb = Verb::stop; }));
  CHECK(differs([](Command& c) { c.target = {Target::Kind::workload, "web"}; }));
  CHECK(differs([](Command& c) { c.generation = 5; }));
  CHECK(differs([](Command& c) { c.expires_in_s = 5; }));
  CHECK(differs([](Command& c) { c.args.grace_s = 5; }));
  CHECK(differs([](Command& c) { c.force = true; }));
  CHECK(differs([](Command& c) { c.reason = "why"; }));
}
