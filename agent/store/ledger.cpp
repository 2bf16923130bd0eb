#include "agent/store/ledger.hpp"

#include "agent/store/codec.hpp"
#include "agent/store/journal.hpp"
#include "agent/store/ledger_copy.hpp"
#include "agent/store/schema.hpp"
#include "agent/store/state_directory.hpp"
#include "common/fault_point.hpp"
#include "common/ids.hpp"
#include "common/log.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <utility>

#include <unistd.h>

namespace aura::store {
namespace {

using reconcile::Record;
using reconcile::RecordBody;
using reconcile::State;
namespace record = reconcile::record;

// Records between two attempts at a compaction that the disk refused.
constexpr int compact_again_after_records = 100;
constexpr std::size_t secret_key_bytes = 32;

bool suspends(const RecordBody& body) {
  if (const auto* wanted = std::get_if<record::WantedTaken>(&body)) return wanted->wanted.suspended;
  const auto* accepted = std::get_if<record::Accepted>(&body);
  return accepted != nullptr && accepted->command.verb == protocol::Verb::suspend;
}

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::no_space: return "disk full";
    case Errc::read_only: return "disk read-only";
    default: return "ledger cannot be written";
  }
}

void warn_about(const Result<void>& marker) {
  if (!marker) log::warning(fmt::format("the marker of the suspension is not in step: {}", marker.error().message));
}

}  // namespace

class Ledger::Impl {
 public:
  explicit Impl(std::string reason) : secret_key(random_hex(secret_key_bytes)), trouble(std::move(reason)) {}
  Impl(std::string reason, std::string key, State replayed)
      : secret_key(std::move(key)),
        state(std::move(replayed)),
        trouble(std::move(reason)),
        is_new(state.epoch == 0),
        remembered_(true) {}
  Impl(StateDirectory directory, Journal journal, State replayed)
      : secret_key(journal.secret_key()),
        state(std::move(replayed)),
        is_new(journal.empty()),
        directory_(std::move(directory)),
        journal_(std::move(journal)) {
    repair_marker();
    note_version(journal_->version());
  }

  Result<bool> migrate() {
    const auto newest = static_cast<std::int64_t>(ledger_migrations().size());
    if (!journal_ || journal_->version() >= newest) return false;
    note_version(newest);  // first: whoever reads it must not take the ledger for older than it is
    if (auto done = journal_->migrate(); !done) return directory_->explain(done.error());
    log::notice(fmt::format("the ledger is of schema {} now", newest));
    return true;
  }

  Result<void> record(const Record& record) {
    if (!journal_) return record_without_disk(record);
    if (version_for(record.body) > journal_->version()) {
      return Error{Errc::not_supported,
                   "this version of aura-node is on trial: what only its own ledger could hold waits"};
    }
    const auto name = reconcile::record_name(record.body);
    fault_point("ledger.before.", name);
    const bool marks = suspends(record.body) && !directory_->marked_suspended();
    if (marks) warn_about(directory_->mark_suspended());
    const auto committed = behind_ ? commit_all(record) : commit(record);
    fault_point("ledger.after.", name);
    if (!committed && !is_supervision(record.body)) {
      if (marks && !state.node.suspension) warn_about(directory_->unmark_suspended());
      note_trouble(committed.error(), record.wall_ms);
      return committed;
    }
    if (committed) {
      trouble.clear();
    } else {
      note_trouble(committed.error(), record.wall_ms);
      reconcile::evolve(state, record);
      behind_ = true;
      ++unrecorded_;
    }
    follow_marker();
    compact_if_due();
    if (listener) listener();
    return {};
  }

  bool behind() const { return behind_; }

  void catch_up() {
    if (!journal_ || trouble.empty() || !journal_->try_disk()) return;
    if (behind_ && !store_whole(state, unrecorded_)) return;
    trouble.clear();
    follow_marker();
    if (listener) listener();
  }

  std::string secret_key;
  State state;
  std::string trouble;
  std::function<void()> listener;
  bool is_new = true;

  void compact_after(int records) { compact_after_ = compact_at_ = records; }

 private:
  Result<void> record_without_disk(const Record& record) {
    if (!is_supervision(record.body)) {
      return Error{Errc::no_space, fmt::format("nothing new is decided while the ledger cannot be used: {}", trouble)};
    }
    reconcile::evolve(state, record);
    // A ledger that is there and cannot be written would tell it differently when it is back.
    behind_ = remembered_;
    if (listener) listener();
    return {};
  }

  Result<void> commit(const Record& record) {
    if (auto done = journal_->append(encode_record(record)); !done) return directory_->explain(done.error());
    reconcile::evolve(state, record);
    return {};
  }

  // Some records are in memory alone: the state with them and this one becomes the snapshot.
  Result<void> commit_all(const Record& record) {
    if (auto tried = journal_->try_disk(); !tried) return directory_->explain(tried.error());
    State next = state;
    reconcile::evolve(next, record);
    if (auto done = store_whole(next, unrecorded_ + 1); !done) return done;
    state = std::move(next);
    return {};
  }

  Result<void> store_whole(const State& whole, int unrecorded) {
    if (auto done = journal_->compact(encode_state(whole), unrecorded); !done) {
      return directory_->explain(done.error());
    }
    behind_ = false;
    unrecorded_ = 0;
    log::notice("the ledger can be written again; what was decided in memory is stored",
                {{"AURA_EVENT", "ledger_back"}});
    return {};
  }

  void note_trouble(const Error& error, WallMs now) {
    if (!trouble.empty()) return;
    trouble = fmt::format("{} since {}: {}", describe(error.code), to_rfc3339(now), error.message);
    log::error(fmt::format("nothing new can be stored: {}", trouble), {{"AURA_EVENT", "ledger_degraded"}});
  }

  void compact_if_due() {
    if (behind_ || journal_->records() < compact_at_) return;
    const auto done = journal_->compact(encode_state(state), 0);
    if (!done) log::warning(fmt::format("the ledger cannot be compacted now: {}", done.error().message));
    compact_at_ = done ? compact_after_ : journal_->records() + compact_again_after_records;
  }

  void note_version(std::int64_t version) {
    const auto noted = directory_->note_schema(version);
    if (!noted) log::warning(fmt::format("the version of the ledger's schema is not noted: {}", noted.error().message));
  }

  // A crash may have left it behind or ahead. One that no decision of this ledger explains was there before it.
  void repair_marker() {
    warn_about(directory_->prepare_marker());
    if (state.node.suspension) {
      if (!directory_->marked_suspended()) warn_about(directory_->mark_suspended());
    } else if (state.node.node_generation > 0) {
      warn_about(directory_->unmark_suspended());
    }
    was_suspended_ = state.node.suspension.has_value();
  }

  void follow_marker() {
    const bool suspended = state.node.suspension.has_value();
    if (suspended && !was_suspended_ && !directory_->marked_suspended()) warn_about(directory_->mark_suspended());
    if (!suspended && was_suspended_) warn_about(directory_->unmark_suspended());
    was_suspended_ = suspended;
  }

  std::optional<StateDirectory> directory_;  // outlives the journal: the lock is given up last
  std::optional<Journal> journal_;
  bool was_suspended_ = false;
  bool remembered_ = false;  // from a disk that cannot be written
  bool behind_ = false;      // memory holds records that the disk does not
  int unrecorded_ = 0;       // so many
  int compact_after_ = compact_after_records, compact_at_ = compact_after_records;
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& state_dir) {
  auto directory = StateDirectory::open(state_dir);
  if (!directory) return directory.error();
  const auto file = directory->ledger_file();
  if (!file) return file.error();
  auto journal = Journal::open(*file);
  if (!journal) return directory->explain(with_context(journal.error(), "ledger.db"));
  auto state = journal->replay();
  if (!state) return directory->explain(with_context(state.error(), "ledger.db"));
  return std::unique_ptr<Ledger>(
      new Ledger(std::make_unique<Impl>(std::move(*directory), std::move(*journal), std::move(*state))));
}

Result<std::unique_ptr<Ledger>> Ledger::remembered(const std::string& state_dir, const std::string& scratch_dir,
                                                   std::string reason) {
  const auto copy = LedgerCopy::make(state_dir, scratch_dir);
  if (!copy) return copy.error();
  auto journal = Journal::open(copy->file());
  if (!journal) return journal.error();
  auto state = journal->replay();
  if (!state) return state.error();
  return std::unique_ptr<Ledger>(
      new Ledger(std::make_unique<Impl>(std::move(reason), journal->secret_key(), std::move(*state))));
}

std::unique_ptr<Ledger> Ledger::in_memory(std::string reason) {
  return std::unique_ptr<Ledger>(new Ledger(std::make_unique<Impl>(std::move(reason))));
}

const State& Ledger::state() const { return impl_->state; }
Result<void> Ledger::record(const Record& record) { return impl_->record(record); }
void Ledger::on_change(std::function<void()> listener) { impl_->listener = std::move(listener); }
const std::string& Ledger::trouble() const { return impl_->trouble; }
bool Ledger::behind() const { return impl_->behind(); }
Result<bool> Ledger::migrate() { return impl_->migrate(); }
void Ledger::catch_up() { impl_->catch_up(); }
void Ledger::compact_after(int records) { impl_->compact_after(records); }
bool Ledger::is_new() const { return impl_->is_new; }
const std::string& Ledger::secret_key() const { return impl_->secret_key; }

bool Ledger::suspended_marker(const std::string& state_dir) {
  return ::access(suspended_marker_path(state_dir).c_str(), F_OK) == 0;
}

}  // namespace aura::store
