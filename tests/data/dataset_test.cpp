// The order, the split and the errors of datasets, from files and from tasks.
#include "hone/data/dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "data/exact.h"
#include "hone/base/check.h"
#include "support/temp_folder.h"

// Options that a test does not name keep their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace hone {
namespace {

std::unique_ptr<Dataset> opened(const DataOptions& options, std::uint64_t seed = 1) {
  auto dataset = open_dataset(options, seed);
  if (!dataset.ok()) throw std::runtime_error(dataset.error().message());
  return std::move(*dataset);
}

std::string refusal(const DataOptions& options) {
  const auto dataset = open_dataset(options, 1);
  return dataset.ok() ? "accepted" : dataset.error().message();
}

std::string text(const Problem& p) { return p.messages.back().content; }

class Files : public ::testing::Test {
 protected:
  // Rows "question FIRST" … before "question LAST".
  std::string rows(const std::string& name, int first, int last) {
    const std::string path = (folder_ / name).string();
    std::ofstream out(path);
    for (int i = first; i < last; ++i)
      out << "{\"prompt\":\"question " << i << "\",\"answer\":" << i << "}\n";
    return path;
  }
  testing::TempFolder folder_;
};

using FileDatasets = Files;

TEST_F(FileDatasets, EachEpochVisitsEveryTrainingRowOnce) {
  const auto dataset = opened({.files = {rows("a", 0, 100), rows("b", 100, 200)}, .eval_fraction = 0.2});
  const std::int64_t n = dataset->train_size();
  EXPECT_EQ(n + dataset->eval_size(), 200);
  std::vector<std::vector<std::string>> epochs(3);
  for (std::int64_t i = 0; i < 3 * n; ++i)
    epochs[static_cast<std::size_t>(i / n)].push_back(text(dataset->train(i)));
  const std::set<std::string> first(epochs[0].begin(), epochs[0].end());
  EXPECT_EQ(static_cast<std::int64_t>(first.size()), n);
  for (std::size_t e = 1; e < 3; ++e) {
    EXPECT_EQ(std::set<std::string>(epochs[e].begin(), epochs[e].end()), first);
    EXPECT_NE(epochs[e], epochs[e - 1]);
  }
}

TEST_F(FileDatasets, RowsThatACheckRefusesAreLeftOut) {
  const auto dataset = opened({.files = {rows("a", 0, 100)}, .eval_fraction = 0.2});
  const std::int64_t train = dataset->train_size(), eval = dataset->eval_size();
  dataset->train(train + 1);  // an order that must be forgotten
  const auto refuse = [](const std::string& digit) {
    return [digit](const Problem& p) -> Result<void> {
      if (text(p).ends_with(digit)) return Error{p.source, "must be wanted", ""};
      return {};
    };
  };
  ASSERT_TRUE(dataset->leave_out(refuse("1"), refuse("3")).ok());
  EXPECT_LT(dataset->train_size(), train);
  EXPECT_LT(dataset->eval_size(), eval);
  EXPECT_EQ(dataset->skipped(), train + eval - dataset->train_size() - dataset->eval_size());
  std::set<std::string> seen;
  for (std::int64_t i = 0; i < dataset->train_size(); ++i) seen.insert(text(dataset->train(i)));
  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), dataset->train_size());
  for (const std::string& question : seen) EXPECT_FALSE(question.ends_with("1")) << question;
  for (std::int64_t i = 0; i < dataset->eval_size(); ++i) EXPECT_FALSE(text(dataset->eval(i)).ends_with("3"));
  const auto nothing_left = dataset->leave_out(refuse(""), refuse("never"));
  ASSERT_FALSE(nothing_left.ok());
  EXPECT_NE(nothing_left.error().message().find("training"), std::string::npos);
}

TEST_F(FileDatasets, OrderDependsOnTheSeedAndNotOnWhatWasAskedBefore) {
  const DataOptions options{.files = {rows("a", 0, 60)}, .eval_fraction = 0.2};
  const auto forward = opened(options, 5), backward = opened(options, 5), other = opened(options, 6);
  std::map<std::int64_t, std::string> asked;
  const std::int64_t n = forward->train_size() * 4;
  for (std::int64_t i = n - 1; i >= 0; --i) asked[i] = text(backward->train(i));
  int differ = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    EXPECT_EQ(text(forward->train(i)), asked[i]);
    differ += text(other->train(i)) != asked[i] ? 1 : 0;
  }
  EXPECT_GT(differ, n / 2);
  for (std::int64_t i = 0; i < forward->eval_size(); ++i)
    EXPECT_EQ(text(forward->eval(i)), text(other->eval(i)));
}

TEST_F(FileDatasets, TheSplitIsByQuestionWhateverTheFile) {
  // Every question twice, in two files and two layouts.
  const std::string a = rows("a", 0, 300), b = (folder_ / "b").string();
  std::ofstream out(b);
  for (int i = 299; i >= 0; --i)
    out << "{\"answer\":\"x\",\"prompt\":[{\"role\":\"user\",\"content\":\"question  " << i << " \"}]}\n";
  out.close();
  const auto both = opened({.files = {a, b}, .eval_fraction = 0.3}),
             alone = opened({.files = {a}, .eval_fraction = 0.3});
  std::set<std::uint64_t> train, held_out, held_out_alone;
  for (std::int64_t i = 0; i < both->train_size(); ++i) train.insert(both->train(i).id);
  for (std::int64_t i = 0; i < both->eval_size(); ++i) held_out.insert(both->eval(i).id);
  for (std::int64_t i = 0; i < alone->eval_size(); ++i) held_out_alone.insert(alone->eval(i).id);
  for (const auto id : held_out) EXPECT_FALSE(train.contains(id));
  EXPECT_EQ(train.size() + held_out.size(), 300u);
  EXPECT_EQ(static_cast<std::int64_t>(held_out.size() * 2), both->eval_size());
  EXPECT_EQ(held_out, held_out_alone);
  EXPECT_NEAR(static_cast<double>(held_out.size()), 90.0, 35.0);
}

TEST_F(FileDatasets, TrainingRowsThatTheEvaluationFilesAskAreLeftOut) {
  const auto dataset = opened({.files = {rows("a", 0, 50)}, .eval_files = {rows("e", 40, 60)}});
  EXPECT_EQ(dataset->train_size(), 40);
  EXPECT_EQ(dataset->eval_size(), 20);
  std::set<std::string> held_out;
  for (std::int64_t i = 0; i < 20; ++i) held_out.insert(text(dataset->eval(i)));
  EXPECT_EQ(held_out.size(), 20u);
  EXPECT_TRUE(held_out.contains("question 59"));
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_FALSE(held_out.contains(text(dataset->train(i))));
}

TEST_F(FileDatasets, EvaluationFilesAloneHaveNothingToTrainOn) {
  const auto dataset = opened({.eval_files = {rows("e", 0, 3)}});
  EXPECT_EQ(dataset->train_size(), 0);
  EXPECT_EQ(dataset->eval_size(), 3);
  EXPECT_THROW(dataset->train(0), BrokenInvariant);
  EXPECT_THROW(dataset->eval(3), BrokenInvariant);
}

TEST_F(FileDatasets, SystemAndSuffixAreAddedAfterTheIdIsTaken) {
  const std::string path = (folder_ / "e").string();
  std::ofstream(path) << R"({"prompt":[{"role":"system","content":"own"},{"role":"user","content":"q"},)"
                      << R"({"role":"assistant","content":"a"},{"role":"user","content":"r"},)"
                      << R"({"role":"assistant","content":"so"}],"answer":"1"})"
                      << "\n{\"prompt\":\"plain\",\"answer\":\"2\"}\n";
  DataOptions options{.eval_files = {path}};
  const auto bare = opened(options);
  options.system = "be brief";
  options.prompt_suffix = " Go.";
  const auto dressed = opened(options);
  std::map<std::string, Problem> by_answer;
  for (std::int64_t i = 0; i < 2; ++i) {
    const Problem p = dressed->eval(i);
    EXPECT_EQ(p.id, bare->eval(i).id);
    by_answer[p.answer] = p;
  }
  const auto& chat = by_answer.at("1").messages;
  ASSERT_EQ(chat.size(), 5u);
  EXPECT_EQ(chat[0].content, "be brief\n\nown");
  EXPECT_EQ(chat[1].content, "q");
  EXPECT_EQ(chat[3].content, "r Go.");
  EXPECT_EQ(chat[4].content, "so");
  const auto& plain = by_answer.at("2").messages;
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_EQ(plain[0].role, "system");
  EXPECT_EQ(plain[0].content, "be brief");
  EXPECT_EQ(plain[1].content, "plain Go.");
}

TEST_F(FileDatasets, SkippedRowsAreCountedOverAllFiles) {
  const std::string a = rows("a", 0, 50), e = rows("e", 100, 110);
  std::ofstream(a, std::ios::app) << "{broken\n";
  std::ofstream(e, std::ios::app) << "{}\n[]\n";
  DataOptions options{.files = {a}, .on_error = "skip", .eval_files = {e}};
  EXPECT_EQ(opened(options)->skipped(), 3);
  options.on_error = "stop";
  EXPECT_EQ(refusal(options).find("[" + a + ":51]"), 0u) << refusal(options);
}

TEST_F(FileDatasets, Refusals) {
  const std::string a = rows("a", 0, 50), none = rows("none", 0, 0);
  EXPECT_EQ(refusal({}), "[data] must name files or a task, got neither");
  EXPECT_EQ(refusal({.files = {a}, .task = "sorting"}),
            "[data] must name files or a task, not both, got sorting");
  EXPECT_NE(refusal({.files = {(folder_ / "gone").string()}}).find("gone"), std::string::npos);
  EXPECT_NE(refusal({.files = {none}}).find("data.eval_fraction"), std::string::npos);
  EXPECT_NE(
      refusal({.files = {a}, .eval_files = {none}}).find("[data.eval_files] must hold at least one row"),
      std::string::npos);
  EXPECT_NE(refusal({.files = {a}, .eval_files = {a}}).find("got none of 50 rows"), std::string::npos);
  EXPECT_NE(refusal({.files = {rows("one", 0, 1)}, .eval_fraction = 1e-9}).find("data.eval_fraction"),
            std::string::npos);
  EXPECT_NE(refusal({.files = {a}, .eval_fraction = 1.0 - 1e-9}).find("for training"), std::string::npos);
  for (const double bad : {0.0, 1.0, -0.1, std::nan("")})
    EXPECT_NE(refusal({.files = {a}, .eval_fraction = bad}).find("[data.eval_fraction]"), std::string::npos)
        << bad;
  EXPECT_NE(refusal({.files = {a}, .on_error = "ignore"}).find("[data.on_error]"), std::string::npos);
}

TEST(TaskDatasets, TrainAndHeldOutNeverMeet) {
  for (const auto& task : all_tasks()) {
    const auto dataset = opened({.task = task->name(), .eval_fraction = 0.2}, 3);
    EXPECT_EQ(dataset->train_size(), -1);
    std::set<std::uint64_t> held_out;
    std::set<int> grades;
    for (std::int64_t i = 0; i < 300; ++i) {
      const Problem e = dataset->eval(i), t = dataset->train(i);
      EXPECT_TRUE(is_held_out(e, 0.2)) << task->name() << " " << i;
      EXPECT_FALSE(is_held_out(t, 0.2)) << task->name() << " " << i;
      held_out.insert(e.id);
      grades.insert(t.difficulty);
    }
    EXPECT_EQ(held_out.size(), 300u) << task->name();
    const auto wanted = task->default_difficulty();
    EXPECT_EQ(grades, std::set<int>(wanted.begin(), wanted.end())) << task->name();
    EXPECT_EQ(dataset->train(34).source, task->name() + ":34");
    EXPECT_EQ(dataset->eval(34).source, task->name() + ":eval:34");
  }
}

TEST(TaskDatasets, TrainingFollowsTheSeedAndEvaluationDoesNot) {
  const DataOptions options{.task = "arithmetic"};
  const auto a = opened(options, 1), same = opened(options, 1), b = opened(options, 2);
  int differ = 0;
  // Asked for out of order: eval(i) makes those before it first.
  for (std::int64_t i = 99; i >= 0; --i) {
    EXPECT_EQ(text(a->train(i)), text(same->train(i)));
    EXPECT_EQ(text(a->eval(99 - i)), text(b->eval(99 - i)));
    EXPECT_EQ(text(a->eval(i)), text(same->eval(i)));
    differ += text(a->train(i)) != text(b->train(i)) ? 1 : 0;
  }
  EXPECT_GT(differ, 90);
}

TEST(TaskDatasets, HeldOutProblemsRepeatOnlyWhenUsedUp) {
  // Grade 1 has 9·9·2 = 162 questions.
  const auto dataset = opened({.task = "arithmetic", .difficulty = {1}, .eval_fraction = 0.25});
  int held_out = 0;
  for (int a = 1; a <= 9; ++a)
    for (int b = 1; b <= 9; ++b)
      for (const char op : {'+', '-'}) {
        Problem p;
        RandomStream random(RandomKey{});
        const std::string question = std::to_string(a) + op + std::to_string(b);
        do p = find_task("arithmetic")->make(random, 1);
        while (text(p) != question);
        held_out += is_held_out(p, 0.25) ? 1 : 0;
      }
  std::set<std::string> questions;
  for (std::int64_t i = 0; i < held_out; ++i) questions.insert(text(dataset->eval(i)));
  EXPECT_EQ(static_cast<int>(questions.size()), held_out);
  for (std::int64_t i = held_out; i < held_out + 50; ++i)
    EXPECT_TRUE(questions.contains(text(dataset->eval(i))));
}

TEST(TaskDatasets, SystemAndSuffixAreAdded) {
  const auto bare = opened({.task = "sorting"});
  const auto dressed = opened({.task = "sorting", .system = "s", .prompt_suffix = "!"});
  const Problem a = bare->train(7), b = dressed->train(7);
  EXPECT_EQ(a.id, b.id);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[0].content, "s");
  EXPECT_EQ(b.messages[1].content, text(a) + "!");
  EXPECT_EQ(dressed->eval(0).messages.size(), 2u);
}

TEST(TaskDatasets, ThreadsSeeTheSameProblems) {
  const auto alone = opened({.task = "countdown"}), shared = opened({.task = "countdown"});
  std::vector<std::string> expected;
  for (std::int64_t i = 0; i < 200; ++i) expected.push_back(text(alone->eval(i)) + text(alone->train(i)));
  std::vector<std::vector<std::string>> seen(4, std::vector<std::string>(200));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t k = 0; k < 200; ++k) {
        const std::size_t i = (k * 37 + t * 50) % 200;
        const auto index = static_cast<std::int64_t>(i);
        seen[t][i] = text(shared->eval(index)) + text(shared->train(index));
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& one : seen) EXPECT_EQ(one, expected);
}

TEST(TaskDatasets, AMixHoldsEachTaskByItsWeight) {
  const auto even = opened({.task = {"arithmetic", "sorting"}});
  const auto weighed = opened({.task = {"arithmetic", "sorting"}, .task_weights = {3, 1}});
  const auto share = [](const Dataset& dataset, const char* name, bool held_out) {
    int count = 0;
    for (std::int64_t i = 0; i < 1000; ++i) {
      const Problem p = held_out ? dataset.eval(i) : dataset.train(i);
      count += p.source.starts_with(name) ? 1 : 0;
    }
    return count / 1000.0;
  };
  for (const bool held_out : {false, true}) {
    EXPECT_NEAR(share(*even, "arithmetic:", held_out), 0.5, 0.06);
    EXPECT_NEAR(share(*even, "sorting:", held_out), 0.5, 0.06);
    EXPECT_NEAR(share(*weighed, "arithmetic:", held_out), 0.75, 0.06);
  }
  EXPECT_EQ(even->eval(0).source.find(":eval:0") != std::string::npos, true);
}

// A sum that is held out is not seen inside a question about its answer either, nor the other way round.
TEST(TaskDatasets, AMixHoldsOutWhatItsQuestionsHold) {
  const auto mix =
      opened({.task = {"arithmetic", "check_arithmetic"}, .difficulty = {1}, .eval_fraction = 0.3});
  const auto sum_in = [](const Problem& p) { return p.kin != 0 ? p.kin : p.id; };
  std::set<std::uint64_t> trained, held_out;
  bool both = false, sums = false;
  for (std::int64_t i = 0; i < 1500; ++i) {
    const Problem p = mix->train(i);
    trained.insert(sum_in(p));
    both = both || p.kin != 0;
    sums = sums || p.kin == 0;
  }
  for (std::int64_t i = 0; i < 100; ++i) held_out.insert(sum_in(mix->eval(i)));
  EXPECT_TRUE(both && sums);
  EXPECT_GE(trained.size(), 90u);
  for (const std::uint64_t sum : held_out) EXPECT_FALSE(trained.contains(sum));
}

TEST(TaskDatasets, InAMixATaskOfOneGradeKeepsIt) {
  const auto mix = opened({.task = {"arithmetic", "propose_arithmetic"}, .difficulty = {4}});
  int sums = 0;
  for (std::int64_t i = 0; i < 100; ++i) {
    const Problem p = mix->train(i);
    const bool sum = p.source.starts_with("arithmetic");
    sums += sum ? 1 : 0;
    EXPECT_EQ(p.difficulty, sum ? 4 : 1);
  }
  EXPECT_GT(sums, 20);
  EXPECT_EQ(refusal({.task = "propose_arithmetic", .difficulty = {4}}),
            "[data.difficulty] propose_arithmetic has grades 1 to 1, got 4");
}

TEST(TaskDatasets, Refusals) {
  EXPECT_EQ(refusal({.task = {"arithmetic", "sortin"}}),
            "[data.task] must be a known task (did you mean sorting?), got \"sortin\"");
  EXPECT_EQ(refusal({.task = {"arithmetic", "sorting"}, .task_weights = {1}}),
            "[data.task_weights] must weigh each of the 2 tasks, got 1 weights");
  EXPECT_EQ(refusal({.task = {"arithmetic", "sorting"}, .difficulty = {9}}),
            "[data.difficulty] sorting has grades 1 to 6, got 9");

  EXPECT_EQ(refusal({.task = "arithmetik"}),
            "[data.task] must be a known task (did you mean arithmetic?), got \"arithmetik\"");
  EXPECT_NE(refusal({.task = "zzzzzzzzz"}).find("must be one of arithmetic, base_conversion"),
            std::string::npos);
  EXPECT_EQ(refusal({.task = "sorting", .difficulty = {2, 9}}),
            "[data.difficulty] sorting has grades 1 to 6, got 9");
  EXPECT_NE(refusal({.task = "sorting", .eval_files = {"x"}}).find("[data.eval_files]"), std::string::npos);
  EXPECT_NE(
      refusal({.task = "arithmetic", .difficulty = {1}, .eval_fraction = 1e-9}).find("[data.eval_fraction]"),
      std::string::npos);
}

}  // namespace
}  // namespace hone
