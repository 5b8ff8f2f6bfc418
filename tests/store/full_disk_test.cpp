// A disk that fills up, at every write that a step makes.
#include <gmock/gmock.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <map>

#include "hone/store/run_store.h"
#include "hone/store/tensorboard.h"
#include "store/records.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using testing::expect_same;
using ::testing::HasSubstr;
using testing::random_record;
using testing::TempFolder;

// SQLite's own file system, but for the number of writes that still succeed.
int writes_left = -1;  // -1: any number
sqlite3_vfs limited_vfs;
sqlite3_vfs* real_vfs = nullptr;

// SQLite has several method tables, one for each way of locking. `methods` comes first: a file points at it.
struct LimitedMethods {
  sqlite3_io_methods methods;
  const sqlite3_io_methods* real;
};
std::map<const sqlite3_io_methods*, LimitedMethods> limited_methods;

int limited_write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 at) {
  if (writes_left == 0) return SQLITE_FULL;
  if (writes_left > 0) --writes_left;
  return reinterpret_cast<const LimitedMethods*>(file->pMethods)->real->xWrite(file, data, bytes, at);
}

int limited_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int status = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  if (status != SQLITE_OK || file->pMethods == nullptr) return status;
  const auto [entry, added] = limited_methods.try_emplace(file->pMethods);
  if (added) {
    entry->second = {*file->pMethods, file->pMethods};
    entry->second.methods.xWrite = limited_write;
  }
  file->pMethods = &entry->second.methods;
  return status;
}

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    real_vfs = sqlite3_vfs_find(nullptr);
    limited_vfs = *real_vfs;
    limited_vfs.zName = "limited";
    limited_vfs.xOpen = limited_open;
    sqlite3_vfs_register(&limited_vfs, 1);
  }
  void TearDown() override {
    writes_left = -1;
    sqlite3_vfs_unregister(&limited_vfs);
    sqlite3_vfs_register(real_vfs, 1);
  }
  TempFolder folder;
};

TEST_F(FullDisk, LeavesTheStepsBefore) {
  auto opened = RunStore::open(folder / "run.db");
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  RunStore store = std::move(opened).value();
  ASSERT_TRUE(store.append(random_record("grpo", 1, 1)).ok());
  int failures = 0;
  for (int room = 0;; ++room) {
    writes_left = room;
    const auto status = store.append(random_record("grpo", 2, 2));
    writes_left = -1;
    if (status.ok()) break;
    ++failures;
    ASSERT_THAT(
        status.error().message(),
        HasSubstr(
            "run.db] the disk must have room; what was being written is left out, got database or disk"));
    ASSERT_THAT(*store.steps("grpo"), ElementsAre(1));
    const auto reader = RunStore::open(folder / "run.db", true);
    ASSERT_THAT(*reader->steps("grpo"), ElementsAre(1));
    expect_same(*reader->load("grpo", 1), random_record("grpo", 1, 1));
  }
  EXPECT_GT(failures, 3);
  expect_same(*store.load("grpo", 2), random_record("grpo", 2, 2));
}

TEST_F(FullDisk, LeavesNoHalfMadeDatabase) {
  int failures = 0;
  for (int room = 0;; ++room) {
    writes_left = room;
    const auto store = RunStore::open(folder / "run.db");
    writes_left = -1;
    if (store.ok()) break;
    ++failures;
    ASSERT_THAT(store.error().message(), HasSubstr("the disk must have room"));
    ASSERT_TRUE(std::filesystem::is_empty(folder.path()));
  }
  EXPECT_GT(failures, 1);
}

// The system's own limit on a file's size stands in for a full disk.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    previous_handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, previous_handler_);
  }

 private:
  rlimit before_{};
  void (*previous_handler_)(int) = nullptr;
};

TEST_F(FullDisk, EventsAreWholeOrAbsent) {
  auto writer = EventWriter::create(folder.path());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write({"grpo", 1, {{"reward", 1.0}}, {}}).ok());
  const auto file = std::filesystem::directory_iterator(folder.path())->path();
  const auto size = std::filesystem::file_size(file);
  {
    const SizeLimit limit(size + 10);
    const auto status = writer->write({"grpo", 2, {{"reward", 2.0}}, {}});
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message(), HasSubstr("the event must be written whole, got File too large"));
  }
  EXPECT_EQ(std::filesystem::file_size(file), size);
  ASSERT_TRUE(writer->write({"grpo", 2, {{"reward", 2.0}}, {}}).ok());
  EXPECT_GT(std::filesystem::file_size(file), size + 10);
}

TEST_F(FullDisk, AFileLimitLeavesTheStepsBefore) {
  auto store = RunStore::open(folder / "run.db");
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(store->append(random_record("grpo", 1, 1)).ok());
  {
    const SizeLimit limit(std::filesystem::file_size(folder / "run.db-wal") + 100);
    const auto status = store->append(random_record("grpo", 2, 2, 40));
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message(), HasSubstr("the disk must be readable and writable"));
  }
  EXPECT_THAT(*store->steps("grpo"), ElementsAre(1));
  ASSERT_TRUE(store->append(random_record("grpo", 2, 2, 40)).ok());
}

}  // namespace
}  // namespace hone
