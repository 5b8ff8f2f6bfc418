// hone tasks.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "hone/data/dataset.h"
#include "hone/data/task.h"

namespace hone {
namespace {

using namespace hone::testing;

TEST(Tasks, ListsEveryTask) {
  const Ran ran = run_command({"tasks"}), json = run_command({"tasks", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  ASSERT_EQ(json.lines().size(), all_tasks().size());
  ASSERT_GE(all_tasks().size(), 10u);
  for (std::size_t i = 0; i < all_tasks().size(); ++i) {
    const Task& task = *all_tasks()[i];
    EXPECT_NE(ran.out.find(task.name()), std::string::npos) << task.name();
    EXPECT_NE(ran.out.find(task.summary()), std::string::npos) << task.name();
    EXPECT_EQ(json.lines()[i]["name"], task.name());
    EXPECT_EQ(json.lines()[i]["verifier"], task.verifier());
    EXPECT_EQ(json.lines()[i]["grades"], task.max_difficulty());
  }
}

TEST(Tasks, ShowsTheProblemsThatTrainingSees) {
  DataOptions options;
  options.task = "arithmetic";
  options.difficulty = {1};
  const auto dataset = open_dataset(options, 7);
  ASSERT_TRUE(dataset.ok());
  const Ran ran = run_command({"tasks", "arithmetic", "--show", "3", "--difficulty", "1", "--seed", "7"});
  const Ran json =
      run_command({"tasks", "arithmetic", "--show", "3", "--difficulty", "1", "--seed", "7", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  ASSERT_EQ(json.lines().size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const Problem problem = (*dataset)->train(i);
    const Json line = json.lines()[static_cast<std::size_t>(i)];
    EXPECT_EQ(line["prompt"], problem.messages.at(0).content);
    EXPECT_EQ(line["answer"], problem.answer);
    EXPECT_EQ(line["solution"], problem.solution);
    EXPECT_EQ(line["difficulty"], 1);
    const std::string first_line =
        problem.messages[0].content.substr(0, problem.messages[0].content.find('\n'));
    EXPECT_NE(ran.out.find(first_line), std::string::npos);
    EXPECT_NE(ran.out.find("answer\n  " + problem.answer + "\n"), std::string::npos) << ran.out;
  }
}

TEST(Tasks, EveryTasksRowsAreAProblemFile) {
  const TempFolder folder;
  for (const auto& task : all_tasks()) {
    SCOPED_TRACE(task->name());
    const Ran ran = run_command({"tasks", task->name(), "--show", "4", "--json"});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const auto file = folder / (task->name() + ".jsonl");
    write_file(file, ran.out);
    DataOptions options;
    options.eval_files = {file.string()};
    options.fields.solution = "solution";
    const auto dataset = open_dataset(options, 0);
    ASSERT_TRUE(dataset.ok()) << dataset.error().message();
    EXPECT_EQ((*dataset)->eval_size(), 4);
  }
}

TEST(Tasks, SaysWhatIsWrong) {
  expect_one_error(run_command({"tasks", "arithmatic"}), {"[NAME]", "did you mean arithmetic?"});
  expect_one_error(run_command({"tasks", "arithmetic", "--difficulty", "99"}),
                   {"[--difficulty]", "has grades 1 to", "got 99"});
  expect_one_error(run_command({"tasks", "arithmetic", "--show", "0"}), {"[--show]", "got 0"});
}

}  // namespace
}  // namespace hone
