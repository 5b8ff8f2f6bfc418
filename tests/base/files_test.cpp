#include "hone/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>

#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TempFolder;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// The exit code of body() in a process of its own.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Files, ReadsBackWhatWasWritten) {
  TempFolder folder;
  std::string bytes(200'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  ASSERT_TRUE(write_file_atomically(folder / "a", bytes).ok());
  EXPECT_EQ(*read_file(folder / "a"), bytes);
  ASSERT_TRUE(write_file_atomically(folder / "a", "").ok());
  EXPECT_EQ(*read_file(folder / "a"), "");
  EXPECT_EQ(entries(folder.path()), 1u);  // no temporary file is left
}

TEST(Files, ErrorsNameThePathAndTheReason) {
  TempFolder folder;
  EXPECT_THAT(read_file(folder / "none").error().message(),
              AllOf(HasSubstr("/none]"), HasSubstr("No such file")));
  EXPECT_THAT(read_file(folder.path()).error().message(), HasSubstr("directory"));
  EXPECT_THAT(write_file_atomically(folder / "no" / "a", "x").error().message(),
              AllOf(HasSubstr("/no/a]"), HasSubstr("No such file")));
}

TEST(AtomicFile, TheDestinationStaysUntilCommit) {
  TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old").ok());
  {
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("new", 3).ok());
    EXPECT_EQ(*read_file(folder / "a"), "old");
  }
  EXPECT_EQ(*read_file(folder / "a"), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
  {
    auto created = AtomicFile::create(folder / "a");
    ASSERT_TRUE(created.ok());
    AtomicFile file = std::move(*created);
    ASSERT_TRUE(file.write("ne", 2).ok());
    ASSERT_TRUE(file.write("w", 1).ok());
    ASSERT_TRUE(file.commit().ok());
  }
  EXPECT_EQ(*read_file(folder / "a"), "new");
  EXPECT_EQ(entries(folder.path()), 1u);
}

// A full disk, played by the limit on a file's size.
TEST(AtomicFile, WhatDoesNotFitLeavesTheOldBytes) {
  TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old").ok());
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const auto written = write_file_atomically(folder / "a", std::string(5000, 'x'));
    if (written.ok()) return 3;
    return written.error().message().find("written whole") != std::string::npos ? 0 : 4;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(*read_file(folder / "a"), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(ReplaceFolder, PutsTheFinishedOneInPlaceOfTheOld) {
  TempFolder folder;
  const auto make = [&](const char* name, const char* file) {
    fs::create_directory(folder / name);
    ASSERT_TRUE(write_file_atomically(folder / name / file, file).ok());
  };
  make("first", "1");
  ASSERT_TRUE(replace_folder(folder / "first", folder / "current").ok());
  EXPECT_EQ(*read_file(folder / "current" / "1"), "1");
  make("second", "2");
  ASSERT_TRUE(replace_folder(folder / "second", folder / "current").ok());
  EXPECT_EQ(*read_file(folder / "current" / "2"), "2");
  EXPECT_FALSE(fs::exists(folder / "current" / "1"));
  EXPECT_EQ(entries(folder.path()), 1u);
  EXPECT_FALSE(replace_folder(folder / "absent", folder / "current").ok());
  EXPECT_EQ(*read_file(folder / "current" / "2"), "2");
}

TEST(MappedFile, SharesTheBytesAndOutlivesTheName) {
  TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "bytes").ok());
  std::optional<MappedFile> copy;
  {
    const auto file = MappedFile::open(folder / "a");
    ASSERT_TRUE(file.ok());
    copy = *file;
  }
  fs::remove(folder / "a");
  const auto bytes = copy->bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "bytes");
  EXPECT_TRUE(MappedFile().bytes().empty());
}

TEST(MappedFile, EmptyFilesOpenAndFoldersDoNot) {
  TempFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "empty", "").ok());
  ASSERT_TRUE(MappedFile::open(folder / "empty").ok());
  EXPECT_TRUE(MappedFile::open(folder / "empty")->bytes().empty());
  EXPECT_THAT(MappedFile::open(folder.path()).error().message(), HasSubstr("regular file"));
  EXPECT_THAT(MappedFile::open(folder / "none").error().message(), HasSubstr("No such file"));
}

TEST(FileLock, KeepsOtherProcessesOut) {
  TempFolder folder;
  const fs::path path = folder / "lock";
  const auto try_in_child = [&] {
    return in_child([&] {
      const auto lock = FileLock::acquire(path);
      if (lock.ok()) return 0;
      return lock.error().message().find("in use by another process") != std::string::npos ? 1 : 2;
    });
  };
  {
    auto lock = FileLock::acquire(path);
    ASSERT_TRUE(lock.ok()) << lock.error().message();
    EXPECT_EQ(try_in_child(), 1);
    const FileLock moved = std::move(*lock);
    EXPECT_EQ(try_in_child(), 1);
    EXPECT_FALSE(FileLock::acquire(path).ok());
  }
  EXPECT_EQ(try_in_child(), 0);
  EXPECT_TRUE(FileLock::acquire(path).ok());
  EXPECT_THAT(FileLock::acquire(folder / "no" / "lock").error().message(), HasSubstr("writable"));
}

TEST(FileLock, EndsWithItsHoldersDeath) {
  TempFolder folder;
  const fs::path path = folder / "lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::acquire(path);
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(FileLock::acquire(path).ok());
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FileLock::acquire(path).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace hone
