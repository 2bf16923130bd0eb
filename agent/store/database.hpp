// One SQLite connection and its statements, with failures as values.
//
// Codes (https://www.sqlite.org/rescode.html and the errno beneath): full disk or quota -> no_space, read-only
// file or file system -> read_only, not a database or damaged -> corrupt, held by another process -> locked, no
// permission -> forbidden, the rest -> internal. For one thread. Nothing here throws.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace aura::store {

// One prepared statement; must not outlive its Database.
class Statement {
 public:
  // Parameters and columns count as SQLite counts them: parameters from 1, columns from 0. Bound text is copied.
  Statement& bind(int parameter, std::int64_t number);
  Statement& bind(int parameter, std::string_view text);

  // Runs to the next row: true if there is one. After false or an error the statement is reset and its bindings
  // are gone, ready for the next use.
  Result<bool> step();

  // Runs to its end.
  Result<void> run();

  std::int64_t number(int column) const;
  // Valid until the next step().
  std::string_view text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // Opens or creates the file, never through a symbolic link in its last component.
  static Result<Database> open(const std::string& path);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Statements without results, separated by semicolons.
  Result<void> exec(const char* sql);

  Result<Statement> prepare(std::string_view sql);

  // The first column of the first row; not_found where there is none.
  Result<std::int64_t> number(std::string_view sql);
  Result<std::string> text(std::string_view sql);

  // Leaves the write-ahead log in place when the last connection closes (SQLITE_FCNTL_PERSIST_WAL).
  void keep_wal();

  // Copies the log's pages into the database as far as nobody reads them, so that the log starts anew
  // (SQLITE_CHECKPOINT_PASSIVE). On failure everything stays in the log.
  Result<void> checkpoint();

  // Bytes that the write-ahead log's file takes, used or not.
  std::int64_t log_file_bytes() const;

  // Pages in the log after the last commit, 0 before the first one.
  int wal_pages() const;

 private:
  struct Handle;
  explicit Database(std::unique_ptr<Handle> handle);
  Error failure(std::string_view doing) const;

  std::unique_ptr<Handle> handle_;
};

// BEGIN IMMEDIATE … COMMIT; without commit() all of it is rolled back.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace aura::store
