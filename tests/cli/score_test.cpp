// hone score, against transformers' logits.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/weights/convert.h"
#include "hone/weights/safetensors.h"
#include "support/golden.h"

namespace hone {
namespace {

using namespace hone::testing;

const std::string kModel = golden("models/llama-tied");

struct Golden {
  std::vector<std::vector<std::int32_t>> ids;  // [rows][n]
  std::vector<float> logits;                   // [rows · n · vocabulary]
  std::int64_t vocabulary = 0;

  const float* row(std::size_t r, std::size_t i) const {
    return logits.data() + static_cast<std::int64_t>(r * ids[0].size() + i) * vocabulary;
  }
  // Of `id` after position i of row r, in double.
  double logprob(std::size_t r, std::size_t i, std::int32_t id) const {
    const float* z = row(r, i);
    const double most = *std::max_element(z, z + vocabulary);
    double sum = 0.0;
    for (std::int64_t v = 0; v < vocabulary; ++v) sum += std::exp(z[v] - most);
    return z[id] - most - std::log(sum);
  }
  std::int32_t likeliest(std::size_t r, std::size_t i) const {
    const float* z = row(r, i);
    return static_cast<std::int32_t>(std::max_element(z, z + vocabulary) - z);
  }
};

Golden read_golden(const std::filesystem::path& folder) {
  const auto files = TensorFiles::open_file(folder / "expected.safetensors");
  EXPECT_TRUE(files.ok()) << files.error().message();
  const TensorView ids = files->find("input_ids").value(), logits = files->find("logits").value();
  Golden golden;
  const auto* p = reinterpret_cast<const std::int64_t*>(ids.bytes.data());
  for (std::int64_t r = 0; r < ids.shape[0]; ++r, p += ids.shape[1]) {
    golden.ids.emplace_back(p, p + ids.shape[1]);
  }
  golden.logits = to_float32(logits).value();
  golden.vocabulary = logits.shape[2];
  return golden;
}

std::string ids_line(const std::vector<std::int32_t>& ids) { return Json{{"ids", ids}}.dump() + "\n"; }

TEST(Score, AgreesWithTransformersOnEveryModel) {
  int models = 0;
  for (const auto& folder : golden_folders("models")) {
    SCOPED_TRACE(folder);
    const Golden expected = read_golden(folder);
    std::string input;
    for (const auto& ids : expected.ids) input += ids_line(ids);
    const Ran ran = run_command({"score", folder.string()}, input);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const auto lines = ran.lines();
    ASSERT_EQ(lines.size(), expected.ids.size());
    for (std::size_t r = 0; r < lines.size(); ++r) {
      const auto& ids = expected.ids[r];
      EXPECT_EQ(lines[r]["ids"], Json(ids));
      ASSERT_EQ(lines[r]["logprobs"].size(), ids.size());
      EXPECT_TRUE(lines[r]["logprobs"][0].is_null());
      double sum = 0.0;
      for (std::size_t i = 1; i < ids.size(); ++i) {
        const double logprob = expected.logprob(r, i - 1, ids[i]);
        EXPECT_NEAR(lines[r]["logprobs"][i].get<double>(), logprob, 1e-4) << i;
        sum += logprob;
      }
      EXPECT_NEAR(lines[r]["sum"].get<double>(), sum, 1e-3);
      EXPECT_TRUE(lines[r]["bits_per_byte"].is_null()) << "there is no tokenizer to count bytes by";
      EXPECT_EQ(lines[r]["greedy"], false);
    }
    ++models;
  }
  EXPECT_GE(models, 7);
}

TEST(Score, GreedyMeansEveryTokenIsTheLikeliest) {
  const Golden expected = read_golden(kModel);
  const std::int32_t first = expected.ids[0][0], best = expected.likeliest(0, 0);
  const Ran ran = run_command(
      {"score", kModel}, ids_line({first, best}) + ids_line({first, best == 5 ? 6 : 5}) + ids_line({first}));
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 3u) << ran.err;
  EXPECT_EQ(lines[0]["greedy"], true);
  EXPECT_EQ(lines[1]["greedy"], false);
  EXPECT_EQ(lines[2].dump(), Json({{"ids", {first}},
                                   {"logprobs", {nullptr}},
                                   {"sum", 0.0},
                                   {"bits_per_byte", nullptr},
                                   {"greedy", true}})
                                 .dump());
}

TEST(Score, TextsAndPairsAreTheirTokens) {
  const std::string prompt = "What is 3 + 4?", completion = " <answer>7</answer>";
  const std::string input = Json{{"text", prompt}}.dump() + "\n" +
                            Json{{"prompt", prompt}, {"completion", completion}}.dump() + "\n" +
                            Json{{"prompt", prompt}, {"completion", ""}}.dump() + "\n";
  const Ran tokens = run_command({"tokenize", tiny_model()}, Json{{"text", prompt}}.dump() + "\n" +
                                                                 Json{{"text", completion}}.dump() + "\n");
  ASSERT_EQ(tokens.exit_code, 0) << tokens.err;
  const Json head = tokens.lines()[0]["ids"], tail = tokens.lines()[1]["ids"];
  Json both = head;
  for (const Json& id : tail) both.push_back(id);

  const Ran ran = run_command({"score", tiny_model()},
                              input + Json{{"ids", both}}.dump() + "\n" + Json{{"ids", head}}.dump() + "\n");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0]["ids"], head);
  EXPECT_EQ(lines[0], lines[4]) << "a text is its ids, bits per byte included";
  EXPECT_EQ(lines[1]["ids"], both);
  EXPECT_EQ(lines[1]["logprobs"], lines[3]["logprobs"]);
  double sum = 0.0, text_sum = 0.0;
  for (std::size_t i = head.size(); i < both.size(); ++i) sum += lines[1]["logprobs"][i].get<double>();
  for (std::size_t i = 1; i < head.size(); ++i) text_sum += lines[0]["logprobs"][i].get<double>();
  EXPECT_DOUBLE_EQ(lines[1]["sum"].get<double>(), sum);
  EXPECT_DOUBLE_EQ(lines[1]["bits_per_byte"].get<double>(),
                   -sum / std::numbers::ln2 / static_cast<double>(completion.size()));
  EXPECT_DOUBLE_EQ(lines[0]["bits_per_byte"].get<double>(),
                   -text_sum / std::numbers::ln2 / static_cast<double>(prompt.size()));
  EXPECT_EQ(lines[2]["sum"], 0.0);
  EXPECT_TRUE(lines[2]["bits_per_byte"].is_null());
}

TEST(Score, IsThatOfWhatWasSampled) {
  const Ran sampled = run_command({"sample", tiny_model(), "What is 3 + 4?", "-n", "3", "--json",
                                   "--max-new-tokens", "12", "--seed", "5"});
  ASSERT_EQ(sampled.exit_code, 0) << sampled.err;
  std::string input;
  for (const Json& line : sampled.lines()) {
    Json ids = line["prompt_ids"];
    for (const Json& id : line["ids"]) ids.push_back(id);
    input += Json{{"ids", ids}}.dump() + "\n";
  }
  const Ran scored = run_command({"score", tiny_model()}, input);
  ASSERT_EQ(scored.lines().size(), 3u) << scored.err;
  for (std::size_t s = 0; s < 3; ++s) {
    const Json sample = sampled.lines()[s], score = scored.lines()[s];
    const std::size_t prompt = sample["prompt_ids"].size();
    for (std::size_t i = 0; i < sample["ids"].size(); ++i) {
      EXPECT_EQ(sample["logprobs"][i], score["logprobs"][prompt + i]) << "to the bit";
    }
  }
}

TEST(Score, SaysWhichLineIsBad) {
  struct Case {
    std::string input;
    std::vector<std::string> parts;
  };
  const Case cases[] = {
      {"{\"ids\":[1,320]}", {"[stdin:2: ids[1]]", "from 0 to 319", "got 320"}},
      {"{\"ids\":[]}", {"[stdin:2: ids]", "at least one"}},
      {Json{{"ids", std::vector<int>(257, 3)}}.dump(), {"[stdin:2]", "context of 256", "257 tokens"}},
      {"{\"text\":\"a\"}", {"tokenizer.json"}},
      {"{\"prompt\":\"a\"}", {"[stdin:2]", "must have \"completion\""}},
      {"{}", {"[stdin:2]", "must have \"ids\"", "an empty object"}},
      {"nonsense", {"[stdin:2]", "must be valid JSON"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.input.substr(0, 40));
    const Ran ran = run_command({"score", kModel}, "{\"ids\":[1,2]}\n" + c.input + "\n");
    expect_one_error(ran, c.parts);
    EXPECT_EQ(ran.lines().size(), 1u);
  }
  EXPECT_EQ(run_command({"score", kModel}, Json{{"ids", std::vector<int>(256, 3)}}.dump()).exit_code, 0);
}

}  // namespace
}  // namespace hone
