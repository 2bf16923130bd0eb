#include "agent/store/ledger.hpp"
#include "agent/store/node_key.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aura::store {
namespace {

using test::Scratch;

// Opens the ledger as a user without rights; 0 if the answer was as it should be.
int open_as_nobody(const std::string& directory) {
  constexpr uid_t nobody = 65534;
  if (::geteuid() == 0 && ::setuid(nobody) != 0) return 2;
  const auto ledger = Ledger::open(directory);
  if (ledger) return 3;
  if (ledger.error().code != Errc::forbidden) return 4;
  const std::string& message = ledger.error().message;
  if (message.find(directory) == std::string::npos) return 5;
  return message.find("must be writable by user") == std::string::npos ? 6 : 0;
}

TEST_CASE("a directory that may not be written is forbidden, and the error names it and the needed owner") {
  const Scratch scratch;
  const std::string directory = scratch.path() + "/state";
  REQUIRE(::mkdir(directory.c_str(), 0500) == 0);
  REQUIRE(::chmod(scratch.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(directory.c_str(), 0555) == 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(open_as_nobody(directory));
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a file in place of the directory is an error that names it") {
  const Scratch scratch;
  const std::string path = scratch.path() + "/state";
  std::ofstream(path) << "x";
  const auto ledger = Ledger::open(path);
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().message.find(path) != std::string::npos);
}

TEST_CASE("missing folders above the state directory are made") {
  const Scratch scratch;
  CHECK(Ledger::open(scratch.path() + "/a/b/state"));
}

TEST_CASE("the node key is readable by its owner alone and comes back as it was given") {
  const Scratch scratch;
  CHECK(read_node_key(scratch.path()).value() == std::nullopt);
  REQUIRE(write_node_key(scratch.path(), "first-key"));
  REQUIRE(write_node_key(scratch.path(), "k3y-_.~"));
  CHECK(read_node_key(scratch.path()).value() == "k3y-_.~");
  struct stat found {};
  REQUIRE(::stat((scratch.path() + "/node-key").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("what cannot stand in a header is no node key") {
  const Scratch scratch;
  for (const std::string& key : {std::string(), std::string("a b"), std::string("a\r\nX: y"), std::string(600, 'k')}) {
    CHECK(write_node_key(scratch.path(), key).error().code == Errc::invalid_argument);
  }
  std::ofstream(scratch.path() + "/node-key") << "\n";
  const auto read = read_node_key(scratch.path());
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Errc::corrupt);
}

}  // namespace
}  // namespace aura::store
