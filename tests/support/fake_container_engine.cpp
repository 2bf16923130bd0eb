#include "tests/support/fake_container_engine.hpp"

#include "common/digest.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace aura::testing {
namespace asio = boost::asio;
using reconcile::Phase;
namespace {

Error lost(const std::string& verb) { return {Errc::unavailable, "the fake engine's reply to " + verb + " was lost"}; }
Error is_down() { return {Errc::unavailable, "the fake engine is down"}; }
Error not_found(const std::string& id) { return {Errc::not_found, "No such container: " + id, 404}; }
Error conflict(std::string message) { return {Errc::conflict, std::move(message), 409}; }

}  // namespace

// What every call does first: a turn of the loop, then the faults that are on order.
ports::Async<void> FakeContainerEngine::enter(std::string verb, std::string subject, std::int64_t deadline_ms) {
  calls_.push_back(subject.empty() ? verb : verb + " " + subject);
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  if (delay_) co_await on_the_way(verb);
  const BootMs deadline = now_ms_ + deadline_ms;
  const bool waits = hung_ && (hung_->empty() || *hung_ == verb);
  if (waits) deadlines_.insert(deadline);
  while (!down_ && hung_ && (hung_->empty() || *hung_ == verb)) {
    if (now_ms_ >= deadline) co_return Error{Errc::timeout, "the fake engine hangs"};
    co_await wait_for_change();
  }
  if (waits) {
    if (const auto mine = deadlines_.find(deadline); mine != deadlines_.end()) deadlines_.erase(mine);
  }
  if (down_) co_return is_down();
  for (Fault& fault : failures_) {
    if (fault.calls > 0 && (fault.verb.empty() || fault.verb == verb)) {
      --fault.calls;
      co_return fault.error;
    }
  }
  co_return Result<void>();
}

bool FakeContainerEngine::reply_lost(const std::string& verb) {
  for (Fault& fault : lost_replies_) {
    if (fault.calls > 0 && (fault.verb.empty() || fault.verb == verb)) {
      --fault.calls;
      return true;
    }
  }
  return false;
}

asio::awaitable<void> FakeContainerEngine::on_the_way(const std::string& verb) {
  const BootMs arrives = now_ms_ + delay_(verb);
  if (arrives > now_ms_) deadlines_.insert(arrives);
  while (now_ms_ < arrives) co_await wait_for_change();
}

ports::Async<void> FakeContainerEngine::leave(std::string verb) {
  if (delay_) co_await on_the_way(verb);
  if (reply_lost(verb)) co_return lost(verb);
  co_return Result<void>();
}

ports::Async<FakeContainerEngine::Item*> FakeContainerEngine::take(std::string verb, std::string id) {
  const auto entered = co_await enter(verb, subject_of(id));
  if (!entered) co_return entered.error();
  Item* found = item(id);
  if (found == nullptr) co_return not_found(id);
  co_return found;
}

ports::Async<ports::EngineVersion> FakeContainerEngine::ping() {
  const auto entered = co_await enter("ping", "");
  if (!entered) co_return entered.error();
  co_return ports::EngineVersion{"0.0-fake", "1.41"};
}

ports::Async<ports::EngineConfig> FakeContainerEngine::config() {
  const auto entered = co_await enter("config", "");
  if (!entered) co_return entered.error();
  co_return ports::EngineConfig{.live_restore = live_restore};
}

ports::Async<std::vector<ports::ListedContainer>> FakeContainerEngine::list() {
  const auto entered = co_await enter("list", "");
  if (!entered) co_return entered.error();
  std::vector<ports::ListedContainer> listed;
  for (const std::string& id : order_) {
    const reconcile::Container& seen = items_.at(id).seen;
    listed.push_back({seen.id, seen.name, seen.image, seen.labels, seen.phase, seen.writable_mounts});
  }
  const auto left = co_await leave("list");
  if (!left) co_return left.error();
  co_return listed;
}

ports::Async<reconcile::Container> FakeContainerEngine::inspect(const std::string& id) {
  const auto found = co_await take("inspect", id);
  if (!found) co_return found.error();
  const reconcile::Container seen = (*found)->seen;
  const auto left = co_await leave("inspect");
  if (!left) co_return left.error();
  co_return seen;
}

ports::Async<std::string> FakeContainerEngine::create(const ports::CreateRequest& given) {
  const ports::CreateRequest request = given;
  const auto entered = co_await enter("create", request.labels.workload);
  if (!entered) co_return entered.error();
  for (const auto& [id, one] : items_) {
    if (one.seen.name == request.name) co_return conflict("The container name is already in use by " + id);
  }
  const auto image = images_.find(request.spec.image);
  if (image == images_.end()) co_return Error{Errc::not_found, "No such image: " + request.spec.image, 404};
  const std::string id = sha256_hex(fmt::format("container {}", ++made_));
  Item& made = items_[id];
  order_.push_back(id);
  made.request = request;
  made.seen.id = id;
  made.seen.name = request.name;
  made.seen.image = request.spec.image;
  made.seen.image_id = image->second.id;
  made.seen.labels = request.labels;
  made.seen.phase = Phase::created;
  made.seen.started_at = made.seen.finished_at = "0001-01-01T00:00:00Z";
  made.seen.health = "none";
  made.seen.resources = request.spec.resources;
  for (const auto& mount : request.spec.mounts) {
    if (!mount.read_only) made.seen.writable_mounts.push_back(mount.source);
  }
  emit("create", id);
  const auto left = co_await leave("create");
  if (!left) co_return left.error();
  co_return id;
}

ports::Async<void> FakeContainerEngine::start(const std::string& id) {
  const auto found = co_await take("start", id);
  if (!found) co_return found.error();
  Item& one = **found;
  if (one.seen.phase == Phase::paused) co_return conflict("cannot start a paused container, try unpause instead");
  if (!is_running(one)) {
    if (!one.request.network.empty() && !networks_.contains(one.request.network)) {
      co_return Error{Errc::internal, "network " + one.request.network + " not found", 404};
    }
    const auto scripted = scripts_.find(one.request.labels.workload);
    if (scripted != scripts_.end() && !scripted->second.start_error.empty()) {
      co_return Error{Errc::internal, scripted->second.start_error, 500};
    }
    begin(one);
  }
  co_return co_await leave("start");
}

ports::Async<void> FakeContainerEngine::stop(const std::string& given, int grace_s) {
  const std::string id = given;
  const auto found = co_await take("stop", id);
  if (!found) co_return found.error();
  Item* one = *found;
  if (is_running(*one)) {
    const int run = one->stopped_run = one->starts;
    const std::uint64_t outage = outage_;
    const BootMs killed_at = now_ms_ + std::max(grace_s, 0) * 1000LL;
    one->killed_at = std::min(one->killed_at.value_or(killed_at), killed_at);
    ask_to_stop(*one);
    for (one = item(id); one != nullptr && is_running(*one) && one->starts == run; one = item(id)) {
      if (outage != outage_) co_return is_down();
      co_await wait_for_change();
    }
    if (one == nullptr) co_return not_found(id);
    if (outage != outage_) co_return is_down();
    emit("stop", id);
  }
  co_return co_await leave("stop");
}

ports::Async<void> FakeContainerEngine::kill(const std::string& id, const std::string& given) {
  const std::string signal = given;
  const auto found = co_await take("kill", id);
  if (!found) co_return found.error();
  Item& one = **found;
  if (!is_running(one)) co_return conflict("Container " + one.seen.id + " is not running");
  if (signal == "SIGKILL" || signal == "KILL" || signal == "9") {
    emit("kill", one.seen.id, 0, 9);
    end(one, 137);
  } else if (signal == one.request.spec.stop.signal) {
    ask_to_stop(one);
  } else {
    emit("kill", one.seen.id);
  }
  co_return co_await leave("kill");
}

ports::Async<void> FakeContainerEngine::remove(const std::string& given) {
  const std::string id = given;
  const auto found = co_await take("remove", id);
  if (!found && found.error().code == Errc::not_found) co_return Result<void>();
  if (!found) co_return found.error();
  if (is_running(**found)) co_return conflict("You cannot remove a running container");
  items_.erase(id);
  std::erase(order_, id);
  emit("destroy", id);
  co_return co_await leave("remove");
}

ports::Async<void> FakeContainerEngine::pause(const std::string& id) {
  const auto found = co_await take("pause", id);
  if (!found) co_return found.error();
  Item& one = **found;
  if (!is_running(one)) co_return conflict("Container " + one.seen.id + " is not running");
  if (one.seen.phase == Phase::running) {
    one.seen.phase = Phase::paused;
    emit("pause", one.seen.id);
  }
  co_return co_await leave("pause");
}

ports::Async<void> FakeContainerEngine::unpause(const std::string& id) {
  const auto found = co_await take("unpause", id);
  if (!found) co_return found.error();
  Item& one = **found;
  if (one.seen.phase == Phase::paused) {
    one.seen.phase = Phase::running;
    emit("unpause", one.seen.id);
  }
  co_return co_await leave("unpause");
}

ports::Async<void> FakeContainerEngine::update(const std::string& id, const reconcile::Resources& given) {
  const reconcile::Resources wanted = given;
  const auto found = co_await take("update", id);
  if (!found) co_return found.error();
  reconcile::Resources& now = *(*found)->seen.resources;
  if (wanted.cpus == 0 && now.cpus > 0) co_return conflict("the CPU limit of an existing container cannot be lifted");
  const int oom_score_adj = now.oom_score_adj;
  now = wanted;
  now.oom_score_adj = oom_score_adj;  // not among what Docker updates
  co_return co_await leave("update");
}

ports::Async<void> FakeContainerEngine::ensure_network(const ports::Network& network) {
  const std::string name = network.name;
  const auto entered = co_await enter("ensure_network", name);
  if (!entered) co_return entered.error();
  networks_.insert(name);
  co_return co_await leave("ensure_network");
}

ports::Async<void> FakeContainerEngine::connect(const std::string& given, const std::string& network) {
  const std::string id = given, name = network;
  const auto found = co_await take("connect", id);
  if (!found) co_return found.error();
  if (!networks_.contains(name)) co_return Error{Errc::not_found, "network " + name + " not found"};
  calls_.push_back("connected " + name);
  co_return co_await leave("connect");
}

}  // namespace aura::testing
