// What the pages are told: runs, metrics, groups, evaluations, tokens; and who is told.
#include "hone/web/pages_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <fstream>
#include <thread>

#include "hone/base/files.h"
#include "hone/config/recipe.h"
#include "hone/store/run_store.h"
#include "hone/text/tokenizer.h"
#include "hone/web/pages_assets.h"
#include "support/temp_folder.h"
#include "web/http_client.h"

namespace hone {
namespace {

using testing::Answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::TempFolder;

Rollout rollout(const std::string& text, bool correct, double advantage = 0) {
  Rollout r;
  r.completion.text = text;
  r.completion.ids = {1, 2};
  r.completion.logprobs = {-0.5F, -0.25F};
  r.completion.finish = FinishReason::kEos;
  r.reward.correct = correct;
  r.reward.total = correct ? 1.0 : 0.0;
  r.advantage = advantage;
  r.reward.parts = {{"number",
                     1.0,
                     {correct ? VerdictStatus::kCorrect : VerdictStatus::kWrong, correct ? 1.0 : 0.0,
                      correct ? "4 = 4" : "5 is not 4"}}};
  return r;
}

Group group(std::uint64_t problem, std::vector<Rollout> rollouts, int difficulty = 2) {
  Group g;
  g.problem.id = problem;
  g.problem.source = "sums:" + std::to_string(problem);
  g.problem.answer = "4";
  g.problem.difficulty = difficulty;
  g.problem.messages = {{"user", "2+2 \xff <script>"}};
  g.prompt_text = "2+2";
  g.prompt_ids = {7, 8, 9};
  g.rollouts = std::move(rollouts);
  return g;
}

// A folder of runs and a server over it.
struct Pages {
  TempFolder folder;
  PagesApi api{{.runs = folder.path(), .version = "9.9", .live_seconds = 0.05}};
  HttpServer server;
  int port = 0;
  explicit Pages(HttpOptions options = {}) : server(std::move(options)) {
    api.add_to(server);
    add_pages(server);
    auto started = server.start();
    if (!started.ok()) throw std::runtime_error(started.error().message());
    port = *started;
  }
  RunStore make(const std::string& name, int steps = 3) {
    fs::create_directories(folder / name);
    const auto parsed =
        parse_recipe(fmt::format("data: {{task: arithmetic}}\ngrpo: {{steps: {}}}\n", steps), "recipe");
    if (!parsed.ok()) throw std::runtime_error(parsed.error().message());
    EXPECT_TRUE(write_file_atomically(folder.path() / name / "recipe.yaml", to_yaml(*parsed)).ok());
    auto store = RunStore::open(folder.path() / name / "run.db");
    if (!store.ok()) throw std::runtime_error(store.error().message());
    return *std::move(store);
  }
  Answer get(const std::string& target, const std::string& headers = "") const {
    return HttpClient(port).ask("GET", target, "", headers);
  }
  Json json(const std::string& target) const {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
    return answer.json();
  }
  // The message of the error that comes with this status.
  std::string refused(const std::string& target, int status) const {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
    return answer.json()["error"]["message"];
  }
};

void add(RunStore& store, const std::string& stage, std::int64_t step, std::vector<Group> groups,
         Metrics metrics = {}) {
  const auto done = store.append(
      {.stage = stage, .step = step, .metrics = std::move(metrics), .groups = std::move(groups)});
  ASSERT_TRUE(done.ok()) << done.error().message();
}

TEST(PagesApi, ListsRunsInFoldersWithTheirStates) {
  Pages pages;
  EXPECT_EQ(pages.json("/api/runs")["runs"], Json::array());
  RunStore plain = pages.make("plain", 7), deep = pages.make("old/deep");
  add(plain, "eval", 0, {group(1, {rollout("4", true)})}, {{"eval_accuracy", 0.25}});
  add(plain, "grpo", 3, {group(1, {rollout("4", true)})});
  ASSERT_TRUE(plain.set_fact("state", "finished").ok());
  ASSERT_TRUE(deep.set_fact("state", "running").ok());  // but nobody holds its lock
  fs::create_directories(pages.folder / "broken");
  std::ofstream(pages.folder / "broken" / "run.db") << std::string(4000, 'z');
  fs::create_directories(pages.folder / "begun");
  std::ofstream(pages.folder / "begun" / "recipe.yaml") << "name: begun\n";
  fs::create_directories(pages.folder / "empty");
  fs::create_directory_symlink(pages.folder.path(), pages.folder / "round");

  const Json runs = pages.json("/api/runs")["runs"];
  ASSERT_EQ(runs.size(), 4U) << runs;
  EXPECT_EQ(runs[0]["run"], "begun");
  EXPECT_EQ(runs[0]["state"], "empty");
  EXPECT_EQ(runs[1]["state"], "broken");
  EXPECT_THAT(std::string(runs[1]["error"]), HasSubstr("whole SQLite database"));
  EXPECT_EQ(runs[2]["run"], "old/deep");
  EXPECT_EQ(runs[2]["state"], "interrupted");
  EXPECT_EQ(runs[3]["state"], "finished");
  EXPECT_EQ(runs[3]["recipe"]["totals"]["grpo"], 7);
  EXPECT_EQ(runs[3]["held_out"]["values"], (Json{0.25}));
  EXPECT_EQ(runs[3]["stages"][0]["name"], "grpo");  // training before measuring
  EXPECT_EQ(pages.json("/api/run?run=old%2Fdeep")["run"], "old/deep");

  // Who holds the lock runs.
  const int lock = ::open((pages.folder / "old" / "deep" / "lock").c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_EQ(pages.json("/api/run?run=old%2Fdeep")["state"], "running");
  ::close(lock);
  EXPECT_EQ(pages.json("/api/run?run=old%2Fdeep")["state"], "interrupted");
}

TEST(PagesApi, ARunsFolderItselfIsARun) {
  Pages pages;
  RunStore store = pages.make("one");
  PagesApi api({.runs = pages.folder / "one"});
  HttpServer server({});
  api.add_to(server);
  const auto port = server.start();
  ASSERT_TRUE(port.ok());
  const Json runs = HttpClient(*port).ask("GET", "/api/runs").json()["runs"];
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["run"], "one");
}

TEST(PagesApi, MetricsAreAveragedWhereTheyAreMany) {
  Pages pages;
  RunStore store = pages.make("r");
  for (int i = 1; i <= 10; ++i) {
    Metrics metrics{{"reward", static_cast<double>(i)}};
    if (i == 4) metrics["kl"] = std::nan("");
    add(store, "grpo", i, {}, metrics);
  }
  const Json all = pages.json("/api/metrics?run=r&stage=grpo");
  EXPECT_EQ(all["bin"], 1);
  EXPECT_EQ(all["steps"].size(), 10U);
  EXPECT_EQ(all["metrics"]["kl"][3], nullptr);
  const Json some = pages.json("/api/metrics?run=r&stage=grpo&points=4");
  EXPECT_EQ(some["bin"], 3);
  EXPECT_EQ(some["steps"], (Json{3, 6, 9, 10}));
  EXPECT_EQ(some["metrics"]["reward"], (Json{2, 5, 8, 10}));
  EXPECT_EQ(pages.json("/api/metrics?run=r&stage=grpo&after=9")["steps"], (Json{10}));
  EXPECT_EQ(pages.json("/api/metrics?run=r&stage=sft")["steps"], Json::array());
}

TEST(PagesApi, AGroupTellsAnswersVotesAndReasons) {
  Pages pages;
  RunStore store = pages.make("r");
  add(store, "grpo", 1,
      {group(5, {rollout("<think>a</think><answer>4</answer>", true, 1),
                 rollout("<answer> 4 </answer>", true, 1), rollout("<answer>5</answer>", false, -2),
                 rollout("\xff nothing", false)})});
  const Json whole = pages.json("/api/group?run=r&stage=grpo&step=1&group=0");
  EXPECT_EQ(whole["problem"], "5");
  EXPECT_EQ(whole["prompt_tokens"], 3);
  EXPECT_EQ(whole["messages"][0]["content"], "2+2 \xEF\xBF\xBD <script>");  // JSON is UTF-8 always
  EXPECT_EQ(whole["votes"]["none"], 1);
  ASSERT_EQ(whole["votes"]["answers"].size(), 2U);
  EXPECT_EQ(whole["votes"]["answers"][0], (Json{{"answer", "4"}, {"count", 2}, {"correct", 2}}));
  EXPECT_EQ(whole["rollouts"][2]["parts"][0]["detail"], "5 is not 4");
  EXPECT_EQ(whole["rollouts"][2]["advantage"], -2);
  EXPECT_FALSE(whole["rollouts"][0].contains("pieces"));
  // Without a checkpoint there is no tokenizer, and the page is told why.
  const Json asked = pages.json("/api/group?run=r&stage=grpo&step=1&group=0&tokens=1");
  EXPECT_THAT(std::string(asked["tokens_missing"]), HasSubstr("tokenizer"));
  const Json rows = pages.json("/api/groups?run=r&status=wrong")["rows"];
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["correct"], 2);
  EXPECT_EQ(pages.json("/api/groups?run=r&disagree=right_low")["rows"], Json::array());
  EXPECT_EQ(pages.json("/api/problem?run=r&problem=5")["rows"].size(), 1U);
}

// Tokens that end within a character are shown with those that finish it, and the logprobs add up.
TEST(PagesApi, PiecesAreWholeCharacters) {
  Pages pages;
  RunStore store = pages.make("r");
  TokenizerInitOptions options;
  options.vocab_size = 300;
  const std::vector<std::string> texts = {"1+1"};
  const auto files = train_tokenizer(options, texts);
  ASSERT_TRUE(files.ok());
  const fs::path checkpoint = pages.folder.path() / "r" / "checkpoints" / "step-1";
  fs::create_directories(checkpoint);
  ASSERT_TRUE(write_tokenizer(*files, checkpoint).ok());
  const auto tokenizer = Tokenizer::load(checkpoint);
  ASSERT_TRUE(tokenizer.ok());
  Rollout r = rollout("x", true);
  r.completion.ids = tokenizer->encode("a∑b");  // "∑" is three bytes, each a token here
  ASSERT_EQ(r.completion.ids.size(), 5U);
  r.completion.ids.push_back(tokenizer->encode("é")[0]);  // the first byte of two: it ends within a character
  r.completion.ids.push_back(*tokenizer->eos_id());
  r.completion.logprobs = {-1, -2, -3, -4, -5, -6, -7};
  Rollout measured = r;
  measured.completion.entropies = {0.5, 1, 2, 3, 4, 5, 6};
  measured.clipped = {0, 1, 3, 0, 0, 0, 1};
  add(store, "grpo", 1, {group(1, {r, measured})});
  const Json whole = pages.json("/api/group?run=r&stage=grpo&step=1&group=0&tokens=1");
  EXPECT_EQ(whole["tokens_missing"], nullptr);
  const Json& bare = whole["rollouts"][0];
  const Json expected = {{"a", 1, -1.0, nullptr, 0},
                         {"∑", 3, -9.0, nullptr, 0},
                         {"b", 1, -5.0, nullptr, 0},
                         {"\xEF\xBF\xBD", 1, -6.0, nullptr, 0},
                         {"<|im_end|>", 1, -7.0, nullptr, 0, 1}};
  EXPECT_EQ(bare["pieces"], expected);
  EXPECT_EQ(bare["entropy"], nullptr);
  EXPECT_EQ(bare["clipped"], nullptr) << "not recorded";
  const Json& whole_one = whole["rollouts"][1];
  const Json with_all = {{"a", 1, -1.0, 0.5, 0},
                         {"∑", 3, -9.0, 6.0, 3},
                         {"b", 1, -5.0, 4.0, 0},
                         {"\xEF\xBF\xBD", 1, -6.0, 5.0, 0},
                         {"<|im_end|>", 1, -7.0, 6.0, 1, 1}};
  EXPECT_EQ(whole_one["pieces"], with_all);
  EXPECT_DOUBLE_EQ(whole_one["entropy"].get<double>(), 21.5 / 7);
  EXPECT_EQ(whole_one["clipped"], 3) << "tokens";
}

// As the run's rubric compares them.
TEST(PagesApi, VotesForTheSameNumberAreOneAnswer) {
  Pages pages;
  const auto answers = [&](const std::string& run, const std::string& rubric) {
    const auto recipe = parse_recipe(
        fmt::format("data: {{task: arithmetic}}\ngrpo: {{steps: 3}}\nreward: {}\n", rubric), "recipe");
    if (!recipe.ok()) throw std::runtime_error(recipe.error().message());
    const fs::path folder = pages.folder.path() / run;
    fs::create_directories(folder);
    EXPECT_TRUE(write_file_atomically(folder / "recipe.yaml", to_yaml(*recipe)).ok());
    auto written = RunStore::open(folder / "run.db");
    if (!written.ok()) throw std::runtime_error(written.error().message());
    add(*written, "grpo", 1,
        {group(5, {rollout("<answer>0.50</answer>", false), rollout("so the answer is 1/2", true),
                   rollout("<answer>1/2</answer>", true), rollout("<answer>one half</answer>", false)})});
    return pages.json("/api/group?run=" + run + "&stage=grpo&step=1&group=0")["votes"];
  };
  const Json by_number = answers("a", "[{verifier: format}, {verifier: number}]");
  EXPECT_EQ(by_number["compared_by"], "number");
  EXPECT_EQ(by_number["answers"], (Json{{{"answer", "0.5"}, {"count", 3}, {"correct", 2}}}));
  EXPECT_EQ(by_number["none"], 1);
  const Json by_vote = answers("b", "[{verifier: vote, answers: math}]");
  EXPECT_EQ(by_vote["compared_by"], "math");
  EXPECT_EQ(by_vote["answers"][0]["count"], 3);
  // Nothing there compares answers, and no program of a recipe is ever started to look at a run.
  const std::string made = (pages.folder / "made").string();
  const Json by_words = answers("c", fmt::format("[{{verifier: program, command: touch {}}}]", made));
  EXPECT_EQ(by_words["compared_by"], "text");
  EXPECT_EQ(by_words["answers"].size(), 3U);
  EXPECT_FALSE(fs::exists(made));
  // Of texts that stand in no run.
  const auto ask = [&](const std::string& run, const std::string& body) {
    return HttpClient(pages.port).ask("POST", "/api/votes?run=" + run, body);
  };
  EXPECT_EQ(
      ask("a", R"({"texts": ["<answer>1/2</answer>", "7", "<answer>0.5</answer>", ""]})").json(),
      Json::parse(R"({"answers": [{"answer": "0.5", "count": 2}, {"answer": "7", "count": 1}], "none": 1,
                            "compared_by": "number"})"));
  EXPECT_EQ(ask("none", R"({"texts": []})").status, 404);
  for (const char* wrong : {"[", "[]", "7", "{}", R"({"texts": "7"})", R"({"texts": [7]})"})
    EXPECT_EQ(ask("a", wrong).status, 400) << wrong;
  const std::vector<std::string> many(257, "7");
  EXPECT_EQ(ask("a", Json{{"texts", many}}.dump()).status, 400);
}

TEST(PagesApi, EvaluationsHaveIntervalsAndDifficulties) {
  Pages pages;
  RunStore store = pages.make("r");
  add(store, "eval", 0, {group(1, {rollout("4", true)}, 1), group(2, {rollout("5", false)}, 3)});
  add(store, "eval", 9, {group(1, {rollout("4", true)}, 1), group(2, {rollout("4", true)}, 3)});
  fs::create_directories(pages.folder / "r" / "evaluations");
  std::ofstream(pages.folder / "r" / "evaluations" / "final.json")
      << R"({"problems":2,"strategies":[{"strategy":"maj","k":4,"accuracy":0.9,"low":0.8,"high":1,"tokens":80},
             {"strategy":"budget","think_budget":16,"accuracy":0.5,"tokens":16}]})";
  std::ofstream(pages.folder / "r" / "evaluations" / "odd.json") << R"({"strategies":[3]})";
  const Json all = pages.json("/api/evaluations?run=r");
  ASSERT_EQ(all["recorded"].size(), 2U);
  const Json& first = all["recorded"][0];
  EXPECT_EQ(first["accuracy"], 0.5);
  // Wilson's interval of 1 of 2, by hand: (0.5 + z²/4 ± z·√(1/8 + z²/16)) / (1 + z²/2), z = 1.959964.
  EXPECT_NEAR(first["low"], 0.09453, 1e-5);
  EXPECT_NEAR(first["high"], 0.90547, 1e-5);
  EXPECT_EQ(first["tokens"], 2);
  EXPECT_EQ(first["by_difficulty"][1]["difficulty"], 3);
  EXPECT_EQ(first["by_difficulty"][1]["accuracy"], 0);
  EXPECT_EQ(all["strategies"][0]["points"][1]["k"], 16);
  EXPECT_EQ(all["strategies"][0]["points"][1]["low"], 0.5);
  ASSERT_EQ(all["unread"].size(), 1U);
  EXPECT_THAT(std::string(all["unread"][0]), HasSubstr("odd.json"));
}

TEST(PagesApi, TwoEvaluationsBesideEachOther) {
  Pages pages;
  RunStore store = pages.make("r"), other = pages.make("s");
  add(store, "eval", 0,
      {group(1, {rollout("4", true)}), group(2, {rollout("5", false)}), group(3, {rollout("5", false)})});
  add(store, "eval", 9,
      {group(1, {rollout("4", true)}), group(2, {rollout("4", true)}), group(3, {rollout("5", false)})});
  add(other, "eval", 4, {group(3, {rollout("4", true)}), group(8, {rollout("4", true)})});
  const Json same = pages.json("/api/answers?run=r&stage=eval&step=0&with_step=9");
  EXPECT_EQ(same["counts"], (Json{{"both", 1}, {"only_a", 0}, {"only_b", 1}, {"neither", 1}}));
  EXPECT_EQ(same["rows"].size(), 3U);
  const Json improved = pages.json("/api/answers?run=r&stage=eval&step=0&with_step=9&outcome=only_b");
  ASSERT_EQ(improved["rows"].size(), 1U);
  EXPECT_EQ(improved["rows"][0]["b"]["problem"], "2");
  EXPECT_EQ(improved["rows"][0]["a"]["step"], 0);
  const Json across = pages.json("/api/answers?run=r&stage=eval&step=9&with=s&with_step=4");
  EXPECT_EQ(across["total"], 1);
  EXPECT_EQ(across["only_in_one"], 3);
  EXPECT_EQ(across["rows"][0]["outcome"], "only_b");
  EXPECT_THAT(pages.refused("/api/answers?run=r&stage=eval&step=5&with_step=9", 404), HasSubstr("eval 5"));
  const Json problems = pages.json("/api/problems?run=r&order=improved&stage=eval");
  ASSERT_EQ(problems["rows"].size(), 1U);
  EXPECT_EQ(problems["rows"][0]["course"]["first"], 0);
}

TEST(PagesApi, RecipesAreCompared) {
  Pages pages;
  pages.make("a", 7);
  pages.make("b", 8);
  EXPECT_EQ(pages.json("/api/compare?run=a&with=b")["differences"], (Json{"grpo.steps: 7 -> 8"}));
  EXPECT_THAT(std::string(pages.json("/api/run?run=a")["recipe_text"]), HasSubstr("steps: 7"));
}

TEST(PagesApi, WrongQuestionsAreToldWhatIsWrong) {
  Pages pages;
  RunStore store = pages.make("r");
  add(store, "grpo", 1, {group(1, {rollout("4", true)})});
  EXPECT_THAT(pages.refused("/api/run?run=nope", 404), HasSubstr("got nope"));
  EXPECT_THAT(pages.refused("/api/run?run=..%2F..%2Fetc", 404), HasSubstr("a run of this folder"));
  EXPECT_THAT(pages.refused("/api/run", 404), HasSubstr("got none"));
  EXPECT_THAT(pages.refused("/api/metrics?run=r&stage=coffee", 400), HasSubstr("[stage]"));
  EXPECT_THAT(pages.refused("/api/metrics?run=r", 400), HasSubstr("[stage]"));
  EXPECT_THAT(pages.refused("/api/groups?run=r&step=-4", 400), HasSubstr("[step]"));
  EXPECT_THAT(pages.refused("/api/groups?run=r&limit=1000000", 400), HasSubstr("[limit]"));
  EXPECT_THAT(pages.refused("/api/groups?run=r&before=1e9", 400), HasSubstr("[before]"));
  EXPECT_THAT(pages.refused("/api/groups?run=r&disagree=always", 400), HasSubstr("right_low"));
  EXPECT_THAT(pages.refused("/api/group?run=r&stage=grpo&step=1&group=9", 404), HasSubstr("group 9"));
  EXPECT_THAT(pages.refused("/api/problems?run=r&order=odd", 400), HasSubstr("improved"));
  EXPECT_THAT(pages.refused("/api/problem?run=r&problem=77", 404), HasSubstr("got 77"));
  EXPECT_THAT(pages.refused("/api/problem?run=r&problem=x", 400), HasSubstr("problem's number"));
  EXPECT_THAT(pages.refused("/api/answers?run=r&stage=grpo&step=1", 400), HasSubstr("eval"));
  EXPECT_THAT(pages.refused("/api/nothing", 404), HasSubstr("/api/nothing"));
  fs::create_directories(pages.folder / "damaged");
  std::ofstream(pages.folder / "damaged" / "run.db") << std::string(9000, 'q');
  EXPECT_THAT(pages.refused("/api/groups?run=damaged", 500), HasSubstr("SQLite"));
}

// Another file in the place of a run's database is another run.
TEST(PagesApi, ARunThatIsMadeAnewIsReadAnew) {
  Pages pages;
  {
    RunStore store = pages.make("r");
    add(store, "grpo", 1, {group(1, {rollout("4", true)})});
    EXPECT_EQ(pages.json("/api/groups?run=r")["rows"].size(), 1U);
  }
  fs::remove_all(pages.folder / "r");
  EXPECT_THAT(pages.refused("/api/groups?run=r", 404), HasSubstr("got r"));
  RunStore store = pages.make("r");
  EXPECT_EQ(pages.json("/api/groups?run=r")["rows"].size(), 0U);
}

TEST(PagesApi, NeedsTheTokenButForThePages) {
  Pages pages({.token = "secret"});
  pages.make("r");
  EXPECT_EQ(pages.get("/api/runs").status, 401);
  EXPECT_EQ(pages.get("/api/live").status, 401);
  EXPECT_EQ(pages.get("/api/runs?token=secret").status, 401);  // addresses end up in logs
  EXPECT_EQ(pages.get("/api/runs", "Authorization: Bearer secret\r\n").status, 200);
  EXPECT_NE(pages.get("/").status, 401);
}

TEST(PagesApi, OtherSitesAreNotTold) {
  Pages pages;
  HttpClient client(pages.port);
  client.send("GET /api/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(client.receive().status, 403);
  EXPECT_EQ(pages.get("/api/runs", "Origin: http://evil.example\r\n").status, 403);
}

TEST(PagesAssets, AreCachedByTheirContent) {
  if (pages_assets().empty()) GTEST_SKIP() << "built without the pages (HONE_PAGES=OFF)";
  Pages pages;
  const Answer index = pages.get("/");
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.headers.at("cache-control"), "no-cache");
  EXPECT_THAT(index.headers.at("content-security-policy"), HasSubstr("script-src 'self'"));
  EXPECT_EQ(index.body.find("http://"), std::string::npos);  // nothing from elsewhere
  EXPECT_EQ(index.body.find("https://"), std::string::npos);
  const std::string etag = index.headers.at("etag");
  EXPECT_EQ(pages.get("/", "If-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(pages.get("/", "If-None-Match: \"other\"\r\n").status, 200);
  int scripts = 0, fonts = 0;
  for (const PagesAsset& asset : pages_assets()) {
    const Answer answer = pages.get(std::string(asset.path));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, asset.content);
    if (!asset.path.starts_with("/assets/")) continue;
    EXPECT_THAT(answer.headers.at("cache-control"), HasSubstr("immutable")) << asset.path;
    scripts += asset.path.ends_with(".js") ? 1 : 0;
    fonts += asset.path.ends_with(".woff2") ? 1 : 0;
  }
  EXPECT_GE(scripts, 2);  // KaTeX comes when it is needed
  EXPECT_GE(fonts, 2);
}

}  // namespace
}  // namespace hone
