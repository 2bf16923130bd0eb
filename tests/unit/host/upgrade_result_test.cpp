#include "agent/host/upgrade_result.hpp"
#include "agent/systemd/machine.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

namespace {

using namespace aura;

class File {
 public:
  explicit File(const std::string& text) {
    const int fd = ::mkstemp(path_.data());
    ::close(fd);
    std::ofstream(path_) << text;
  }
  ~File() { ::unlink(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/aura-result-XXXXXX";
};

}  // namespace

TEST_CASE("the result of an upgrade is read as its unit wrote it") {
  const File file("serial=3\nversion=0.2.0\ninstalled=no\ncode=rolled_back\ndetail=it crashed; a=b\nmore=1\n");
  const auto result = host::upgrade_result(file.path());
  REQUIRE(result);
  CHECK(*result == reconcile::UpgradeResult{3, "0.2.0", false, "rolled_back", "it crashed; a=b"});
}

TEST_CASE("a result that is not there, is no result, or is half a one, is none") {
  CHECK_FALSE(host::upgrade_result("/nowhere/result"));
  for (const char* text :
       {"", "serial=3\n", "version=1\n", "serial=x\nversion=1\n", "serial=3\nversion=1", "nonsense\n"})
    CHECK_FALSE(host::upgrade_result(File(text).path()));
  CHECK_FALSE(host::upgrade_result(File("serial=3\nversion=1\ndetail=" + std::string(5000, 'x') + "\n").path()));
}

TEST_CASE("a version stands in a unit's name as systemd escapes it") {
  CHECK(systemd::escape_instance("0.2.0") == "0.2.0");
  CHECK(systemd::escape_instance("1:0.2.0~rc1-1+b2") == "1:0.2.0\\x7erc1\\x2d1\\x2bb2");
  CHECK(systemd::escape_instance(".x") == "\\x2ex");
}
