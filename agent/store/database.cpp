#include "agent/store/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace aura::store {
namespace {

Errc code_of_errno(int error_number) {
  // EIO and the like say nothing about what to do: internal.
  return error_number == 0 ? Errc::internal : errno_error(error_number, "").code;
}

Errc code_of(int extended, int error_number) {
  switch (extended & 0xff) {
    case SQLITE_FULL: return Errc::no_space;
    case SQLITE_READONLY: return Errc::read_only;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::locked;
    case SQLITE_PERM:
    case SQLITE_AUTH: return Errc::forbidden;
    case SQLITE_CANTOPEN: return code_of_errno(error_number);
    case SQLITE_IOERR: return extended == SQLITE_IOERR_SHORT_READ ? Errc::corrupt : code_of_errno(error_number);
    default: return Errc::internal;
  }
}

Error failure_of(sqlite3* connection, std::string_view doing) {
  const int extended = sqlite3_extended_errcode(connection);
  const int error_number = sqlite3_system_errno(connection);
  const std::string system = error_number == 0 ? "" : fmt::format(", errno {}", error_number);
  return Error{code_of(extended, error_number),
               fmt::format("{}: {} (SQLite {}{})", doing, sqlite3_errmsg(connection), extended, system)};
}

}  // namespace

// -- statements

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int parameter, std::int64_t number) {
  [[maybe_unused]] const int bound = sqlite3_bind_int64(statement_.get(), parameter, number);
  assert(bound == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  [[maybe_unused]] const int bound =
      sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  assert(bound == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int stepped = sqlite3_step(statement_.get());
  if (stepped == SQLITE_ROW) return true;
  Result<bool> result(false);
  if (stepped != SQLITE_DONE) result = failure_of(sqlite3_db_handle(statement_.get()), "cannot run a statement");
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return result;
}

Result<void> Statement::run() {
  while (true) {
    const auto more = step();
    if (!more) return more.error();
    if (!*more) return {};
  }
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(size));
}

// -- connection

// At a stable address, because SQLite's hook points into it.
struct Database::Handle {
  sqlite3* connection = nullptr;
  int wal_pages = 0;

  ~Handle() { sqlite3_close_v2(connection); }
};

Database::Database(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Error Database::failure(std::string_view doing) const { return failure_of(handle_->connection, doing); }

Result<Database> Database::open(const std::string& path) {
  auto handle = std::make_unique<Handle>();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int opened = sqlite3_open_v2(path.c_str(), &handle->connection, flags, nullptr);
  if (handle->connection == nullptr) return Error{Errc::internal, "SQLite has no memory for a connection"};
  if (opened != SQLITE_OK) return failure_of(handle->connection, fmt::format("cannot open {}", path));
  sqlite3_extended_result_codes(handle->connection, 1);
  sqlite3_wal_hook(
      handle->connection,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Handle*>(self)->wal_pages = pages;
        return SQLITE_OK;
      },
      handle.get());
  return Database(std::move(handle));
}

Result<void> Database::exec(const char* sql) {
  if (sqlite3_exec(handle_->connection, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure(fmt::format("cannot run \"{}\"", sql));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int prepared = sqlite3_prepare_v3(handle_->connection, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (prepared != SQLITE_OK) return failure(fmt::format("cannot prepare \"{}\"", sql));
  return Statement(statement);
}

Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return Error{Errc::not_found, fmt::format("no row for \"{}\"", sql)};
  return statement->number(0);
}

Result<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return Error{Errc::not_found, fmt::format("no row for \"{}\"", sql)};
  return std::string(statement->text(0));
}

void Database::keep_wal() {
  int on = 1;
  sqlite3_file_control(handle_->connection, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

Result<void> Database::checkpoint() {
  const int done = sqlite3_wal_checkpoint_v2(handle_->connection, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (done == SQLITE_OK) return {};
  return failure("cannot checkpoint");
}

std::int64_t Database::log_file_bytes() const {
  // https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, SQLITE_FCNTL_JOURNAL_POINTER
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle_->connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  sqlite3_int64 bytes = 0;
  if (log == nullptr || log->pMethods == nullptr || log->pMethods->xFileSize(log, &bytes) != SQLITE_OK) return 0;
  return bytes;
}

int Database::wal_pages() const { return handle_->wal_pages; }

// -- transaction

Result<Transaction> Transaction::begin(Database& database) {
  const auto begun = database.exec("BEGIN IMMEDIATE");
  if (!begun) return begun.error();
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself already, then this fails and nothing is lost.
  if (database_ != nullptr) static_cast<void>(database_->exec("ROLLBACK"));
}

Result<void> Transaction::commit() {
  const auto committed = database_->exec("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace aura::store
