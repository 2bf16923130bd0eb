#include "common/files.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/stat.h>

using namespace aura;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/aura-files-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a written file holds its content, has its mode and leaves no temporary neighbour") {
  const Folder folder;
  REQUIRE(write_file_durably(folder / "key", "old", 0600));
  REQUIRE(write_file_durably(folder / "key", "new", 0664));
  CHECK(read_file(folder / "key", 100).value() == "new");
  struct stat status {};
  REQUIRE(::stat((folder / "key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0664);
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file at the bound is read and one byte more is too large") {
  const Folder folder;
  REQUIRE(write_file_durably(folder / "f", std::string(20000, 'x'), 0600));
  CHECK(read_file(folder / "f", 20000).value().size() == 20000);
  CHECK(read_file(folder / "f", 19999).error().code == Errc::too_large);
}

TEST_CASE("a missing file is not_found to read and success to remove") {
  const Folder folder;
  CHECK(read_file(folder / "none", 10).error().code == Errc::not_found);
  CHECK(remove_file_durably(folder / "none"));
}

TEST_CASE("a folder that is not there is named when a file cannot be written") {
  const Folder folder;
  const auto result = write_file_durably(folder / "no/key", "x", 0600);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::not_found);
  CHECK(result.error().message.find("no/key") != std::string::npos);
}

TEST_CASE("a failed rename leaves the target and removes the temporary file") {
  const Folder folder;
  REQUIRE(std::filesystem::create_directory(folder / "dir"));
  CHECK_FALSE(write_file_durably(folder / "dir", "x", 0600));
  CHECK(folder.entries() == 1);
}

TEST_CASE("a removed file is gone") {
  const Folder folder;
  REQUIRE(write_file_durably(folder / "f", "x", 0600));
  REQUIRE(remove_file_durably(folder / "f"));
  CHECK(folder.entries() == 0);
}
