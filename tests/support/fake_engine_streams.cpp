// FakeContainerEngine's longer calls: images, events, logs.
#include "tests/support/fake_container_engine.hpp"

#include "common/digest.hpp"

#include <algorithm>

namespace aura::testing {
namespace asio = boost::asio;

ports::Async<ports::ImageInfo> FakeContainerEngine::image(const std::string& given) {
  const std::string reference = given;
  const auto entered = co_await enter("image", reference);
  if (!entered) co_return entered.error();
  const auto found = images_.find(reference);
  if (found == images_.end()) co_return Error{Errc::not_found, "No such image: " + reference, 404};
  co_return found->second;
}

ports::Async<void> FakeContainerEngine::remove_image(const std::string& given) {
  const std::string reference = given;
  const auto entered = co_await enter("remove_image", reference);
  if (!entered) co_return entered.error();
  for (const auto& [id, made] : items_) {
    if (made.seen.image == reference) co_return Error{Errc::conflict, "a container is made of " + reference, 409};
  }
  images_.erase(reference);
  co_return co_await leave("remove_image");
}

ports::Async<ports::DiskSpace> FakeContainerEngine::disk() { co_return disk_; }

ports::Async<void> FakeContainerEngine::pull(const ports::PullRequest& request,
                                             std::function<void(const protocol::PullProgress&)> progress) {
  const std::string reference = request.reference;
  login_ = request.login;
  const auto entered = co_await enter("pull", reference, pull_idle_ms);
  if (!entered) co_return entered.error();
  const auto found = pullable_.find(reference);
  if (found == pullable_.end()) co_return Error{Errc::not_found, "manifest for " + reference + " not found"};
  const FakePull scripted = found->second;
  const std::uint64_t outage = outage_;
  const BootMs due = now_ms_ + scripted.takes_ms;
  protocol::PullProgress told{reference, 0, scripted.bytes, 0, scripted.layers};
  progress(told);
  deadlines_.insert(due);
  while (now_ms_ < due) {
    if (outage != outage_) co_return Error{Errc::unavailable, "the fake engine is down"};
    co_await wait_for_change();
  }
  if (scripted.error) co_return *scripted.error;
  told.bytes = told.total_bytes;
  told.layers_done = told.layers;
  progress(told);
  add_image(reference, scripted.digest);
  co_return co_await leave("pull");
}

ports::Async<void> FakeContainerEngine::events(std::int64_t since_ns, std::function<void()> connected,
                                               std::function<void(const ports::EngineEvent&)> on_event) {
  const auto entered = co_await enter("events", "");
  if (!entered) co_return entered.error();
  const std::uint64_t outage = outage_;
  std::uint64_t next = since_ns > 0 ? ring_end_ - ring_.size() : ring_end_;
  connected();
  while (outage == outage_) {
    next = std::max<std::uint64_t>(next, ring_end_ - ring_.size());
    if (next == ring_end_) {
      co_await wait_for_change();
      continue;
    }
    const ports::EngineEvent event = ring_[next - (ring_end_ - ring_.size())];
    ++next;
    if (event.time_ns >= since_ns) on_event(event);
  }
  co_return Error{Errc::unavailable, "the fake engine's stream of events broke"};
}

ports::Async<ports::KillSeen> FakeContainerEngine::kill_seen(const reconcile::Instance& given) {
  const reconcile::Instance instance = given;
  const auto entered = co_await enter("kill_seen", subject_of(instance.container_id));
  if (!entered) co_return entered.error();
  const Item* found = item(instance.container_id);
  ports::KillSeen seen;
  if (found == nullptr) co_return seen;
  for (const auto& [started_at, started_ns] : found->started) {
    if (started_at != instance.started_at) continue;
    for (const ports::EngineEvent& event : ring_) {
      if (event.container_id == instance.container_id && event.time_ns > started_ns) seen.take(event);
    }
  }
  co_return seen;
}

ports::Async<void> FakeContainerEngine::logs(const std::string& given, LogRequest request,
                                             std::function<bool(std::string_view)> sink) {
  const std::string id = given;
  const auto found = co_await take("logs", id);
  if (!found) co_return found.error();
  const std::uint64_t outage = outage_;
  const std::size_t have = (*found)->log.size();
  const std::size_t asked = request.tail < 0 ? have : static_cast<std::size_t>(request.tail);
  const std::size_t tail = std::min(have, asked);
  std::size_t next = have - tail;
  for (const Item* one = *found; one != nullptr; one = item(id)) {
    for (; next < one->log.size(); ++next) {
      const auto& [time_ns, line] = one->log[next];
      if (time_ns / 1'000'000'000 < request.since_s) continue;
      const std::string text = line + "\n";
      if (!sink(text)) co_return Result<void>();
    }
    if (!request.follow || !is_running(*one)) co_return Result<void>();
    if (outage != outage_) co_return Error{Errc::unavailable, "the fake engine's log stream broke"};
    co_await wait_for_change();
  }
  co_return Result<void>();
}

ports::Async<ports::ContainerEngine::ExecResult> FakeContainerEngine::exec(const std::string& id,
                                                                           const std::vector<std::string>&,
                                                                           std::int64_t timeout_ms) {
  const auto found = co_await take("exec", id);
  if (!found) co_return found.error();
  const Item& one = **found;
  if (one.seen.phase != reconcile::Phase::running) {
    co_return Error{Errc::conflict, "Container " + one.seen.id + " is not running", 409};
  }
  const FakeExec what = one.script.exec;
  ExecResult result;
  result.id = sha256_hex("exec " + std::to_string(++made_));
  const BootMs ends = now_ms_ + what.takes_ms;
  execs_[result.id] = {one.seen.id, ends};
  const BootMs until = std::min(ends, now_ms_ + timeout_ms);
  deadlines_.insert(until);
  while (now_ms_ < until && !down_) co_await wait_for_change();
  if (down_) co_return Error{Errc::unavailable, "the fake engine is down"};
  result.output = what.output.substr(0, max_exec_output_bytes);
  if (now_ms_ >= ends) result.exit_code = what.exit_code;
  const auto answered = co_await leave("exec");
  if (!answered) co_return answered.error();
  co_return result;
}

ports::Async<bool> FakeContainerEngine::exec_runs(const std::string& exec_id) {
  const std::string id = exec_id;
  const auto entered = co_await enter("exec_runs", "");
  if (!entered) co_return entered.error();
  const auto known = execs_.find(id);
  if (known == execs_.end()) co_return false;
  const Item* holder = item(known->second.first);
  co_return holder != nullptr&& is_running(*holder) && now_ms_ < known->second.second;
}

}  // namespace aura::testing
