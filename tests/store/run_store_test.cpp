#include "hone/store/run_store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "hone/base/files.h"
#include "store/records.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::expect_same;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::random_record;
using testing::TempFolder;

RunStore open(const fs::path& file, bool read_only = false) {
  auto store = RunStore::open(file, read_only);
  if (!store.ok()) throw std::runtime_error(store.error().message());
  return std::move(store).value();
}

std::string open_error(const fs::path& file, bool read_only = false) {
  const auto store = RunStore::open(file, read_only);
  return store.ok() ? "opened" : store.error().message();
}

void execute(const fs::path& file, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(RunStore, GivesBackEveryFieldToTheBit) {
  const TempFolder folder;
  {
    RunStore store = open(folder / "run.db");
    for (int step = 1; step <= 40; ++step) {
      ASSERT_TRUE(store.append(random_record("grpo", step, static_cast<std::uint64_t>(step))).ok());
    }
    const auto record = store.load("grpo", 7);
    ASSERT_TRUE(record.ok());
    expect_same(*record, random_record("grpo", 7, 7));
  }
  for (const bool read_only : {false, true}) {
    const RunStore store = open(folder / "run.db", read_only);
    for (int step = 1; step <= 40; ++step) {
      const auto record = store.load("grpo", step);
      ASSERT_TRUE(record.ok()) << record.error().message();
      expect_same(*record, random_record("grpo", step, static_cast<std::uint64_t>(step)));
    }
  }
}

TEST(RunStore, MetricsComeInTheOrderOfSteps) {
  const TempFolder folder;
  RunStore store = open(folder / "run.db");
  for (const std::int64_t step : {3, 1, 2}) {
    ASSERT_TRUE(store.append({"sft", step, {{"loss", static_cast<double>(step) / 8}, {"kl", 0.0}}, {}}).ok());
  }
  ASSERT_TRUE(store.append({"grpo", 1, {{"loss", 9.0}, {"reward", -0.0}}, {}}).ok());
  const auto points = store.metric("sft", "loss");
  ASSERT_TRUE(points.ok());
  ASSERT_EQ(points->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*points)[i].step, static_cast<std::int64_t>(i + 1));
    EXPECT_EQ((*points)[i].value, static_cast<double>(i + 1) / 8);
  }
  const auto reward = store.metric("grpo", "reward");
  ASSERT_EQ(reward->size(), 1U);
  EXPECT_TRUE(std::signbit(reward->front().value));
  EXPECT_THAT(*store.metric("sft", "reward"), IsEmpty());
  EXPECT_THAT(*store.steps("sft"), ElementsAre(1, 2, 3));
  EXPECT_THAT(*store.steps("eval"), IsEmpty());
}

TEST(RunStore, FactsAreReplaced) {
  const TempFolder folder;
  RunStore store = open(folder / "run.db");
  EXPECT_EQ(*store.fact("state"), "");
  ASSERT_TRUE(store.set_fact("state", "running").ok());
  ASSERT_TRUE(store.set_fact("state", std::string("done\0\xff", 6)).ok());
  EXPECT_EQ(*store.fact("state"), std::string("done\0\xff", 6));
}

class Rewind : public ::testing::Test {
 protected:
  TempFolder folder;
  RunStore store = open(folder / "run.db");
  void SetUp() override {
    for (const char* stage : {"sft", "grpo", "eval"}) {
      for (std::int64_t step = stage[0] == 'e' ? 0 : 1; step <= 4; ++step) {
        ASSERT_TRUE(store.append(random_record(stage, step, 5)).ok());
      }
    }
  }
  std::int64_t rows(const char* table) {
    sqlite3* db = nullptr;
    sqlite3_stmt* query = nullptr;
    sqlite3_open((folder / "run.db").c_str(), &db);
    sqlite3_prepare_v2(db, fmt::format("SELECT count(*) FROM {}", table).c_str(), -1, &query, nullptr);
    sqlite3_step(query);
    const std::int64_t count = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return count;
  }
};

TEST_F(Rewind, ToAGrpoStepKeepsTheEvaluationsUpToIt) {
  ASSERT_TRUE(store.rewind("grpo", 2, 2).ok());
  EXPECT_THAT(*store.steps("sft"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(*store.steps("grpo"), ElementsAre(1, 2));
  EXPECT_THAT(*store.steps("eval"), ElementsAre(0, 1, 2));
  expect_same(*store.load("grpo", 2), random_record("grpo", 2, 5));
  ASSERT_TRUE(store.append(random_record("grpo", 3, 6)).ok());
  expect_same(*store.load("grpo", 3), random_record("grpo", 3, 6));
}

TEST_F(Rewind, ToASupervisedStepRemovesAllThatFollows) {
  ASSERT_TRUE(store.rewind("sft", 1, -1).ok());
  EXPECT_THAT(*store.steps("sft"), ElementsAre(1));
  EXPECT_THAT(*store.steps("grpo"), IsEmpty());
  EXPECT_THAT(*store.steps("eval"), IsEmpty());
}

TEST_F(Rewind, StagesBetweenHaveTheirPlace) {
  for (const char* stage : {"amortize", "eval_direct"}) {
    for (std::int64_t step = 1; step <= 4; ++step)
      ASSERT_TRUE(store.append(random_record(stage, step, 5)).ok());
  }
  ASSERT_TRUE(store.rewind("amortize", 3, 2).ok());
  EXPECT_THAT(*store.steps("sft"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(*store.steps("amortize"), ElementsAre(1, 2, 3));
  EXPECT_THAT(*store.steps("grpo"), IsEmpty());
  EXPECT_THAT(*store.steps("eval"), ElementsAre(0, 1, 2));
  EXPECT_THAT(*store.steps("eval_direct"), ElementsAre(1, 2));
}

TEST_F(Rewind, IsToAStageThatTrains) {
  for (const char* stage : {"warm", "eval"}) {
    EXPECT_THAT(store.rewind(stage, 1, 1).error().message(),
                HasSubstr(fmt::format("must be one of sft, amortize, propose, grpo, got {}", stage)));
  }
  EXPECT_THAT(*store.steps("grpo"), ElementsAre(1, 2, 3, 4));
}

TEST_F(Rewind, LeavesNoRowsBehind) {
  EXPECT_GT(rows("parts"), 0);
  ASSERT_TRUE(store.rewind("sft", 0, -1).ok());
  for (const char* table : {"steps", "metrics", "groups", "messages", "rollouts", "parts"}) {
    EXPECT_EQ(rows(table), 0) << table;
  }
}

TEST(RunStore, AStepIsRecordedOnce) {
  const TempFolder folder;
  RunStore store = open(folder / "run.db");
  ASSERT_TRUE(store.append(random_record("grpo", 1, 1)).ok());
  const auto again = store.append(random_record("grpo", 1, 2));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().message(),
            "[" + (folder / "run.db").string() + ": grpo step 1] must be recorded once, got it again");
  expect_same(*store.load("grpo", 1), random_record("grpo", 1, 1));
  EXPECT_FALSE(store.append(random_record("warm", 1, 2)).ok());
  EXPECT_THAT(store.load("grpo", 2).error().message(),
              HasSubstr("grpo step 2] must be recorded, got no such step"));
}

TEST(RunStore, ReadersSeeWholeStepsWhileTheWriterWrites) {
  const TempFolder folder;
  RunStore writer = open(folder / "run.db");
  ASSERT_TRUE(writer.append(random_record("grpo", 1, 1)).ok());
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::thread reading([&] {
    const RunStore reader = open(folder / "run.db", true);
    while (!done || reads == 0) {
      const auto steps = reader.steps("grpo");
      ASSERT_TRUE(steps.ok()) << steps.error().message();
      const std::int64_t last = steps->back();
      const auto record = reader.load("grpo", last);
      ASSERT_TRUE(record.ok()) << record.error().message();
      expect_same(*record, random_record("grpo", last, static_cast<std::uint64_t>(last)));
      ++reads;
    }
  });
  for (int step = 2; step <= 30; ++step) {
    ASSERT_TRUE(writer.append(random_record("grpo", step, static_cast<std::uint64_t>(step))).ok());
  }
  done = true;
  reading.join();
  EXPECT_GT(reads, 0);
}

TEST(RunStore, ReadOnlyStoresRefuseToWrite) {
  const TempFolder folder;
  open(folder / "run.db");
  RunStore store = open(folder / "run.db", true);
  EXPECT_THAT(store.append(random_record("grpo", 1, 1)).error().message(),
              HasSubstr("opened for writing, got read-only"));
  EXPECT_FALSE(store.rewind("grpo", 1, 1).ok());
  EXPECT_FALSE(store.set_fact("a", "b").ok());
}

TEST(RunStore, FilesThatAreNotARunAreRefusedAndLeftAlone) {
  const TempFolder folder;
  const std::string prose(5000, 'x');
  std::ofstream(folder / "prose.db") << prose;
  EXPECT_THAT(open_error(folder / "prose.db"), HasSubstr("prose.db] must be a whole SQLite database"));
  EXPECT_EQ(*read_file(folder / "prose.db"), prose);
  std::ofstream(folder / "short.db") << "hello";
  EXPECT_THAT(open_error(folder / "short.db", true), HasSubstr("must be a whole SQLite database"));

  execute(folder / "other.db", "CREATE TABLE t (x)");
  const std::string before = *read_file(folder / "other.db");
  EXPECT_THAT(open_error(folder / "other.db"),
              HasSubstr("must be a run database, got a database of another program"));
  EXPECT_EQ(*read_file(folder / "other.db"), before);

  EXPECT_THAT(open_error(folder / "none.db", true), HasSubstr("none.db] the file must be readable"));
  EXPECT_FALSE(fs::exists(folder / "none.db"));
  std::ofstream(folder / "empty.db") << "";
  EXPECT_THAT(open_error(folder / "empty.db", true), HasSubstr("must be a run database, got an empty file"));
  EXPECT_EQ(open_error(folder / "empty.db"), "opened");
  EXPECT_THAT(open_error(folder / "no folder/run.db"), HasSubstr("the file must be readable"));
  EXPECT_EQ(open_error(folder / ":memory:?mode=ro #1%.db"), "opened");
  EXPECT_TRUE(fs::exists(folder / ":memory:?mode=ro #1%.db"));
}

TEST(RunStore, OtherSchemaVersionsAreRefused) {
  const TempFolder folder;
  open(folder / "run.db");
  execute(folder / "run.db", "PRAGMA user_version = 7");
  for (const bool read_only : {false, true}) {
    EXPECT_THAT(open_error(folder / "run.db", read_only),
                HasSubstr("must have a schema version of at most 2, which this hone writes, got 7"));
  }
}

TEST(RunStore, FilesOfTheFirstSchemaAreReadAndWrittenOn) {
  const TempFolder folder;
  StepRecord old = random_record("grpo", 1, 5, 20);
  for (Group& group : old.groups) {
    for (Rollout& rollout : group.rollouts) {
      rollout.completion.entropies.clear();
      rollout.clipped.clear();
    }
  }
  ASSERT_TRUE(open(folder / "run.db").append(old).ok());
  execute(folder / "run.db",
          "ALTER TABLE rollouts DROP COLUMN entropies; ALTER TABLE rollouts DROP COLUMN clipped;"
          "PRAGMA user_version = 1");
  const RunStore reader = open(folder / "run.db", true);
  expect_same(*reader.load("grpo", 1), old);
  const StepRecord next = random_record("grpo", 2, 6, 20);
  {
    RunStore writer = open(folder / "run.db");
    expect_same(*writer.load("grpo", 1), old);
    ASSERT_TRUE(writer.append(next).ok());
  }
  // One that was open before sees what was added.
  expect_same(*reader.load("grpo", 1), old);
  expect_same(*reader.load("grpo", 2), next);
}

TEST(RunStore, DamagedFilesAreErrors) {
  const TempFolder folder;
  {
    RunStore store = open(folder / "run.db");
    for (int step = 1; step <= 20; ++step) ASSERT_TRUE(store.append(random_record("grpo", step, 9, 20)).ok());
  }
  const std::string whole = *read_file(folder / "run.db");
  std::ofstream(folder / "cut.db", std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_THAT(open_error(folder / "cut.db"), HasSubstr("must be a whole SQLite database"));

  std::string scribbled = whole;
  for (std::size_t at = 4096; at < scribbled.size(); ++at) scribbled[at] = static_cast<char>(at * 37);
  std::ofstream(folder / "scribbled.db", std::ios::binary) << scribbled;
  const auto store = RunStore::open(folder / "scribbled.db", true);
  ASSERT_TRUE(store.ok());  // the first page, all that opening reads, is whole
  EXPECT_THAT(store->load("grpo", 3).error().message(),
              HasSubstr("scribbled.db] must be a whole SQLite database"));

  execute(folder / "run.db", "UPDATE rollouts SET logprobs = x'010203', finish = 'eos'");
  std::string damage;
  const RunStore damaged = open(folder / "run.db", true);
  for (int step = 1; step <= 20 && damage.empty(); ++step) {
    if (const auto record = damaged.load("grpo", step); !record.ok()) damage = record.error().message();
  }
  EXPECT_THAT(damage, HasSubstr("run.db: logprobs] must hold whole numbers of its size, got 3 bytes"));
  execute(folder / "run.db", "UPDATE rollouts SET logprobs = x'', finish = 'tired'");
  EXPECT_THAT(damaged.load("grpo", 1).error().message(),
              HasSubstr("must hold words that this hone knows, got tired"));
}

TEST(RunStore, ASecondWriterWaitsItsTurn) {
  const TempFolder folder;
  RunStore a = open(folder / "run.db");
  RunStore b = open(folder / "run.db");
  std::thread other([&] {
    for (int step = 1; step <= 10; ++step) ASSERT_TRUE(b.append(random_record("sft", step, 1)).ok());
  });
  for (int step = 1; step <= 10; ++step) ASSERT_TRUE(a.append(random_record("grpo", step, 1)).ok());
  other.join();
  EXPECT_EQ(a.steps("sft")->size(), 10U);
  EXPECT_EQ(b.steps("grpo")->size(), 10U);
}

}  // namespace
}  // namespace hone
