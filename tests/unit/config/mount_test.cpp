#include "agent/config/mount_check.hpp"

#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;
using namespace aura::config;
using namespace aura::config::test;

TEST_CASE("a folder or file without a symlink on its way may be mounted") {
  const Scratch scratch;
  CHECK_FALSE(mount_problem(scratch.folder("a/b")));
  CHECK_FALSE(mount_problem(scratch.write("a/file", "x")));
}

TEST_CASE("a symlink anywhere on the way to a mount source is named") {
  const Scratch scratch;
  scratch.folder("real/inner");
  std::filesystem::create_symlink(scratch / "real", scratch / "link");
  CHECK(mount_problem(scratch / "link/inner") == "mount source " + (scratch / "link/inner") +
                                                     " goes through the symlink " + (scratch / "link") +
                                                     ": write the path that it leads to");
  CHECK(mount_problem(scratch / "link"));
  std::filesystem::create_symlink(scratch / "nowhere", scratch / "dangling");
  CHECK(mount_problem(scratch / "dangling")->find("symlink") != std::string::npos);
}

TEST_CASE("a folder that is swapped for a symlink is found at the next look") {
  const Scratch scratch;
  const std::string source = scratch.folder("data");
  REQUIRE_FALSE(mount_problem(source));
  std::filesystem::remove(source);
  std::filesystem::create_symlink("/etc", source);
  CHECK(mount_problem(source));
}

TEST_CASE("a mount source that does not exist is named with the folder to create") {
  const Scratch scratch;
  CHECK(mount_problem(scratch / "a/b") ==
        "mount source " + (scratch / "a/b") + " does not exist: create " + (scratch / "a"));
  scratch.write("file", "x");
  CHECK(mount_problem(scratch / "file/b") == "mount source " + (scratch / "file/b") + " goes through " +
                                                 (scratch / "file") + ", which is no folder: correct the path");
}

TEST_CASE("a source inside another workload's writable mount is refused, beside it is fine") {
  reconcile::WorkloadSpec writer, reader;
  writer.mounts = {{"/srv/a", "/a", false}};
  reader.mounts = {{"/srv/c", "/c", true}};
  const std::map<std::string, const reconcile::WorkloadSpec*> others{{"writer", &writer}, {"reader", &reader}};
  const auto problem = [&others](const std::string& name, const std::string& source, bool read_only) {
    return shared_mount_problem(name, {source, "/t", read_only}, others);
  };
  CHECK(problem("web", "/srv/a/b", true));
  CHECK(problem("web", "/srv/a/b", true)->find("workload writer may write") != std::string::npos);
  CHECK(problem("web", "/srv/a", false)->find("mounted writable by workload writer too") != std::string::npos);
  CHECK_FALSE(problem("web", "/srv/a", true));
  CHECK_FALSE(problem("web", "/srv/ab", false));
  CHECK_FALSE(problem("web", "/srv", false));
  CHECK_FALSE(problem("web", "/srv/c/d", false));
  CHECK_FALSE(problem("writer", "/srv/a/b", false));
}
