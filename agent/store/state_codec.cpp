#include "agent/store/codec.hpp"
#include "agent/store/json_visit.hpp"

namespace aura::store {

std::string encode_state(const reconcile::State& state) {
  return boost::json::serialize(json::write<json::Extent::full>(state));
}

Result<reconcile::State> decode_state(std::string_view text) {
  const auto parsed = json::parse(text, Errc::corrupt);
  if (!parsed) return parsed.error();
  json::Reader reader(json::Reader::Unknown::ignored);
  reconcile::State state;
  if (!reader.read(*parsed, state)) return Error{Errc::corrupt, "state: " + reader.why()};
  return state;
}

}  // namespace aura::store
