// Image references as Docker reads them: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
#pragma once

#include <string>
#include <string_view>

namespace aura::docker {

struct Reference {
  std::string repository;     // without tag and digest, as written
  std::string tag_or_digest;  // the digest where there is one, else the tag, else "latest"
};

// Never fails: what is no valid reference is for the engine to refuse.
Reference parse_reference(std::string_view text);

// The registry's host with its port; for images of Docker Hub the address that its logins are kept under.
std::string registry_of(std::string_view text);

}  // namespace aura::docker
