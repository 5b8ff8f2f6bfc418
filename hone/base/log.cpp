#include "hone/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

namespace hone {
namespace {

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stderr_color_mt("hone");
  logger->set_pattern("%^%l:%$ %v");
  const char* level = std::getenv("HONE_LOG");
  logger->set_level(level ? spdlog::level::from_str(level) : spdlog::level::info);
  return logger;
}

}  // namespace

void log_line(LogLevel level, const std::string& text) {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  switch (level) {
    case LogLevel::kDebug: return logger->debug("{}", text);
    case LogLevel::kInfo: return logger->info("{}", text);
    case LogLevel::kWarn: return logger->warn("{}", text);
    case LogLevel::kError: return logger->error("{}", text);
  }
}

}  // namespace hone
