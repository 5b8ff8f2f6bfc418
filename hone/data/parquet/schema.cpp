#include "hone/data/parquet/schema.h"

#include "hone/base/json.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

constexpr int kDeepestSchema = 64;

// Fields of SchemaElement and the numbers of its enumerations, of which the older ConvertedType is written
// beside, or in place of, the newer LogicalType.
enum SchemaField { kType = 1, kTypeLength, kRepetition, kName, kChildren, kConverted, kScale, kLogical = 10 };
enum ConvertedType {
  kUtf8 = 0,
  kMap,
  kMapKeyValue,
  kListType,
  kEnum,
  kDecimalType,
  kUint8 = 11,
  kUint64 = 14,
  kJsonType = 19
};
enum LogicalType {
  kLogicalString = 1,
  kLogicalMap,
  kLogicalList,
  kLogicalEnum,
  kLogicalDecimal,
  kLogicalInteger = 10,
  kLogicalJson = 12
};

ParquetMeaning meaning_of(const ThriftValue& element) {
  const std::int64_t converted = element.integer(kConverted, -1);
  const ThriftValue* logical = element.find(kLogical);
  const auto is = [&](LogicalType type) { return logical != nullptr && logical->find(type) != nullptr; };
  if (is(kLogicalString) || is(kLogicalEnum) || is(kLogicalJson) || converted == kUtf8 ||
      converted == kEnum || converted == kJsonType)
    return ParquetMeaning::kText;
  if (is(kLogicalDecimal) || converted == kDecimalType) return ParquetMeaning::kDecimal;
  const bool is_unsigned = is(kLogicalInteger) && logical->find(kLogicalInteger)->integer(2, 1) == 0;
  if (is_unsigned || (converted >= kUint8 && converted <= kUint64)) return ParquetMeaning::kUnsigned;
  return ParquetMeaning::kAsStored;
}

bool is_list(const ThriftValue& element) {
  const std::int64_t converted = element.integer(kConverted, -1);
  const ThriftValue* logical = element.find(kLogical);
  return converted == kListType || converted == kMap || converted == kMapKeyValue ||
         (logical != nullptr &&
          (logical->find(kLogicalList) != nullptr || logical->find(kLogicalMap) != nullptr));
}

std::size_t width_of(ParquetType type, const ThriftValue& element) {
  switch (type) {
    case ParquetType::kInt32:
    case ParquetType::kFloat:
      return 4;
    case ParquetType::kInt64:
    case ParquetType::kDouble:
      return 8;
    case ParquetType::kInt96:
      return 12;
    case ParquetType::kFixedBytes:
      return static_cast<std::size_t>(std::max<std::int64_t>(0, element.integer(kTypeLength, 0)));
    default:
      return 0;
  }
}

class SchemaReader {
 public:
  SchemaReader(const std::vector<ThriftValue>& elements, const std::string& file)
      : elements_(elements), file_(file) {}

  Result<ParquetSchema> read() {
    HONE_TRY(schema_.root, node("", 0, 0, 0));
    if (next_ != elements_.size() || schema_.root.kind != ParquetNode::Kind::kObject) return wrong();
    return std::move(schema_);
  }

 private:
  Error wrong() const { return Error{file_, "the schema must be a tree of named columns", "another"}; }

  Result<ParquetNode> node(const std::string& parent, std::uint32_t repetition, std::uint32_t definition,
                           int depth) {
    if (next_ == elements_.size() || depth == kDeepestSchema) return wrong();
    const ThriftValue& element = elements_[next_++];
    enum { kOptional = 1, kRepeated = 2 };
    const std::int64_t repeats = depth == 0 ? 0 : element.integer(kRepetition, 0);
    const ThriftValue* name = element.find(kName);
    if (name == nullptr || !is_valid_utf8(name->bytes)) return wrong();
    ParquetNode out;
    out.key = Json(std::string(name->bytes)).dump() + ":";
    out.optional = repeats == kOptional;
    out.repeated = repeats == kRepeated;
    out.repetition = repetition + (out.repeated ? 1 : 0);
    out.definition = definition + (out.repeated || out.optional ? 1 : 0);
    out.first_leaf = schema_.leaves.size();
    const std::string place =
        parent.empty() ? std::string(name->bytes) : parent + "." + std::string(name->bytes);
    if (const auto type = element.integer(kType)) {
      HONE_TRY_VOID(add_leaf(element, *type, place, out));
    } else {
      const std::int64_t children = element.integer(kChildren, 0);
      if (children < 1) return wrong();
      out.kind = ParquetNode::Kind::kObject;
      for (std::int64_t i = 0; i < children; ++i) {
        HONE_TRY(ParquetNode child, node(depth == 0 ? "" : place, out.repetition, out.definition, depth + 1));
        out.children.push_back(std::move(child));
      }
      if (is_list(element) && children == 1 && out.children[0].repeated) {
        out.kind = ParquetNode::Kind::kList;
        find_element(std::string(name->bytes), out.children[0]);
      }
    }
    out.end_leaf = schema_.leaves.size();
    return out;
  }

  // LogicalTypes.md, "Backward-compatibility rules" of lists.
  static void find_element(const std::string& list_name, ParquetNode& repeated) {
    repeated.wraps_element = repeated.kind == ParquetNode::Kind::kObject && repeated.children.size() == 1 &&
                             !repeated.children[0].repeated && repeated.key != "\"array\":" &&
                             repeated.key != Json(list_name + "_tuple").dump() + ":";
  }

  Result<void> add_leaf(const ThriftValue& element, std::int64_t type, const std::string& place,
                        const ParquetNode& node) {
    if (type < 0 || type > static_cast<std::int64_t>(ParquetType::kFixedBytes)) return wrong();
    ParquetLeaf leaf;
    leaf.name = place;
    leaf.type = static_cast<ParquetType>(type);
    leaf.meaning = meaning_of(element);
    leaf.width = width_of(leaf.type, element);
    if (leaf.type == ParquetType::kFixedBytes && leaf.width == 0) return wrong();
    if (leaf.meaning == ParquetMeaning::kDecimal) {
      const ThriftValue* logical = element.find(kLogical);
      const ThriftValue* decimal = logical == nullptr ? nullptr : logical->find(kLogicalDecimal);
      const std::int64_t scale = decimal == nullptr ? element.integer(kScale, 0) : decimal->integer(1, 0);
      if (scale < 0 || scale > 38) return wrong();
      leaf.scale = static_cast<int>(scale);
    }
    leaf.most_repeated = node.repetition;
    leaf.most_defined = node.definition;
    schema_.leaves.push_back(std::move(leaf));
    return {};
  }

  const std::vector<ThriftValue>& elements_;
  const std::string& file_;
  std::size_t next_ = 0;
  ParquetSchema schema_;
};

}  // namespace

Result<ParquetSchema> read_parquet_schema(const std::vector<ThriftValue>& elements, const std::string& file) {
  return SchemaReader(elements, file).read();
}

}  // namespace hone
