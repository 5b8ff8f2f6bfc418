// Log lines for people, on stderr. Levels: HONE_LOG=debug|info|warn|error|off (info by default).
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace hone {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
void log_line(LogLevel level, const std::string& text);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace hone
