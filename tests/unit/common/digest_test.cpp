#include "common/digest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace aura;

TEST_CASE("SHA-256 gives the digests that FIPS 180-4 lists") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("HMAC-SHA256 gives the values that RFC 4231 lists") {
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("an empty HMAC key does not bring an earlier key back") {
  const std::string empty = hmac_sha256_hex("", "data");
  CHECK(hmac_sha256_hex("other", "data") != empty);
  CHECK(hmac_sha256_hex("", "data") == empty);
}

TEST_CASE("the constant-time comparison tells equal from different") {
  CHECK(equal_constant_time("token", "token"));
  CHECK(equal_constant_time("", ""));
  CHECK_FALSE(equal_constant_time("token", "tokem"));
  CHECK_FALSE(equal_constant_time("token", "token1"));
  CHECK_FALSE(equal_constant_time("", "a"));
}
