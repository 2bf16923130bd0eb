#include "agent/loops/puller.hpp"

#include "agent/reconcile/backoff.hpp"
#include "common/async/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace action = reconcile::action;
namespace rec = reconcile::record;

namespace {

constexpr std::int64_t room_look_ms = 1'000;
constexpr std::int64_t tell_first_ms = 10'000;  // a pull that is soon over is told of by its end alone
constexpr std::int64_t tell_every_ms = 60'000;
constexpr double mib = 1024.0 * 1024.0;

}  // namespace

struct Puller::UnderWay {
  std::string image;
  std::unique_ptr<Breakable> stream = std::make_unique<Breakable>();
  Wakeup over_or_moved;
  bool over = false;
  bool unwanted = false;
  std::optional<Error> refused;
  Result<void> result;
  PullRate rate;
  BootMs tell_at = 0;
};

Puller::Puller(Parts parts, Secrets& secrets, std::map<std::string, protocol::PullProgress>& shown,
               std::int64_t reserve_bytes)
    : parts_(std::move(parts)), secrets_(secrets), shown_(shown), reserve_bytes_(reserve_bytes) {}

// A pull that waits is owned by what it waits for, and that by the pull: here the circle ends.
Puller::~Puller() {
  const auto left = std::exchange(under_way_, {});
  for (const auto& [image, one] : left) one->stream.reset();
}

asio::awaitable<void> Puller::pull(action::Pull wanted) {
  const auto one = std::make_shared<UnderWay>();
  one->image = wanted.image;
  one->tell_at = parts_.clock.now().boot_ms + tell_first_ms;
  ports::PullRequest request;
  request.reference = wanted.image;
  if (!wanted.registry_auth.empty()) {
    const std::map<std::string, reconcile::SecretRef> named{{"login", {wanted.registry_auth}}};
    auto login = secrets_.resolve(named);
    if (!login) {
      failed(one->image, with_context(login.error(), "the login for its registry"));
      co_return;
    }
    request.login = std::move(login->begin()->second);
  }
  const auto before = co_await parts_.engine.image(one->image);
  if (before && wanted.unless_here) {
    static_cast<void>(
        record(parts_, rec::ImagePresent{one->image, before->digest.empty() ? before->id : before->digest}));
    co_return;
  }
  auto refused = co_await want_of_room(one);
  if (refused) {
    failed(one->image, *refused);
    co_return;
  }
  under_way_[one->image] = one;
  spawn(parts_.executor, "room for a pull", watch_room(one));
  auto fetching = fetch(one, std::move(request));
  const bool ended = co_await one->stream->run(parts_.clock, "pull", std::move(fetching));
  one->over = true;
  one->over_or_moved.notify();
  under_way_.erase(one->image);
  if (!ended && one->unwanted) co_return;
  if (!ended && one->refused) {
    failed(one->image, *one->refused);
    co_return;
  }
  // Whatever the registry said: what counts is whether the image is here.
  const auto info = co_await parts_.engine.image(one->image);
  if (!info) {
    const bool good = one->result.has_value();
    failed(one->image, good ? with_context(info.error(), "pulled, but it cannot be looked at") : one->result.error());
    co_return;
  }
  // What was here before is somebody else's, however often we ask for it.
  const bool by_us = one->result.has_value() && (!before || before->id != info->id);
  static_cast<void>(
      record(parts_, rec::ImagePresent{one->image, info->digest.empty() ? info->id : info->digest, by_us}));
}

asio::awaitable<void> Puller::fetch(Shared one, ports::PullRequest request) {
  std::weak_ptr<UnderWay> known = one;
  std::function<void(const protocol::PullProgress&)> progress = [this, known](const protocol::PullProgress& seen) {
    if (const auto same = known.lock()) moved(same, seen);
  };
  one->result = co_await parts_.engine.pull(request, std::move(progress));
}

void Puller::end(const std::string& image) {
  const auto found = under_way_.find(image);
  if (found == under_way_.end()) return;
  found->second->unwanted = true;
  found->second->stream->break_off();
}

void Puller::moved(const Shared& one, protocol::PullProgress progress) {
  const auto entry = shown_.find(one->image);
  if (entry == shown_.end() || one->over) return;
  progress.image = one->image;
  one->rate.note(progress, parts_.clock.now().boot_ms);
  entry->second = progress;
  if (parts_.clock.now().boot_ms >= one->tell_at) tell(*one, progress);
}

void Puller::tell(UnderWay& one, const protocol::PullProgress& progress) {
  one.tell_at = parts_.clock.now().boot_ms + tell_every_ms;
  rec::Noted note;
  note.kind = "image_pulling";
  note.text =
      fmt::format("Image {} is being fetched: {:.1f} MiB", one.image, static_cast<double>(progress.bytes) / mib);
  if (progress.total_bytes != 0)
    note.text += fmt::format(" of {:.1f} MiB", static_cast<double>(progress.total_bytes) / mib);
  note.text += fmt::format(", {} of {} layers.", progress.layers_done, progress.layers);
  note.data = {{"image", one.image},
               {"bytes", std::to_string(progress.bytes)},
               {"total_bytes", std::to_string(progress.total_bytes)},
               {"rate_bytes_per_s", std::to_string(progress.rate_bytes_per_s)}};
  static_cast<void>(record(parts_, std::move(note)));
}

// What is known of the pull's size must fit beside the reserve. A layer never takes less room unpacked than packed, so
// this refuses only what cannot fit; what grows beyond it is caught by the next look.
asio::awaitable<std::optional<Error>> Puller::want_of_room(Shared one) {
  const auto disk = co_await parts_.engine.disk();
  if (!disk) co_return std::nullopt;
  std::uint64_t missing = 0;
  if (const auto entry = shown_.find(one->image); entry != shown_.end())
    missing = entry->second.total_bytes - std::min(entry->second.bytes, entry->second.total_bytes);
  const std::uint64_t needed = missing + static_cast<std::uint64_t>(reserve_bytes_);
  if (disk->available_bytes >= needed) co_return std::nullopt;
  Error full;
  full.code = Errc::no_space;
  full.message = fmt::format(
      "{:.0f} MiB are free on Docker's disk; {:.0f} MiB of the image are still to come, and {:.0f} MiB must stay free "
      "(limits.pull_reserve_mb): make room",
      static_cast<double>(disk->available_bytes) / mib, static_cast<double>(missing) / mib,
      static_cast<double>(reserve_bytes_) / mib);
  co_return full;
}

asio::awaitable<void> Puller::watch_room(Shared one) {
  while (!one->over) {
    co_await one->over_or_moved.wait(parts_.clock, parts_.clock.now().boot_ms + room_look_ms);
    if (one->over) co_return;
    auto refused = co_await want_of_room(one);
    if (one->over || !refused) continue;
    one->refused = std::move(refused);
    one->stream->break_off();
    co_return;
  }
}

void Puller::failed(const std::string& image, const Error& error) {
  std::string code = error.code == Errc::no_space ? "no_space" : "image_unavailable";
  std::uint32_t attempts = 1;
  for (const auto& [name, workload] : parts_.ledger.state().workloads) {
    const bool ours = workload.trouble && workload.declared.spec.image == image;
    if (ours && workload.trouble->code == code) attempts = std::max(attempts, workload.trouble->attempts + 1);
  }
  rec::PullFailed told;
  told.image = image;
  told.code = std::move(code);
  told.detail = secrets_.masked(error.message);
  told.retry_in_ms = reconcile::trouble_delay_ms(attempts, parts_.clock.now().entropy);
  static_cast<void>(record(parts_, std::move(told)));
}

// A tag may have moved since it was last looked at; the container is made of what it stands for now.
asio::awaitable<void> Puller::note_digest(std::string image) {
  const auto info = co_await parts_.engine.image(image);
  if (!info) co_return;
  const std::string digest = info->digest.empty() ? info->id : info->digest;
  const auto& workloads = parts_.ledger.state().workloads;
  const bool news = std::any_of(workloads.begin(), workloads.end(), [&](const auto& entry) {
    return entry.second.declared.spec.image == image && entry.second.image_digest != digest;
  });
  if (news) static_cast<void>(record(parts_, rec::ImagePresent{image, digest}));
}

}  // namespace aura::loops
