#include "hone/store/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "event.pb.h"
#include "hone/store/step_summary.h"
#include "hone/store/tfrecord.h"

namespace hone {
namespace {

constexpr int kSessionStart = 1;
constexpr int kDouble = 2, kText = 7;  // TensorFlow's DataType
constexpr int kDataClassTensor = 2;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The conversion of what no float can hold is undefined: it becomes an infinity here.
float to_float(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (std::abs(value) > kLargest) return std::numeric_limits<float>::infinity() * (value > 0 ? 1.0F : -1.0F);
  return static_cast<float>(value);
}

board::Tensor* add_tensor(const char* tag, const char* plugin, int dtype, board::Summary& summary) {
  board::Value* value = summary.add_value();
  value->set_tag(tag);
  value->mutable_metadata()->mutable_plugin()->set_name(plugin);
  value->mutable_metadata()->set_data_class(kDataClassTensor);
  value->mutable_tensor()->set_dtype(dtype);
  return value->mutable_tensor();
}

// [buckets, 3] left edge, right edge, count.
void add_histogram(const char* tag, const std::vector<double>& values, board::Summary& summary) {
  const std::vector<Bucket> buckets = histogram_of(values);
  if (buckets.empty()) return;
  board::Tensor* tensor = add_tensor(tag, "histograms", kDouble, summary);
  tensor->mutable_shape()->add_dimension()->set_size(static_cast<std::int64_t>(buckets.size()));
  tensor->mutable_shape()->add_dimension()->set_size(3);
  static_assert(sizeof(Bucket) == 3 * sizeof(double) && std::endian::native == std::endian::little);
  tensor->set_content(buckets.data(), buckets.size() * sizeof(Bucket));
}

void add_text(const char* tag, const std::string& text, board::Summary& summary) {
  if (text.empty()) return;
  board::Tensor* tensor = add_tensor(tag, "text", kText, summary);
  tensor->mutable_shape();  // a single text
  tensor->add_text(text);
}

}  // namespace

struct EventWriter::Impl {
  std::filesystem::path path;
  int fd = -1;
  off_t size = 0;  // of the whole events written

  Impl(std::filesystem::path p, int descriptor) : path(std::move(p)), fd(descriptor) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ::close(fd); }

  Result<void> write(const board::Event& event) {
    const std::string record = tfrecord(event.SerializeAsString());
    std::size_t done = 0;
    while (done < record.size()) {
      const ssize_t n =
          ::pwrite(fd, record.data() + done, record.size() - done, size + static_cast<off_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const Error error{path.string(), "the event must be written whole",
                          std::strerror(n < 0 ? errno : ENOSPC)};
        // Half an event would end the reading of this file.
        if (::ftruncate(fd, size) != 0)
          return Error{path.string(), error.rule + ", nor could it be cut off", error.got};
        return error;
      }
      done += static_cast<std::size_t>(n);
    }
    size += static_cast<off_t>(record.size());
    return {};
  }
};

EventWriter::EventWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventWriter::EventWriter(EventWriter&&) noexcept = default;
EventWriter& EventWriter::operator=(EventWriter&&) noexcept = default;
EventWriter::~EventWriter() = default;

Result<EventWriter> EventWriter::create(const std::filesystem::path& folder, std::int64_t resumed_at) {
  const double now = seconds_now();
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{folder.string(), "the folder must be writable", failed.message()};
  std::filesystem::path path;
  int fd = -1;
  for (auto seconds = static_cast<std::int64_t>(now); fd < 0; ++seconds) {
    path = folder / fmt::format("events.out.tfevents.{:010}.hone", seconds);
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno != EEXIST)
      return Error{path.string(), "the file must be writable", std::strerror(errno)};
  }
  auto impl = std::make_unique<Impl>(path, fd);
  board::Event version;
  version.set_wall_time(now);
  version.set_file_version("brain.Event:2");
  HONE_TRY_VOID(impl->write(version));
  board::Event start;
  start.set_wall_time(now);
  start.set_step(resumed_at + 1);
  start.mutable_session_log()->set_status(kSessionStart);
  HONE_TRY_VOID(impl->write(start));
  return EventWriter(std::move(impl));
}

Result<void> EventWriter::write(const StepRecord& record) {
  board::Event event;
  event.set_wall_time(seconds_now());
  event.set_step(record.step);
  board::Summary& summary = *event.mutable_summary();
  for (const auto& [name, value] : record.metrics) {
    board::Value* scalar = summary.add_value();
    scalar->set_tag(name);
    scalar->set_simple_value(to_float(value));
  }
  add_histogram("advantages", advantages_of(record), summary);
  add_histogram("completions/length", lengths_of(record), summary);
  add_text("completions/sample", sample_of(record), summary);
  return impl_->write(event);
}

}  // namespace hone
