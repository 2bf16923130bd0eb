#include "common/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>

namespace aura {
namespace {

using Sha256 = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string hex(const Sha256& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string sha256_hex(std::string_view data) {
  Sha256 digest{};
  SHA256(bytes_of(data), data.size(), digest.data());
  return hex(digest);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view data) {
  // A null key pointer would make HMAC() reuse an earlier key.
  static constexpr unsigned char no_key = 0;
  Sha256 digest{};
  HMAC(EVP_sha256(), key.empty() ? &no_key : bytes_of(key), static_cast<int>(key.size()), bytes_of(data), data.size(),
       digest.data(), nullptr);
  return hex(digest);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace aura
