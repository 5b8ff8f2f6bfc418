// Files: whole reads, memory maps, replacement that never leaves a half-written file, and locks.
//
// Errors carry the path and the system's reason. Nothing here throws.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path);

// Writes beside `path`, syncs, renames over it and syncs the folder: after a crash the file holds either
// the old bytes or the new ones.
Result<void> write_file_atomically(const fs::path& path, std::string_view bytes);

// The same for files written in pieces. Without commit() the destination stays untouched and the
// temporary file is removed.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const fs::path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  Result<void> write(const void* data, std::size_t bytes);
  Result<void> commit();

 private:
  AtomicFile(fs::path path, fs::path temporary, int fd);
  fs::path path_, temporary_;
  int fd_ = -1;
};

// Renames a finished folder into place (replacing an older one) and syncs the parent.
Result<void> replace_folder(const fs::path& finished, const fs::path& destination);

// A file's bytes, mapped read-only and shared by copies of this value.
class MappedFile {
 public:
  static Result<MappedFile> open(const fs::path& path);
  std::span<const std::byte> bytes() const;

 private:
  struct Mapping;
  std::shared_ptr<const Mapping> mapping_;
};

// An exclusive lock held by this process until destruction or death (flock on `path`, made when absent).
// Error when another process holds it.
class FileLock {
 public:
  static Result<FileLock> acquire(const fs::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace hone
