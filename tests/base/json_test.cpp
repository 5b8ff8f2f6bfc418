#include "hone/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "hone/base/files.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Json, ErrorsNameThePlaceAndTheByte) {
  EXPECT_EQ((*parse_json(R"({"a":[1,2]})", "x"))["a"][1], 2);
  EXPECT_THAT(parse_json("{\"a\":oops}", "here").error().message(),
              AllOf(HasSubstr("[here]"), HasSubstr("byte 6")));
  EXPECT_THAT(parse_json("", "here").error().message(), HasSubstr("valid JSON"));
  EXPECT_THAT(parse_json("1 2", "here").error().message(), HasSubstr("byte 3"));
  EXPECT_FALSE(parse_json("\"\xff\"", "here").ok());
  EXPECT_FALSE(parse_json("1e999", "here").ok());
}

TEST(Json, NestingIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(256), "here").ok());
  EXPECT_THAT(parse_json(nested(100'000), "here").error().message(),
              AllOf(HasSubstr("[here]"), HasSubstr("at most 256 deep"), HasSubstr("byte 257")));
  // Brackets inside strings, and escaped quotes, are text.
  EXPECT_TRUE(parse_json('"' + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + '"', "here").ok());
}

TEST(Json, IntegersMustFit) {
  const Json object = *parse_json(
      R"({"most":9223372036854775807,"more":9223372036854775808,"least":-9223372036854775808})", "x");
  EXPECT_EQ(*json_get<std::int64_t>(object, "most", 0, "w"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*json_get<std::int64_t>(object, "least", 0, "w"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json_get<std::int64_t>(object, "more", 0, "w").error().message(),
            "[w: more] must be an integer of 64 bits, got 9223372036854775808");
}

TEST(Json, BriefNeverCutsACharacter) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "é";
  for (const std::string& lead : {std::string(), std::string("a")}) {
    const std::string short_text = brief(Json(lead + text));
    EXPECT_LE(short_text.size(), 60u);
    EXPECT_NO_THROW(Json(short_text).dump());
  }
}

TEST(Json, FilesAreNamed) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a.json", "{").ok());
  EXPECT_THAT(read_json(folder / "a.json").error().message(),
              AllOf(HasSubstr("a.json"), HasSubstr("valid JSON")));
  EXPECT_THAT(read_json(folder / "b.json").error().message(),
              AllOf(HasSubstr("b.json"), HasSubstr("No such file")));
}

TEST(Json, GetsTypedValuesOrDefaults) {
  const Json object = {{"i", 3}, {"d", 2.5}, {"s", "text"}, {"b", true}, {"n", nullptr}};
  EXPECT_EQ(*json_get<std::int64_t>(object, "i", 0, "w"), 3);
  EXPECT_EQ(*json_get<double>(object, "i", 0.0, "w"), 3.0);
  EXPECT_EQ(*json_get<double>(object, "d", 0.0, "w"), 2.5);
  EXPECT_EQ(*json_get<std::string>(object, "s", "", "w"), "text");
  EXPECT_EQ(*json_get<bool>(object, "b", false, "w"), true);
  EXPECT_EQ(*json_get<std::int64_t>(object, "n", 7, "w"), 7);
  EXPECT_EQ(*json_get<std::int64_t>(object, "absent", 7, "w"), 7);
  EXPECT_EQ(*json_require<std::string>(object, "s", "w"), "text");
}

TEST(Json, WrongTypesNameKeyAndValue) {
  const Json object = {{"i", 3}, {"d", 2.5}, {"s", "text"}, {"n", nullptr}};
  EXPECT_EQ(json_get<std::int64_t>(object, "d", 0, "w").error().message(),
            "[w: d] must be an integer of 64 bits, got 2.5");
  EXPECT_EQ(json_get<bool>(object, "i", false, "w").error().message(), "[w: i] must be true or false, got 3");
  EXPECT_EQ(json_get<std::string>(object, "i", "", "w").error().message(), "[w: i] must be a string, got 3");
  EXPECT_EQ(json_get<double>(object, "s", 0.0, "w").error().message(),
            "[w: s] must be a number, got \"text\"");
  EXPECT_THAT(json_require<double>(object, "n", "w").error().message(),
              AllOf(HasSubstr("[w]"), HasSubstr("n")));
  EXPECT_THAT(json_require<double>(object, "absent", "w").error().message(), HasSubstr("absent"));
}

TEST(Json, BriefIsCut) {
  EXPECT_EQ(brief(Json{{"a", 1}}), "{\"a\":1}");
  const std::string text = brief(Json(std::string(500, 'x')));
  EXPECT_EQ(text.size(), 60u);
  EXPECT_TRUE(text.ends_with("..."));
  EXPECT_NO_THROW(static_cast<void>(brief(Json("\xff"))));
}

}  // namespace
}  // namespace hone
