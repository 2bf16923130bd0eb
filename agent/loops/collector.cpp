#include "agent/loops/collector.hpp"

#include "common/log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace rec = reconcile::record;

namespace {

const protocol::Command* open_collect(const reconcile::State& state) {
  for (const std::string& id : state.order) {
    const auto& open = state.open.at(id);
    if (open.command.verb == protocol::Verb::collect && open.begun) return &open.command;
  }
  return nullptr;
}

}  // namespace

Collector::Collector(Parts parts, reconcile::CollectPolicy policy) : parts_(std::move(parts)), policy_(policy) {}

void Collector::ledger_changed() {
  if (open_collect(parts_.ledger.state()) != nullptr) wakeup_.notify();
}

asio::awaitable<void> Collector::run() {
  for (;;) {
    co_await pass();
    co_await wakeup_.wait(parts_.clock, parts_.clock.now().boot_ms + look_every_ms);
  }
}

void Collector::note_uses() {
  for (auto& use : reconcile::image_uses(parts_.ledger.state(), parts_.clock.now()))
    static_cast<void>(record(parts_, std::move(use.body)));
}

asio::awaitable<int> Collector::fullness() {
  const auto disk = co_await parts_.engine.disk();
  if (!disk || disk->total_bytes == 0) co_return 0;
  const std::uint64_t used = disk->total_bytes - disk->available_bytes;
  co_return static_cast<int>(used * 100 / disk->total_bytes);
}

asio::awaitable<std::vector<std::string>> Collector::remove(std::vector<reconcile::Collectable> wanted) {
  std::vector<std::string> removed;
  for (const auto& one : wanted) {
    if (one.for_room) {
      const int full = co_await fullness();
      if (full <= policy_.disk_percent) continue;
    }
    // Meanwhile somebody may have declared it.
    if (reconcile::is_image_needed(parts_.ledger.state(), one.image)) continue;
    const auto gone = co_await parts_.engine.remove_image(one.image);
    if (!gone) {
      log::info("image " + one.image + " is not collected: " + gone.error().message);
      continue;
    }
    static_cast<void>(record(parts_, rec::ImageGone{one.image, one.why + "."}));
    removed.push_back(one.image);
  }
  co_return removed;
}

asio::awaitable<void> Collector::pass() {
  note_uses();
  const protocol::Command* asked = open_collect(parts_.ledger.state());
  const std::string id = asked != nullptr ? asked->id : std::string();
  const bool dry_run = asked != nullptr && asked->args.dry_run;
  std::vector<std::string> images;
  if (!parts_.ledger.state().images.empty()) {
    const int full = co_await fullness();
    auto wanted = reconcile::collectable(parts_.ledger.state(), policy_, full, parts_.clock.now());
    if (dry_run) {
      for (const auto& one : wanted) images.push_back(one.image + " (" + one.why + ")");
    } else {
      auto removing = remove(std::move(wanted));
      images = co_await std::move(removing);
    }
  }
  if (!id.empty()) settle(id, images, dry_run);
}

void Collector::settle(const std::string& id, const std::vector<std::string>& images, bool dry_run) {
  const auto& open = parts_.ledger.state().open;
  const auto known = open.find(id);
  if (known == open.end()) return;
  protocol::Outcome outcome;
  outcome.command_id = id;
  outcome.verb = known->second.command.verb;
  outcome.target = known->second.command.target;
  outcome.actor = known->second.command.actor;
  outcome.started_at = known->second.wall_accepted_at;
  outcome.finished_at = parts_.clock.now().wall_ms;
  const char* what = dry_run ? "would be removed" : "were removed";
  outcome.detail = images.empty() ? fmt::format("No images {}.", what)
                                  : fmt::format("{} images {}: {}.", images.size(), what, fmt::join(images, ", "));
  static_cast<void>(record(parts_, rec::Settled{id, std::move(outcome)}));
}

}  // namespace aura::loops
