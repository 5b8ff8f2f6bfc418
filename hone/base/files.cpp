#include "hone/base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace hone {
namespace {

Error system_error(const fs::path& path, const char* rule) {
  return {path.string(), rule, std::strerror(errno)};
}

Result<void> sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error(folder, "the folder must be readable");
  const int rc = ::fsync(fd);
  ::close(fd);
  if (rc != 0) return system_error(folder, "the folder must be synced");
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, "the file must be readable");
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      Error error = system_error(path, "the file must be readable");
      ::close(fd);
      return error;
    }
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return bytes;
}

Result<void> write_file_atomically(const fs::path& path, std::string_view bytes) {
  HONE_TRY(AtomicFile file, AtomicFile::create(path));
  HONE_TRY_VOID(file.write(bytes.data(), bytes.size()));
  return file.commit();
}

AtomicFile::AtomicFile(fs::path path, fs::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const fs::path& path) {
  fs::path temporary = path;
  static std::atomic<unsigned> count{0};
  temporary += fmt::format(".{}-{}.tmp", ::getpid(), count++);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return system_error(path, "the file must be writable");
  return AtomicFile(path, std::move(temporary), fd);
}

Result<void> AtomicFile::write(const void* data, std::size_t bytes) {
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, p, bytes);
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error(path_, "the file must be written whole");
    }
    p += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (::fsync(fd_) != 0) return system_error(path_, "the file must be synced");
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Error error = system_error(path_, "the file must be put in place");
    ::unlink(temporary_.c_str());
    return error;
  }
  return sync_folder(path_.parent_path());
}

Result<void> replace_folder(const fs::path& finished, const fs::path& destination) {
  HONE_TRY_VOID(sync_folder(finished));
  std::error_code ec;
  if (fs::exists(destination, ec)) {
    // Exchanged in one step, so that at every instant one of the two stands there.
    if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, destination.c_str(), RENAME_EXCHANGE) != 0) {
      return system_error(destination, "the folder must be put in place");
    }
    HONE_TRY_VOID(sync_folder(destination.parent_path()));
    fs::remove_all(finished, ec);
    return {};
  }
  fs::rename(finished, destination, ec);
  if (ec) return Error{destination.string(), "the folder must be put in place", ec.message()};
  return sync_folder(destination.parent_path());
}

struct MappedFile::Mapping {
  void* data = nullptr;
  std::size_t size = 0;
  Mapping(void* d, std::size_t s) : data(d), size(s) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (size > 0) ::munmap(data, size);
  }
};

Result<MappedFile> MappedFile::open(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, "the file must be readable");
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return Error{path.string(), "must be a regular file", ""};
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* data = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  const bool failed = data == MAP_FAILED;
  Error error = failed ? system_error(path, "the file must be mappable") : Error{};
  ::close(fd);
  if (failed) return error;
  MappedFile file;
  file.mapping_ = std::make_shared<const Mapping>(data, size);
  return file;
}

std::span<const std::byte> MappedFile::bytes() const {
  if (!mapping_) return {};
  return {static_cast<const std::byte*>(mapping_->data), mapping_->size};
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileLock> FileLock::acquire(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return system_error(path, "the lock file must be writable");
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    Error error =
        held ? Error{path.parent_path().string(), "the folder must not be in use by another process", ""}
             : system_error(path, "the lock must be taken");
    ::close(fd);
    return error;
  }
  return FileLock(fd);
}

}  // namespace hone
