// The words of the protocol and what is fixed per verb.
#include "common/ids.hpp"
#include "common/protocol/command.hpp"
#include "common/protocol/report.hpp"

#include <array>
#include <cassert>
#include <tuple>

namespace aura::protocol {
namespace {

// Each table stands in the order of its enum.
using namespace std::string_view_literals;
constexpr std::array verb_words = {"start"sv,        "stop"sv,      "restart"sv, "suspend"sv, "resume"sv,
                                   "reboot"sv,       "power_off"sv, "apply"sv,   "pull"sv,    "upgrade"sv,
                                   "decommission"sv, "cancel"sv,    "hold"sv,    "release"sv, "lock"sv,
                                   "unlock"sv,       "adopt"sv,     "reload"sv,  "stage"sv,   "collect"sv};
constexpr std::array outcome_words = {"succeeded"sv,  "failed"sv,  "refused"sv,
                                      "superseded"sv, "expired"sv, "cancelled"sv};
constexpr std::array node_words = {"cloned"sv,       "fenced"sv,   "decommissioned"sv, "degraded"sv, "suspended"sv,
                                   "frozen"sv,       "stopping"sv, "stopped"sv,        "held"sv,     "locked"sv,
                                   "provisioning"sv, "booting"sv,  "running"sv};
constexpr std::array workload_words = {
    "absent"sv, "pulling"sv, "created"sv,    "starting"sv, "running"sv, "unhealthy"sv, "stopping"sv, "stopped"sv,
    "frozen"sv, "backoff"sv, "crash_loop"sv, "failed"sv,   "stuck"sv,   "conflict"sv,  "held"sv,     "unknown"sv};
constexpr std::array intent_words = {"running"sv, "stopped"sv};
constexpr std::array severity_words = {"info"sv, "notice"sv, "warning"sv, "error"sv};

static_assert(verb_words.size() == static_cast<std::size_t>(Verb::collect) + 1);
static_assert(outcome_words.size() == static_cast<std::size_t>(OutcomeKind::cancelled) + 1);
static_assert(node_words.size() == static_cast<std::size_t>(NodeWord::running) + 1);
static_assert(workload_words.size() == static_cast<std::size_t>(WorkloadWord::unknown) + 1);
static_assert(severity_words.size() == static_cast<std::size_t>(Severity::error) + 1);

template <class Enum, class Words>
std::string_view word_of(Enum value, const Words& words) {
  const auto place = static_cast<std::size_t>(value);
  assert(place < words.size());
  return words[place];
}

template <class Enum, class Words>
std::optional<Enum> find_word(std::string_view text, const Words& words) {
  for (std::size_t place = 0; place < words.size(); ++place) {
    if (words[place] == text) return static_cast<Enum>(place);
  }
  return std::nullopt;
}

constexpr std::size_t max_reference_bytes = 512;

// References hold neither blanks nor control characters, and no byte beyond ASCII.
bool is_image_reference(std::string_view text) {
  if (text.empty() || text.size() > max_reference_bytes) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(Verb verb) { return word_of(verb, verb_words); }
std::optional<Verb> parse_verb(std::string_view text) { return find_word<Verb>(text, verb_words); }
std::string_view to_string(OutcomeKind kind) { return word_of(kind, outcome_words); }
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  return find_word<OutcomeKind>(text, outcome_words);
}
std::string_view to_string(NodeWord word) { return word_of(word, node_words); }
std::optional<NodeWord> parse_node_word(std::string_view text) { return find_word<NodeWord>(text, node_words); }
std::string_view to_string(WorkloadWord word) { return word_of(word, workload_words); }
std::optional<WorkloadWord> parse_workload_word(std::string_view text) {
  return find_word<WorkloadWord>(text, workload_words);
}
std::string_view to_string(Intent intent) { return word_of(intent, intent_words); }
std::optional<Intent> parse_intent(std::string_view text) { return find_word<Intent>(text, intent_words); }
std::string_view to_string(Severity severity) { return word_of(severity, severity_words); }
std::optional<Severity> parse_severity(std::string_view text) { return find_word<Severity>(text, severity_words); }

bool is_local_verb(Verb verb) { return verb >= Verb::hold; }

bool is_destructive(Verb verb) {
  switch (verb) {
    case Verb::stop:
    case Verb::restart:
    case Verb::suspend:
    case Verb::reboot:
    case Verb::power_off:
    case Verb::apply:
    case Verb::upgrade:
    case Verb::decommission: return true;
    default: return false;
  }
}

bool has_generation(Verb verb) { return verb <= Verb::resume; }

bool expires(Verb verb) {
  switch (verb) {
    case Verb::restart:
    case Verb::reboot:
    case Verb::power_off:
    case Verb::apply:
    case Verb::pull:
    case Verb::upgrade: return true;
    default: return false;
  }
}

std::string to_string(const Target& target) {
  switch (target.kind) {
    case Target::Kind::node: return "node";
    case Target::Kind::workload: return "workload:" + target.name;
    case Target::Kind::image: return "image:" + target.name;
    case Target::Kind::command: return "command:" + target.name;
  }
  assert(false);
  return {};
}

std::optional<Target> parse_target(std::string_view text) {
  if (text == "node") return Target{};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view prefix = text.substr(0, colon);
  const std::string_view name = text.substr(colon + 1);
  if (prefix == "workload" && is_workload_name(name)) return Target{Target::Kind::workload, std::string(name)};
  if (prefix == "image" && is_image_reference(name)) return Target{Target::Kind::image, std::string(name)};
  if (prefix == "command" && is_command_id(name)) return Target{Target::Kind::command, std::string(name)};
  return std::nullopt;
}

bool same_content(const Command& a, const Command& b) {
  auto content = [](const Command& c) {
    return std::tie(c.id, c.verb, c.target, c.generation, c.expires_in_s, c.args, c.force, c.reason);
  };
  return content(a) == content(b);
}

}  // namespace aura::protocol
