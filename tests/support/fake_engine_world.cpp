// The world's side of FakeContainerEngine: time, what others do, faults, questions of a test.
#include "tests/support/fake_container_engine.hpp"

#include "common/digest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::testing {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t engine_epoch_ms = 1'800'000'000'000;
constexpr std::size_t remembered_events = 256;  // as many as Docker's

}  // namespace

std::int64_t FakeContainerEngine::stamp() {
  last_stamp_ns_ = std::max(last_stamp_ns_ + 1, (engine_epoch_ms + now_ms_) * ns_per_ms);
  return last_stamp_ns_;
}

std::string FakeContainerEngine::timestamp(std::int64_t time_ns) {
  std::string text = to_rfc3339(time_ns / ns_per_s * 1000);
  text.pop_back();
  return fmt::format("{}.{:09}Z", text, time_ns % ns_per_s);
}

bool FakeContainerEngine::is_running(const Item& item) {
  return item.seen.phase == reconcile::Phase::running || item.seen.phase == reconcile::Phase::paused;
}

FakeContainerEngine::Item* FakeContainerEngine::item(const std::string& id) {
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : &found->second;
}

std::string FakeContainerEngine::subject_of(const std::string& id) const {
  const auto found = items_.find(id);
  if (found == items_.end()) return id;
  const auto& labels = found->second.request.labels;
  return labels.workload.empty() ? found->second.seen.name : labels.workload;
}

void FakeContainerEngine::emit(const std::string& action, const std::string& id, int exit_code, int signal) {
  ring_.push_back({action, id, stamp(), exit_code, signal});
  ++ring_end_;
  if (ring_.size() > remembered_events) ring_.pop_front();
  changed();
}

void FakeContainerEngine::begin(Item& item) {
  const std::int64_t time_ns = stamp();
  auto scripted = scripts_.find(item.request.labels.workload);
  if (scripted == scripts_.end()) scripted = scripts_.find(item.seen.name);
  if (scripted != scripts_.end()) item.script = scripted->second;
  item.seen.phase = reconcile::Phase::running;
  item.seen.started_at = timestamp(time_ns);
  item.seen.exit_code = 0;
  item.seen.oom_killed = false;
  item.seen.error.clear();
  item.started.emplace_back(item.seen.started_at, time_ns);
  ++item.starts;
  ++starts_of_[item.request.labels.workload];
  item.killed_at.reset();
  item.exits_at.reset();
  if (item.script.runs_ms) {
    item.exits_at = now_ms_ + *item.script.runs_ms;
    item.exits_with = item.script.exit_code;
  }
  for (const std::string& line : item.script.output) item.log.emplace_back(stamp(), line);
  emit("start", item.seen.id);
}

void FakeContainerEngine::end(Item& item, int exit_code) {
  item.seen.phase = reconcile::Phase::exited;
  item.seen.exit_code = exit_code;
  item.seen.finished_at = timestamp(stamp());
  item.exits_at.reset();
  item.killed_at.reset();
  emit("die", item.seen.id, exit_code);
}

void FakeContainerEngine::ask_to_stop(Item& item) {
  item.seen.phase = reconcile::Phase::running;  // a stop signal thaws
  emit("kill", item.seen.id, 0, 15);
  if (!item.script.obeys_stop) return;
  if (item.script.stops_in_ms == 0) {
    end(item, item.script.stop_exit_code);
    return;
  }
  const BootMs due = now_ms_ + item.script.stops_in_ms;
  if (item.exits_at && *item.exits_at <= due) return;
  item.exits_at = due;
  item.exits_with = item.script.stop_exit_code;
}

std::optional<BootMs> FakeContainerEngine::next_due() const {
  std::optional<BootMs> due;
  const auto consider = [&](std::optional<BootMs> other) {
    if (other) due = std::min(due.value_or(*other), *other);
  };
  for (const auto& [id, one] : items_) {
    consider(one.exits_at);
    consider(one.killed_at);
  }
  if (!deadlines_.empty()) consider(*deadlines_.begin());
  return due;
}

void FakeContainerEngine::advance_to(BootMs now) {
  for (;;) {
    Item* first = nullptr;
    BootMs first_due = now;
    bool by_kill = false;
    for (const std::string& id : order_) {
      Item& one = items_.at(id);
      if (one.exits_at && *one.exits_at <= first_due && (first == nullptr || *one.exits_at < first_due)) {
        first = &one, first_due = *one.exits_at, by_kill = false;
      }
      if (one.killed_at && *one.killed_at <= first_due && (first == nullptr || *one.killed_at < first_due)) {
        first = &one, first_due = *one.killed_at, by_kill = true;
      }
    }
    if (first == nullptr) break;
    now_ms_ = std::max(now_ms_, first_due);
    if (by_kill) emit("kill", first->seen.id, 0, 9);
    end(*first, by_kill ? 137 : first->exits_with);
  }
  now_ms_ = now;
  // Whoever waits for a moment that has come takes its own entry out.
  if (!deadlines_.empty() && *deadlines_.begin() <= now_ms_) {
    deadlines_.erase(deadlines_.begin(), deadlines_.upper_bound(now_ms_));
    changed();
  }
}

void FakeContainerEngine::set_health(const std::string& id, const std::string& word) {
  items_.at(id).seen.health = word;
  emit("health_status", id);
}

void FakeContainerEngine::add_image(const std::string& reference, const std::string& digest) {
  images_[reference] = {"sha256:" + sha256_hex("image " + reference), digest};
}

std::string FakeContainerEngine::add_foreign(const std::string& name, const std::string& image,
                                             reconcile::Labels labels, std::vector<std::string> writable_mounts) {
  const std::string id = sha256_hex(fmt::format("container {}", ++made_));
  Item& made = items_[id];
  order_.push_back(id);
  made.request.name = name;
  made.request.labels = labels;
  made.request.spec.image = image;
  made.seen.id = id;
  made.seen.name = name;
  made.seen.image = image;
  made.seen.labels = std::move(labels);
  made.seen.health = "none";
  made.seen.resources.emplace();
  made.seen.writable_mounts = std::move(writable_mounts);
  emit("create", id);
  begin(made);
  return id;
}

void FakeContainerEngine::crash(const std::string& id, int exit_code) {
  if (Item* one = item(id); one != nullptr && is_running(*one)) end(*one, exit_code);
}

void FakeContainerEngine::oom(const std::string& id) {
  Item* one = item(id);
  if (one == nullptr || !is_running(*one)) return;
  one->seen.oom_killed = true;
  emit("oom", id);
  end(*one, 137);
}

void FakeContainerEngine::child_oom(const std::string& id) {
  Item* one = item(id);
  if (one == nullptr || !is_running(*one)) return;
  one->seen.oom_killed = true;
  emit("oom", id);
}

void FakeContainerEngine::human_stop(const std::string& id) {
  Item* one = item(id);
  if (one == nullptr || !is_running(*one)) return;
  emit("kill", id, 0, 15);
  end(*one, one->script.stop_exit_code);
  emit("stop", id);
}

void FakeContainerEngine::human_kill(const std::string& id) {
  Item* one = item(id);
  if (one == nullptr || !is_running(*one)) return;
  emit("kill", id, 0, 9);
  end(*one, 137);
}

void FakeContainerEngine::forget(const std::string& id) {
  items_.erase(id);
  std::erase(order_, id);
  changed();
}

void FakeContainerEngine::print(const std::string& id, const std::string& line) {
  if (Item* one = item(id)) one->log.emplace_back(stamp(), line);
  changed();
}

void FakeContainerEngine::fail_next(const std::string& verb, int calls, Error error) {
  failures_.push_back({verb, calls, std::move(error)});
}

void FakeContainerEngine::lose_reply_next(const std::string& verb, int calls) {
  lost_replies_.push_back({verb, calls, {}});
}

void FakeContainerEngine::release() {
  hung_.reset();
  changed();
}

void FakeContainerEngine::caller_died(bool forgets) {
  changed_.forget();
  deadlines_.clear();
  if (!forgets) return;
  for (auto& [id, one] : items_) one.killed_at.reset();
}

void FakeContainerEngine::down(bool containers_end) {
  if (containers_end) {
    for (const std::string& id : order_) {
      Item& one = items_.at(id);
      if (is_running(one)) end(one, one.script.obeys_stop ? one.script.stop_exit_code : 137);
    }
  }
  ring_.clear();
  ++outage_;
  down_ = true;
  changed();
}

void FakeContainerEngine::up() {
  down_ = false;
  changed();
}

int FakeContainerEngine::starts(const std::string& id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? 0 : found->second.starts;
}

bool FakeContainerEngine::was_stopped(const std::string& id) const {
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.stopped_run != found->second.starts) return false;
  return std::any_of(ring_.begin(), ring_.end(), [&](const ports::EngineEvent& event) {
    return event.action == "kill" && event.container_id == id;
  });
}

int FakeContainerEngine::starts_of(const std::string& workload) const {
  const auto found = starts_of_.find(workload);
  return found == starts_of_.end() ? 0 : found->second;
}

std::vector<std::string> FakeContainerEngine::ids_of(const std::string& workload) const {
  std::vector<std::string> ids;
  for (const std::string& id : order_) {
    if (items_.at(id).request.labels.workload == workload) ids.push_back(id);
  }
  return ids;
}

const reconcile::Container* FakeContainerEngine::find(const std::string& id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : &found->second.seen;
}

const ports::CreateRequest* FakeContainerEngine::request_of(const std::string& id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : &found->second.request;
}

}  // namespace aura::testing
