#include "agent/loops/act.hpp"

#include "agent/reconcile/backoff.hpp"
#include "common/async/spawn.hpp"
#include "common/log.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace action = reconcile::action;
namespace rec = reconcile::record;

namespace {

constexpr const char* start_failed_code = "start_failed";
constexpr std::int64_t leave_again_ms = 60'000;
constexpr std::int64_t network_look_ms = 60'000;  // between looks while another action makes the network

}  // namespace

Actor::Actor(Parts parts, Observer& observer, Secrets& secrets, Options options)
    : parts_(std::move(parts)),
      observer_(observer),
      secrets_(secrets),
      options_(std::move(options)),
      puller_(parts_, secrets, in_flight_.pulls, options_.pull_reserve_bytes) {}

const reconcile::Workload* Actor::workload(const std::string& name) const {
  const auto found = parts_.ledger.state().workloads.find(name);
  return found == parts_.ledger.state().workloads.end() ? nullptr : &found->second;
}

std::optional<BootMs> Actor::retry_at() const {
  const BootMs now = parts_.clock.now().boot_ms;
  std::optional<BootMs> first;
  for (const auto& [id, until] : left_alone_until_) {
    // One that has come may need nothing more: its container ended meanwhile.
    if (until > now) first = first ? std::min(*first, until) : until;
  }
  return first;
}

void Actor::leave_alone(const std::string& container_id, std::int64_t for_ms) {
  left_alone_until_[container_id] = parts_.clock.now().boot_ms + for_ms;
}

void Actor::begin(reconcile::Action next) {
  const BootMs now = parts_.clock.now().boot_ms;
  std::erase_if(left_alone_until_, [now](const auto& entry) { return entry.second <= now; });
  const auto* removal = std::get_if<action::Remove>(&next);
  if (removal && left_alone_until_.contains(removal->container_id)) return;
  const auto* stopping = std::get_if<action::Stop>(&next);
  if (stopping && left_alone_until_.contains(stopping->instance.container_id)) return;
  if (auto* sooner = std::get_if<action::Hasten>(&next)) {
    // Several passes in one moment ask for the same one.
    auto& last = hastened_[sooner->workload];
    if (last == *sooner) return;
    last = *sooner;
    spawn(parts_.executor, "hasten", hasten(std::move(*sooner)));
    return;
  }
  if (const auto* unwanted = std::get_if<action::EndPull>(&next)) {
    puller_.end(unwanted->image);
    return;
  }
  if (auto* asking = std::get_if<action::AskSystem>(&next)) {
    if (!in_flight_.asked.insert(asking->command_id).second) return;
    spawn(parts_.executor, "ask system", ask_system(std::move(*asking)));
    return;
  }
  if (const auto* pull = std::get_if<action::Pull>(&next)) {
    protocol::PullProgress progress;
    progress.image = pull->image;
    if (!in_flight_.pulls.emplace(pull->image, progress).second) return;
  } else if (!in_flight_.workloads.insert(reconcile::workload_of(next)).second) {
    return;
  }
  spawn(parts_.executor, "action", run(std::move(next)));
}

Actor::Task Actor::run(reconcile::Action next) {
  const std::string workload = reconcile::workload_of(next);
  if (auto* pull_action = std::get_if<action::Pull>(&next)) {
    const std::string image = pull_action->image;
    co_await puller_.pull(std::move(*pull_action));
    in_flight_.pulls.erase(image);
    options_.finished();
    co_return;
  }
  if (auto* create_action = std::get_if<action::Create>(&next)) co_await create(std::move(*create_action));
  if (auto* start_action = std::get_if<action::Start>(&next)) co_await start(std::move(*start_action));
  if (auto* stop_action = std::get_if<action::Stop>(&next)) co_await stop(std::move(*stop_action));
  if (auto* hook_action = std::get_if<action::AskHook>(&next)) co_await ask_hook(std::move(*hook_action));
  if (auto* freeze_action = std::get_if<action::Freeze>(&next)) co_await freeze(std::move(*freeze_action));
  if (auto* thaw_action = std::get_if<action::Thaw>(&next)) co_await thaw(std::move(*thaw_action));
  if (auto* remove_action = std::get_if<action::Remove>(&next)) co_await remove(std::move(*remove_action));
  if (auto* update_action = std::get_if<action::Update>(&next)) co_await update(std::move(*update_action));
  in_flight_.workloads.erase(workload);
  options_.finished();
}

void Actor::trouble(const std::string& name, std::string code, const Error& error, bool at_once) {
  const auto* known = workload(name);
  if (!known) return;
  const bool again = known->trouble && known->trouble->code == code;
  const std::uint32_t attempts = again ? known->trouble->attempts + 1 : 1;
  rec::TroubleMet met;
  met.workload = name;
  met.code = std::move(code);
  met.detail = secrets_.masked(error.message);
  if (!at_once) met.retry_in_ms = reconcile::trouble_delay_ms(attempts, parts_.clock.now().entropy);
  static_cast<void>(record(parts_, std::move(met)));
}

void Actor::engine_lost() {
  node_network_.there = tailnet_network_.there = false;
  std::vector<std::string> refused;
  for (const auto& [name, one] : parts_.ledger.state().workloads) {
    const bool waits = one.trouble && one.trouble->retry_at > parts_.clock.now().boot_ms;
    if (waits && one.trouble->code == start_failed_code) refused.push_back(name);
  }
  Error down;
  down.code = Errc::unavailable;
  down.message = "Docker was going down";
  // What it refused while it went down is tried at once when it is back.
  for (const auto& name : refused) trouble(name, start_failed_code, down, true);
}

Actor::OwnNetwork& Actor::node_network() {
  node_network_.network.name = reconcile::name_prefix(parts_.ledger.state().node_id);
  return node_network_;
}

// One at a time: two that look and then create would make two networks of one name, which Docker allows and then
// cannot tell apart.
asio::awaitable<Result<void>> Actor::ensure_network(OwnNetwork& own) {
  while (making_network_) co_await network_made_.wait(parts_.clock, parts_.clock.now().boot_ms + network_look_ms);
  if (own.there) co_return Result<void>();
  making_network_ = true;
  const auto made = co_await parts_.engine.ensure_network(own.network);
  own.there = made.has_value();
  making_network_ = false;
  network_made_.notify();
  co_return made;
}

// Before each start: a container that was made before its network, or before a crash of the agent, gets it, too.
asio::awaitable<Result<void>> Actor::open_tailnet(std::string container_id) {
  const auto network = co_await ensure_network(tailnet_network_);
  if (!network) co_return with_context(network.error(), "network " + tailnet_network_.network.name);
  const auto connected = co_await parts_.engine.connect(container_id, tailnet_network_.network.name);
  if (!connected) tailnet_network_.there = false;
  co_return connected;
}

Actor::Task Actor::create(action::Create wanted) {
  const auto* known = workload(wanted.workload);
  // A declaration that changed meanwhile is the next plan's.
  if (!known || known->declared.spec_hash != wanted.container.spec_hash) co_return;
  ports::CreateRequest request;
  request.name = wanted.container.name;
  request.spec = known->declared.spec;
  request.labels = {parts_.ledger.state().node_id, wanted.workload, wanted.container.nonce, wanted.container.spec_hash};
  request.network = node_network().network.name;
  auto prepared = prepare(wanted.workload, request.spec, secrets_, options_.check_mounts, options_.runtime_dir);
  if (!prepared) {
    trouble(wanted.workload, "create_failed", prepared.error());
    co_return;
  }
  request.env = std::move(prepared->env);
  request.secret_mounts = std::move(prepared->secret_mounts);
  const auto network = co_await ensure_network(node_network());
  if (!network) {
    trouble(wanted.workload, "create_failed", with_context(network.error(), "network " + request.network));
    co_return;
  }
  const auto created = co_await parts_.engine.create(request);
  if (created) {
    name_conflicts_.erase(wanted.container.nonce);
    ++creates_;
    static_cast<void>(record(parts_, rec::Created{wanted.workload, wanted.container.nonce, *created}));
    spawn(parts_.executor, "image digest", puller_.note_digest(request.spec.image));
    co_return;
  }
  node_network_.there = false;
  if (created.error().code == Errc::not_found) {
    static_cast<void>(record(parts_, rec::ImageMissing{wanted.workload}));
    co_return;
  }
  // A taken name is our own from before a crash, or a stranger's: the next observation tells. Once.
  const bool taken = created.error().code == Errc::conflict;
  if (taken && name_conflicts_.insert(wanted.container.nonce).second) co_return;
  name_conflicts_.erase(wanted.container.nonce);
  trouble(wanted.workload, "create_failed", created.error());
}

Actor::Task Actor::start(action::Start wanted) {
  const auto* known = workload(wanted.workload);
  if (!known) co_return;
  const reconcile::WorkloadSpec spec = known->declared.spec;
  const bool of_this_spec =
      std::any_of(known->containers.begin(), known->containers.end(), [&](const reconcile::OwnedContainer& owned) {
        return owned.id == wanted.container_id && owned.spec_hash == known->declared.spec_hash;
      });
  const auto prepared = prepare(wanted.workload, spec, secrets_, options_.check_mounts, options_.runtime_dir);
  // A container of the spec before was prepared for its own; trouble with the new one does not keep it down.
  if (!prepared && of_this_spec) {
    trouble(wanted.workload, start_failed_code, prepared.error());
    co_return;
  }
  if (reconcile::opens_tailnet(spec)) {
    const auto opened = co_await open_tailnet(wanted.container_id);
    if (!opened) {
      trouble(wanted.workload, start_failed_code, opened.error());
      co_return;
    }
  }
  const auto started = co_await parts_.engine.start(wanted.container_id);
  observer_.mark_dirty(wanted.container_id);
  if (started) co_return;
  if (started.error().code == Errc::conflict) {
    trouble(wanted.workload, "container_unusable", started.error(), true);
    static_cast<void>(record(parts_, rec::RemoveIntended{wanted.workload, wanted.container_id}));
    co_return;
  }
  trouble(wanted.workload, start_failed_code, started.error());
  // A network that somebody removed is the one cause we can mend before the next try.
  node_network_.there = tailnet_network_.there = false;
  const auto mended = co_await ensure_network(node_network());
  if (!mended) log::debug("the node's network is not there: " + mended.error().message);
}

Actor::Task Actor::remove(action::Remove wanted) {
  const auto removed = co_await parts_.engine.remove(wanted.container_id);
  observer_.mark_dirty(wanted.container_id);
  if (removed) co_return;
  log::warning("cannot remove a container of " + wanted.workload + ": " + removed.error().message);
  leave_alone(wanted.container_id, idle_after_failure_ms);
}

Actor::Task Actor::update(action::Update wanted) {
  const auto updated = co_await parts_.engine.update(wanted.container_id, wanted.resources);
  observer_.mark_dirty(wanted.container_id);
  if (!updated) {
    trouble(wanted.workload, "update_failed", updated.error());
    co_return;
  }
  // Docker answers 200 also where the kernel has no such limit.
  const auto now = co_await parts_.engine.inspect(wanted.container_id);
  if (!now || !now->resources) co_return;
  const auto& got = *now->resources;
  const auto& want = wanted.resources;
  const bool cpus_agree = std::llround(got.cpus * 1e9) == std::llround(want.cpus * 1e9);
  if (got.memory_bytes == want.memory_bytes && got.pids == want.pids && cpus_agree) co_return;
  Error ignored;
  ignored.code = Errc::not_supported;
  ignored.message = "Docker took the new limits and did not set them; this kernel may lack the cgroup controller";
  trouble(wanted.workload, "update_failed", ignored);
}

// Refused, a decommission is asked for again: by then somebody may have mended what was in its way.
Actor::Task Actor::ask_system(action::AskSystem wanted) {
  ports::SystemRequest request;
  request.verb = wanted.verb;
  request.version = wanted.version;
  const auto asked = co_await parts_.host.ask(std::move(request));
  if (asked) co_return;
  rec::SystemRefused refused;
  refused.command_id = wanted.command_id;
  refused.code = to_string(asked.error().code);
  refused.detail = asked.error().message;
  if (wanted.verb == protocol::Verb::decommission) {
    refused.retry_in_ms = leave_again_ms;
    in_flight_.asked.erase(wanted.command_id);
  }
  static_cast<void>(record(parts_, std::move(refused)));
  options_.finished();
}

}  // namespace aura::loops
