#include "control/store/store.hpp"

#include "common/protocol/codec.hpp"
#include "control/store/migrations.hpp"
#include "control/store/rows.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <utility>

namespace aura::control {
namespace {

using soci::into;
using soci::use;
using Number = long long;

constexpr int result_code_mask = 0xff;  // extended result codes keep the primary one here (sqlite.org/rescode.html)
constexpr int trim_every_commits = 256;

Errc code_of(int sqlite_result) {
  switch (sqlite_result & result_code_mask) {
    case SQLITE_FULL: return Errc::no_space;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return Errc::read_only;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::locked;
    default: return Errc::internal;
  }
}

Error error_of(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const soci::sqlite3_soci_error& error) {
    return {code_of(error.result()), fmt::format("store: {}", error.what())};
  } catch (const std::exception& error) {
    return {Errc::internal, fmt::format("store: {}", error.what())};
  }
}

// Runs `work` and turns what SOCI throws into an Error.
template <class Work>
auto guarded(Work work) -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const std::exception&) {
    return error_of(std::current_exception());
  }
}

template <class Word>
Word word_of(std::optional<Word> (*parse)(std::string_view), const std::string& text) {
  return parse(text).value_or(Word{});
}

template <class T>
T decoded(Result<T> result) {
  if (result.has_error()) throw soci::soci_error("a stored row cannot be read: " + result.error().message);
  return std::move(*result);
}

constexpr const char* command_columns =
    "select body, node_id, made_at, made_boot_id, made_boot_ms, number, delivered_at, deferred_code, settled"
    " from commands ";

// One row of command_columns, bound to a statement and read after each fetch.
struct CommandRow {
  std::string body;
  CommandRecord record;
  Number made_at = 0, made_boot_ms = 0, number = 0, delivered_at = 0, settled = 0;

  CommandRecord read() const {
    CommandRecord out = record;
    out.command = decoded(protocol::decode_command(body));
    out.made_at = made_at;
    out.made_boot_ms = made_boot_ms;
    out.number = static_cast<std::uint64_t>(number);
    out.delivered_at = delivered_at;
    out.settled = settled != 0;
    return out;
  }
};

}  // namespace

bool Changes::empty() const {
  return nodes.empty() && statuses.empty() && commands.empty() && outcomes.empty() && events.empty() && codes.empty() &&
         dropped_codes.empty() && claims.empty() && dropped_claims.empty() && audit.empty();
}

class Store::Impl {
 public:
  explicit Impl(const std::string& path) : sql(soci::sqlite3, "dbname=\"" + path + "\" timeout=5") {
    std::string mode;
    sql << "pragma journal_mode = wal", into(mode);
    sql << "pragma synchronous = full";
  }

  void write(const Changes& changes) {
    soci::transaction transaction(sql);
    for (const auto& hash : changes.dropped_codes) sql << "delete from enroll_codes where hash = :h", use(hash);
    for (const auto& id : changes.dropped_claims) sql << "delete from claims where node_id = :n", use(id);
    for (const auto& node : changes.nodes) rows::put(sql, node);
    for (const auto& status : changes.statuses) rows::put(sql, status);
    for (const auto& command : changes.commands) rows::put(sql, command);
    for (const auto& outcome : changes.outcomes) rows::put(sql, outcome);
    for (const auto& event : changes.events) rows::put(sql, event);
    for (const auto& code : changes.codes) rows::put(sql, code);
    for (const auto& claim : changes.claims) rows::put(sql, claim);
    for (const auto& entry : changes.audit) rows::put(sql, entry);
    if (++commits % trim_every_commits == 0) {
      const Number keep = max_stored_events;
      sql << "delete from events where id <= (select max(id) from events) - :k", use(keep);
    }
    transaction.commit();
  }

  template <class... Bound>
  std::vector<CommandRecord> commands_where(const std::string& rest, const Bound&... bound) {
    CommandRow row;
    CommandRecord& record = row.record;
    soci::statement statement(sql);
    (statement.exchange(use(bound)), ...);
    statement.exchange(into(row.body));
    statement.exchange(into(record.node_id));
    statement.exchange(into(row.made_at));
    statement.exchange(into(record.made_boot_id));
    statement.exchange(into(row.made_boot_ms));
    statement.exchange(into(row.number));
    statement.exchange(into(row.delivered_at));
    statement.exchange(into(record.deferred_code));
    statement.exchange(into(row.settled));
    statement.alloc();
    statement.prepare(command_columns + rest);
    statement.define_and_bind();
    std::vector<CommandRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) out.push_back(row.read());
    return out;
  }

  std::vector<EventRecord> events_where(const std::string& node_filter, const std::string& order, Number after,
                                        const std::string& node_id, Number limit) {
    EventRecord record;
    Number id = 0;
    std::string body;
    soci::statement statement = (sql.prepare << "select id, node_id, source, ledger_id, body from events where id > :a"
                                             << node_filter << " order by id " << order << " limit :l",
                                 into(id), into(record.node_id), into(record.source), into(record.ledger_id),
                                 into(body), use(after, "a"), use(node_id, "n"), use(limit, "l"));
    std::vector<EventRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      record.id = static_cast<std::uint64_t>(id);
      record.event = decoded(protocol::decode_event(body));
      if (record.source != "node") record.event.seq = record.id;
      out.push_back(record);
    }
    return out;
  }

  soci::session sql;
  std::uint64_t commits = 0;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
  // Made here, so that its mode never depends on the umask; SQLite gives -wal and -shm the same mode.
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error(errno, "cannot open " + path);
  ::close(fd);
  int found = 0;
  auto impl = guarded([&] {
    auto made = std::make_unique<Impl>(path);
    found = migrate(made->sql);
    return made;
  });
  if (impl.has_error()) return with_context(impl.error(), path);
  if (found > newest_schema()) {
    return Error{Errc::not_supported,
                 fmt::format("{} was written by a newer aura-control (schema {}, this one knows {})", path, found,
                             newest_schema())};
  }
  return std::unique_ptr<Store>(new Store(std::move(*impl)));
}

Result<void> Store::commit(const Changes& changes) {
  if (changes.empty()) return {};
  return guarded([&] { impl_->write(changes); });
}

Result<std::vector<NodeRecord>> Store::nodes() {
  return guarded([this] {
    NodeRecord node;
    protocol::Wanted wanted;
    std::string intent;
    Number enrolled_at = 0, key_used = 0, reenroll = 0, epoch = 0, cloned = 0, generation = 0, reported = 0, own = 0;
    Number wanted_generation = 0, suspended = 0, confirmed = 0, last_number = 0;
    soci::statement statement =
        (impl_->sql.prepare << "select id, ledger_id, cloud_instance_id, enrolled_at, key_used, reenroll_open, epoch,"
                               " boot_id, cloned, generation, reported_generation, node_generation, wanted_generation,"
                               " wanted_intent, wanted_suspended, wanted_mode, wanted_reason, wanted_actor,"
                               " confirmed_event_seq, last_number, stage, stage_reason, device, device_name, key_hash"
                               " from nodes join node_keys on node_id = id order by id",
         into(node.id), into(node.ledger_id), into(node.cloud_instance_id), into(enrolled_at), into(key_used),
         into(reenroll), into(epoch), into(node.boot_id), into(cloned), into(generation), into(reported), into(own),
         into(wanted_generation), into(intent), into(suspended), into(wanted.mode), into(wanted.reason),
         into(wanted.actor), into(confirmed), into(last_number), into(node.stage), into(node.stage_reason),
         into(node.device), into(node.device_name), into(node.key_hash));
    std::vector<NodeRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      NodeRecord read = node;
      read.enrolled_at = enrolled_at;
      read.key_used = key_used != 0;
      read.reenroll_open = reenroll != 0;
      if (epoch >= 0) read.epoch = static_cast<std::uint64_t>(epoch);
      read.cloned = cloned != 0;
      read.generation = static_cast<std::uint64_t>(generation);
      read.reported_generation = static_cast<std::uint64_t>(reported);
      read.node_generation = static_cast<std::uint64_t>(own);
      read.confirmed_event_seq = static_cast<std::uint64_t>(confirmed);
      read.last_number = static_cast<std::uint64_t>(last_number);
      if (wanted_generation >= 0) {
        read.wanted = wanted;
        read.wanted->generation = static_cast<std::uint64_t>(wanted_generation);
        read.wanted->intent = word_of(protocol::parse_intent, intent);
        read.wanted->suspended = suspended != 0;
      }
      out.push_back(std::move(read));
    }
    return out;
  });
}

Result<std::vector<NodeStatus>> Store::statuses() {
  return guarded([this] {
    NodeStatus entry;
    std::string state, intent, report;
    Number heard_at = 0, promised_s = 0, suspended = 0, recorded = 0;
    soci::statement statement =
        (impl_->sql.prepare << "select beats.node_id, heard_at, promised_s, agent_version, state, intent, suspended,"
                               " recorded, state_hash, coalesce(body, '') from beats"
                               " left join reports on reports.node_id = beats.node_id",
         into(entry.node_id), into(heard_at), into(promised_s), into(entry.status.agent_version), into(state),
         into(intent), into(suspended), into(recorded), into(entry.status.state_hash), into(report));
    std::vector<NodeStatus> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      NodeStatus read = entry;
      read.status.heard_at = heard_at;
      read.status.promised_s = static_cast<int>(promised_s);
      read.status.state = word_of(protocol::parse_node_word, state);
      read.status.intent = word_of(protocol::parse_intent, intent);
      read.status.suspended = suspended != 0;
      read.status.recorded = recorded != 0;
      // A report that this version cannot read is asked for anew; nothing else depends on it.
      auto known = protocol::decode_report(report);
      if (known.has_value()) read.status.report = std::move(*known);
      out.push_back(std::move(read));
    }
    return out;
  });
}

Result<std::vector<CommandRecord>> Store::open_commands() {
  return guarded([this] { return impl_->commands_where("where settled = 0 order by node_id, number"); });
}

Result<CommandRecord> Store::command(std::string_view id) {
  const std::string key(id);
  auto found = guarded([&] { return impl_->commands_where("where id = :i", key); });
  if (found.has_error()) return found.error();
  if (found->empty()) return Error{Errc::not_found, "no such command"};
  return std::move(found->front());
}

Result<std::vector<CommandRecord>> Store::recent_commands(std::string_view node_id, int limit) {
  const std::string key(node_id);
  return guarded([&] {
    return impl_->commands_where("where node_id = :n order by made_at desc, number desc limit :l", key, limit);
  });
}

Result<protocol::Outcome> Store::outcome(std::string_view node_id, std::string_view command_id) {
  const std::string node(node_id), key(command_id);
  std::string body;
  auto found = guarded([&] {
    impl_->sql << "select body from outcomes where node_id = :n and command_id = :c", into(body), use(node), use(key);
    return impl_->sql.got_data();
  });
  if (found.has_error()) return found.error();
  if (!*found) return Error{Errc::not_found, "no outcome"};
  return protocol::decode_outcome(body);
}

Result<std::vector<CodeRecord>> Store::codes() {
  return guarded([this] {
    CodeRecord code;
    Number made_at = 0;
    soci::statement statement =
        (impl_->sql.prepare << "select hash, node_id, made_at, spent_by_ledger from enroll_codes", into(code.hash),
         into(code.node_id), into(made_at), into(code.spent_by_ledger));
    std::vector<CodeRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      code.made_at = made_at;
      out.push_back(code);
    }
    return out;
  });
}

Result<std::vector<ClaimRecord>> Store::claims() {
  return guarded([this] {
    ClaimRecord claim;
    Number asked_at = 0, approved = 0;
    soci::statement statement =
        (impl_->sql.prepare << "select node_id, ledger_id, cloud_instance_id, asked_at, approved, device, device_name,"
                               " address from claims",
         into(claim.node_id), into(claim.ledger_id), into(claim.cloud_instance_id), into(asked_at), into(approved),
         into(claim.device), into(claim.device_name), into(claim.address));
    std::vector<ClaimRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      claim.asked_at = asked_at;
      claim.approved = approved != 0;
      out.push_back(claim);
    }
    return out;
  });
}

Result<std::vector<EventRecord>> Store::events(std::uint64_t after, std::string_view node_id, int limit) {
  const std::string node(node_id);
  return guarded([&] {
    return impl_->events_where(" and (:n = '' or node_id = :n)", "asc", static_cast<Number>(after), node, limit);
  });
}

Result<std::vector<EventRecord>> Store::last_events(std::string_view node_id, int count) {
  const std::string node(node_id);
  return guarded([&] {
    auto latest = impl_->events_where(" and (:n = '' or node_id = :n)", "desc", 0, node, count);
    return std::vector<EventRecord>(latest.rbegin(), latest.rend());
  });
}

Result<std::vector<AuditRecord>> Store::audit(int limit) {
  return guarded([&] {
    AuditRecord entry;
    Number at = 0;
    soci::statement statement =
        (impl_->sql.prepare << "select at, actor, action, node_id, detail from audit order by id desc limit :l",
         into(at), into(entry.actor), into(entry.action), into(entry.node_id), into(entry.detail), use(limit));
    std::vector<AuditRecord> out;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      entry.at = at;
      out.push_back(entry);
    }
    return out;
  });
}

}  // namespace aura::control
