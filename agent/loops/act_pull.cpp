// Pulling an image: beside the workloads, never in their way.
#include "agent/loops/act.hpp"

#include "agent/reconcile/backoff.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace action = reconcile::action;
namespace rec = reconcile::record;

namespace {

constexpr const char* pull_code = "image_unavailable";

}  // namespace

Actor::Task Actor::pull(action::Pull wanted) {
  const std::string image = wanted.image;
  std::function<void(const protocol::PullProgress&)> progress = [this, image](const protocol::PullProgress& moved) {
    const auto entry = in_flight_.pulls.find(image);
    if (entry == in_flight_.pulls.end()) return;
    entry->second = moved;
    entry->second.image = image;
  };
  const auto pulled = co_await parts_.engine.pull(image, std::move(progress));
  // Whatever the registry said: what counts is whether the image is here.
  const auto info = co_await parts_.engine.image(image);
  if (!info) {
    pull_failed(image, pulled ? with_context(info.error(), "pulled, but it cannot be looked at") : pulled.error());
    co_return;
  }
  static_cast<void>(record(parts_, rec::ImagePresent{image, info->digest.empty() ? info->id : info->digest}));
}

void Actor::pull_failed(const std::string& image, const Error& error) {
  std::uint32_t attempts = 1;
  for (const auto& [name, workload] : parts_.ledger.state().workloads) {
    const bool ours = workload.trouble && workload.declared.spec.image == image;
    if (ours && workload.trouble->code == pull_code) attempts = std::max(attempts, workload.trouble->attempts + 1);
  }
  rec::PullFailed failed;
  failed.image = image;
  failed.code = pull_code;
  failed.detail = secrets_.masked(error.message);
  failed.retry_in_ms = reconcile::trouble_delay_ms(attempts, parts_.clock.now().entropy);
  static_cast<void>(record(parts_, std::move(failed)));
}

}  // namespace aura::loops
