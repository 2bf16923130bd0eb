#include "agent/reconcile/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace aura::reconcile {

namespace {

constexpr std::string_view dropped_kind = "events_dropped";

constexpr std::string_view started_kind = "agent_started";
constexpr std::uint64_t max_event_seq = std::uint64_t{1} << 53;
constexpr std::size_t max_event_text_bytes = 4096;

std::uint64_t number_in(const protocol::Event& event, const char* key) {
  const auto it = event.data.find(key);
  return it == event.data.end() ? 0 : std::stoull(it->second);
}

struct Share {
  std::size_t events = 0, bytes = 0;
};

struct Load {
  Share all;
  std::map<std::string, Share> of;  // by workload; "" : of the node
};

bool is_fold(const State& state, const protocol::Event& event) {
  return event.kind == dropped_kind && event.seq > state.confirmed_event_seq;
}

// Of what waits for confirmation; the fold belongs to nobody.
Load weigh(const State& state) {
  Load load;
  for (const protocol::Event& event : state.events) {
    const std::size_t bytes = event_bytes(event);
    ++load.all.events;
    load.all.bytes += bytes;
    if (event.seq <= state.confirmed_event_seq || is_fold(state, event)) continue;
    Share& share = load.of[event.workload];
    ++share.events;
    share.bytes += bytes;
  }
  return load;
}

// The one that takes most of what is scarce.
std::map<std::string, Share>::iterator greediest(Load& load) {
  const bool by_bytes = load.all.bytes > max_outbox_bytes * 15 / 16;
  const auto weight = [&](const auto& entry) { return by_bytes ? entry.second.bytes : entry.second.events; };
  return std::max_element(load.of.begin(), load.of.end(),
                          [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
}

// `oldest` gives way to the fold, which stands where the first dropped event stood.
void drop(State& state, const std::deque<protocol::Event>::iterator& oldest) {
  protocol::Event fold;
  fold.seq = oldest->seq;
  fold.time = oldest->time;
  fold.boot_id = oldest->boot_id;
  fold.boot_ms = oldest->boot_ms;
  std::uint64_t count = 1, to = oldest->seq;
  const auto before = std::find_if(state.events.begin(), state.events.end(),
                                   [&](const protocol::Event& event) { return is_fold(state, event); });
  auto place = oldest, gone = before;
  if (before != state.events.end()) {
    count += number_in(*before, "count");
    to = std::max(to, number_in(*before, "to"));
    if (before->seq < fold.seq) {
      fold = *before;
      std::swap(place, gone);
    }
  }
  fold.kind = dropped_kind;
  fold.severity = protocol::Severity::warning;
  fold.data["count"] = std::to_string(count);
  fold.data["to"] = std::to_string(to);
  fold.text =
      fmt::format("{} events up to number {} were dropped: the outbox was full and nobody confirmed them.", count, to);
  *place = std::move(fold);
  if (before != state.events.end()) state.events.erase(gone);
  ++state.events_dropped;
}

void forget_oldest(State& state) {
  state.outbox_bytes -= std::min(state.outbox_bytes, event_bytes(state.events.front()));
  state.events.pop_front();
}

// So much of the bound is filled again before the next event must give way: weighing is not for every event.
bool fits(const Share& share, std::size_t sixteenths) {
  return share.events <= max_outbox_events * sixteenths / 16 && share.bytes <= max_outbox_bytes * sixteenths / 16;
}

void trim(State& state) {
  const auto is_history = [&] { return state.events.front().seq <= state.confirmed_event_seq; };
  while (state.events.size() > history_events && is_history()) forget_oldest(state);
  if (fits({state.events.size(), state.outbox_bytes}, 16)) return;
  Load load = weigh(state);
  const auto lighten = [](Share& share, std::size_t bytes) {
    --share.events;
    share.bytes -= bytes;
  };
  while (!fits(load.all, 15) && (is_history() || !load.of.empty())) {
    if (is_history()) {
      lighten(load.all, event_bytes(state.events.front()));
      forget_oldest(state);
      continue;
    }
    const auto whose = greediest(load);
    const auto oldest = std::find_if(state.events.begin(), state.events.end(), [&](const protocol::Event& event) {
      return event.seq > state.confirmed_event_seq && event.workload == whose->first && !is_fold(state, event);
    });
    const std::size_t bytes = event_bytes(*oldest);
    lighten(load.all, bytes);
    lighten(whose->second, bytes);
    if (whose->second.events == 0) load.of.erase(whose);
    drop(state, oldest);
  }
  state.outbox_bytes = weigh(state).all.bytes;
}

// A ledger that went back in time (an older copy of it, or events that a full disk never took): the control plane
// has numbers from the life that is forgotten. What happened since this start gets numbers above them; what is older
// was told by that life.
void number_on_from(State& state, std::uint64_t seq) {
  auto first = state.events.end();
  while (first != state.events.begin()) {
    --first;
    if (first->kind == started_kind) break;
  }
  const std::uint64_t before = first == state.events.end() ? state.last_event_seq : first->seq - 1;
  const std::uint64_t by = seq - before;
  for (; first != state.events.end(); ++first) {
    if (is_fold(state, *first)) first->data["to"] = std::to_string(number_in(*first, "to") + by);
    first->seq += by;
  }
  state.last_event_seq += by;
}

constexpr std::array<std::pair<int, std::string_view>, 16> signals{{{1, "SIGHUP"},
                                                                    {2, "SIGINT"},
                                                                    {3, "SIGQUIT"},
                                                                    {4, "SIGILL"},
                                                                    {5, "SIGTRAP"},
                                                                    {6, "SIGABRT"},
                                                                    {7, "SIGBUS"},
                                                                    {8, "SIGFPE"},
                                                                    {9, "SIGKILL"},
                                                                    {10, "SIGUSR1"},
                                                                    {11, "SIGSEGV"},
                                                                    {12, "SIGUSR2"},
                                                                    {13, "SIGPIPE"},
                                                                    {14, "SIGALRM"},
                                                                    {15, "SIGTERM"},
                                                                    {31, "SIGSYS"}}};

}  // namespace

void shorten(std::string& text, std::size_t max_bytes) {
  constexpr std::string_view more = "…";
  if (text.size() <= max_bytes) return;
  std::size_t end = max_bytes - more.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += more;
}

std::size_t event_bytes(const protocol::Event& event) {
  std::size_t bytes = 400 + 2 * event.text.size();
  for (const auto& [key, value] : event.data) bytes += key.size() + 2 * value.size() + 8;
  for (const auto& line : event.log_tail) bytes += 2 * line.size() + 4;
  return bytes;
}

void emit(State& state, const Record& record, protocol::Event event) {
  event.seq = ++state.last_event_seq;
  event.time = record.wall_ms;
  event.boot_id = record.boot_id;
  event.boot_ms = record.boot_ms;
  shorten(event.text, max_event_text_bytes);
  state.outbox_bytes += event_bytes(event);
  state.events.push_back(std::move(event));
  if (!state.reports) state.confirmed_event_seq = state.last_event_seq;
  trim(state);
}

void confirm_events(State& state, std::uint64_t seq) {
  if (seq > state.last_event_seq && seq < max_event_seq) number_on_from(state, seq);
  if (seq > state.confirmed_event_seq && seq <= state.last_event_seq) state.confirmed_event_seq = seq;
  trim(state);
}

std::string exit_signal(int exit_code) {
  for (const auto& [number, name] : signals) {
    if (exit_code == 128 + number) return std::string(name);
  }
  return {};
}

std::string exit_meaning(int exit_code, bool oom) {
  // Docker's own codes: `docker run` reference, "Exit status"; 128+n: POSIX shells and the kernel's wait status.
  switch (exit_code) {
    case 0: return "ended by itself with exit code 0";
    case 125: return "could not be run by Docker (exit code 125)";
    case 126: return "its command could not be executed (exit code 126)";
    case 127: return "its command was not found in the image (exit code 127)";
    default: break;
  }
  if (exit_code == 137 && oom) return "killed by the kernel for want of memory (exit code 137)";
  const std::string signal = exit_signal(exit_code);
  if (!signal.empty()) return fmt::format("killed by {} (exit code {})", signal, exit_code);
  return fmt::format("ended by itself with exit code {}", exit_code);
}

}  // namespace aura::reconcile
