#include "control/store/migrations.hpp"

#include <soci/soci.h>

#include <array>
#include <span>

namespace aura::control {
namespace {

// Numbers are bigint and never null; text is never null. -1 stands for "none" where 0 means something.
constexpr std::array first_schema = {
    "create table nodes (id text primary key, ledger_id text not null, cloud_instance_id text not null,"
    " enrolled_at bigint not null, key_used bigint not null, reenroll_open bigint not null, epoch bigint not null,"
    " boot_id text not null, cloned bigint not null, generation bigint not null, reported_generation bigint not null,"
    " node_generation bigint not null, wanted_generation bigint not null, wanted_intent text not null,"
    " wanted_suspended bigint not null, wanted_mode text not null, wanted_reason text not null,"
    " wanted_actor text not null, confirmed_event_seq bigint not null, last_number bigint not null,"
    " stage text not null, stage_reason text not null)",
    "create table node_keys (node_id text primary key, key_hash text not null unique)",
    // What every heartbeat changes stands alone, so that it stays narrow and indexed by its key only.
    "create table beats (node_id text primary key, heard_at bigint not null, promised_s bigint not null,"
    " agent_version text not null, state text not null, intent text not null, suspended bigint not null,"
    " recorded bigint not null, state_hash text not null)",
    "create table reports (node_id text primary key, body text not null)",
    "create table commands (id text primary key, node_id text not null, body text not null, made_at bigint not null,"
    " made_boot_id text not null, made_boot_ms bigint not null, number bigint not null, delivered_at bigint not null,"
    " deferred_code text not null, settled bigint not null)",
    "create index commands_by_node on commands (node_id, settled, made_at)",
    // A node may name any id, so its outcomes count for its own commands only.
    "create table outcomes (node_id text not null, command_id text not null, body text not null,"
    " primary key (node_id, command_id))",
    "create table events (id integer primary key autoincrement, node_id text not null, source text not null,"
    " ledger_id text not null, seq bigint not null, body text not null)",
    "create unique index events_once on events (node_id, ledger_id, seq) where source = 'node'",
    "create index events_by_node on events (node_id, id)",
    "create table enroll_codes (hash text primary key, node_id text not null, made_at bigint not null,"
    " spent_by_ledger text not null)",
    "create table claims (node_id text primary key, ledger_id text not null, cloud_instance_id text not null,"
    " asked_at bigint not null, approved bigint not null)",
    "create table audit (id integer primary key autoincrement, at bigint not null, actor text not null,"
    " action text not null, node_id text not null, detail text not null)",
    "create trigger audit_stands before update on audit begin select raise(abort, 'audit is append-only'); end",
    "create trigger audit_stays before delete on audit begin select raise(abort, 'audit is append-only'); end",
};

// Whose tailnet device a node id is bound to.
constexpr std::array tailnet_devices = {
    "alter table nodes add column device text not null default ''",
    "alter table nodes add column device_name text not null default ''",
    "alter table claims add column device text not null default ''",
    "alter table claims add column device_name text not null default ''",
};

// From where a claim came.
constexpr std::array claim_addresses = {"alter table claims add column address text not null default ''"};

const std::array<std::span<const char* const>, 3> steps = {std::span<const char* const>(first_schema),
                                                           std::span<const char* const>(tailnet_devices),
                                                           std::span<const char* const>(claim_addresses)};

}  // namespace

int newest_schema() { return static_cast<int>(steps.size()); }

int migrate(soci::session& sql) {
  sql << "create table if not exists schema_version (version bigint not null)";
  long long version = 0;
  sql << "select coalesce(max(version), 0) from schema_version", soci::into(version);
  const int found = static_cast<int>(version);
  for (int next = found; next < newest_schema(); ++next) {
    soci::transaction transaction(sql);
    for (const char* statement : steps[static_cast<std::size_t>(next)]) sql << statement;
    const long long reached = next + 1;
    sql << "insert into schema_version (version) values (:v)", soci::use(reached);
    transaction.commit();
  }
  return found;
}

}  // namespace aura::control
