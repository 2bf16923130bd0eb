// A small checker for the part of JSON Schema 2020-12 that our OpenAPI documents use: $ref (within the document),
// type, enum, const, properties, required, additionalProperties, propertyNames, items, maxItems, minimum, maximum,
// minLength, maxLength, pattern, allOf, anyOf, if/then, description. Any other keyword is itself a violation, so
// that a document cannot say what nobody checks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aura::support {

enum class Unknown {
  allowed,  // as JSON Schema says
  refused,  // a field that a schema of type object does not declare is a violation as well
};

class JsonSchemas {
 public:
  // A document that is not JSON is a bug of the caller and throws.
  explicit JsonSchemas(std::string_view document);
  ~JsonSchemas();

  // "$.events[0].seq: …" for everything in `instance` that contradicts the schema at `pointer` (RFC 6901,
  // "/components/schemas/Event"); also for text that is not JSON and for a pointer to nothing.
  std::vector<std::string> violations(std::string_view pointer, std::string_view instance,
                                      Unknown unknown = Unknown::allowed) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace aura::support
