#include "agent/store/codec.hpp"
#include "agent/store/json_visit.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/mp11/list.hpp>

#include <array>

namespace aura::store {
namespace {

using json::Extent;
using json::Reader;
using reconcile::Record;
using reconcile::RecordBody;

constexpr std::size_t record_room_bytes = 4096;
constexpr std::size_t body_kinds = std::variant_size_v<RecordBody>;

struct BodyKind {
  std::string_view name;
  bool (*read)(Reader&, const json::value&, RecordBody&) = nullptr;
};

template <class Body>
bool read_body_as(Reader& reader, const json::value& in, RecordBody& out) {
  return reader.read(in, out.emplace<Body>());
}

const std::array<BodyKind, body_kinds>& kinds() {
  static const std::array<BodyKind, body_kinds> table = [] {
    std::array<BodyKind, body_kinds> made;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<body_kinds>>([&](auto index) {
      using Body = std::variant_alternative_t<index, RecordBody>;
      made[index] = {reconcile::record_name(RecordBody(std::in_place_type<Body>)), &read_body_as<Body>};
    });
    return made;
  }();
  return table;
}

bool read_body(Reader& reader, const json::object& fields, RecordBody& out) {
  const json::value* kind = fields.if_contains("kind");
  const json::value* body = fields.if_contains("body");
  if (kind == nullptr || !kind->is_string() || body == nullptr) return reader.fail("has no kind or no body");
  const std::string_view name = kind->get_string();
  for (const BodyKind& known : kinds()) {
    if (known.name == name) return known.read(reader, *body, out);
  }
  return reader.fail("unknown record \"" + std::string(name) + "\"");
}

bool read_record(Reader& reader, const json::value& in, Record& out) {
  if (!in.is_object()) return reader.fail("must be an object");
  const json::object& fields = in.get_object();
  const json::value none;
  const auto field = [&](std::string_view key) -> const json::value& {
    const json::value* found = fields.if_contains(key);
    return found != nullptr ? *found : none;
  };
  return reader.read(field("boot_id"), out.boot_id) && reader.read(field("boot_ms"), out.boot_ms) &&
         reader.read(field("wall_ms"), out.wall_ms) && read_body(reader, fields, out.body);
}

}  // namespace

std::string encode_record(const Record& record) {
  json::object out;
  out.emplace("kind", reconcile::record_name(record.body));
  out.emplace("boot_id", record.boot_id);
  out.emplace("boot_ms", record.boot_ms);
  out.emplace("wall_ms", record.wall_ms);
  out.emplace("body", std::visit([](const auto& body) { return json::write<Extent::full>(body); }, record.body));
  return boost::json::serialize(out);
}

Result<Record> decode_record(std::string_view text) {
  // A start reads hundreds of them: almost all fit here.
  std::array<unsigned char, record_room_bytes> room;
  boost::json::monotonic_resource memory(room.data(), room.size());
  const auto parsed = json::parse(text, Errc::corrupt, &memory);
  if (!parsed) return parsed.error();
  Reader reader(Reader::Unknown::ignored);
  Record record;
  if (!read_record(reader, *parsed, record)) return Error{Errc::corrupt, "record: " + reader.why()};
  return record;
}

}  // namespace aura::store
