#include "hone/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace hone {
namespace {

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stderr_color_mt("hone");
  logger->set_pattern("%^%l:%$ %v");
  // no-color.org, which spdlog does not know.
  if (const char* no_color = std::getenv("NO_COLOR"); no_color != nullptr && *no_color != '\0') {
    static_cast<spdlog::sinks::stderr_color_sink_mt&>(*logger->sinks().front())
        .set_color_mode(spdlog::color_mode::never);
  }
  const char* name = std::getenv("HONE_LOG");
  const auto level = name ? spdlog::level::from_str(name) : spdlog::level::info;
  // spdlog reads an unknown name as "off": silence that nobody asked for.
  const bool unknown = level == spdlog::level::off && std::string_view(name) != "off";
  logger->set_level(unknown ? spdlog::level::info : level);
  if (unknown) logger->warn("[HONE_LOG] must be debug, info, warn, error or off, got {:?}", name);
  return logger;
}

}  // namespace

void log_line(LogLevel level, const std::string& text) {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  switch (level) {
    case LogLevel::kDebug:
      return logger->debug("{}", text);
    case LogLevel::kInfo:
      return logger->info("{}", text);
    case LogLevel::kWarn:
      return logger->warn("{}", text);
    case LogLevel::kError:
      return logger->error("{}", text);
  }
}

}  // namespace hone
