#include "common/error.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cerrno>

using namespace aura;

TEST_CASE("context goes in front of a message and nothing else changes") {
  const Error error = with_context(Error{Errc::rate_limited, "later", 429, 7}, "heartbeat");
  CHECK(error.message == "heartbeat: later");
  CHECK(error.code == Errc::rate_limited);
  CHECK(error.http_status == 429);
  CHECK(error.retry_after_s == 7);
}

TEST_CASE("a failed system call becomes the error its errno means") {
  CHECK(errno_error(ENOSPC, "x").code == Errc::no_space);
  CHECK(errno_error(EDQUOT, "x").code == Errc::no_space);
  CHECK(errno_error(EROFS, "x").code == Errc::read_only);
  CHECK(errno_error(ENOENT, "x").code == Errc::not_found);
  CHECK(errno_error(EPERM, "x").code == Errc::forbidden);
  CHECK(errno_error(EIO, "x").code == Errc::internal);
  CHECK(errno_error(ENOENT, "cannot open /a").message == "cannot open /a: No such file or directory");
}

TEST_CASE("error codes have the names that JSON carries") {
  CHECK(to_string(Errc::rate_limited) == "rate_limited");
  CHECK(to_string(Errc::bad_reply) == "bad_reply");
}
