// Line charts with error bars, as SVG or PNG: both drawn by the same code (cairo).
//
// Colours are Okabe and Ito's (2008), which people of every colour vision tell apart; each series has a
// marker of its own besides. Error bars of several series at one x stand side by side. Deterministic for one
// version of cairo and its fonts. Functions are safe from any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct ChartPoint {
  double x = 0.0, y = 0.0;
  double low = 0.0, high = 0.0;  // of the error bar; equal to y: none
  std::string label = {};        // beside the point, in small type
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;  // joined in their order
};

struct Chart {
  std::string title, x_title, y_title;
  bool log_x = false;                  // every x is then > 0
  std::optional<double> y_min, y_max;  // beyond which the axis never goes (0 and 100 of percentages)
  std::vector<ChartSeries> series;     // empty ones are left out
};

enum class ChartFormat { kSvg, kPng };

// By the file's suffix. Error: neither .svg nor .png; `where` names the option.
Result<ChartFormat> chart_format(const std::filesystem::path& file, const std::string& where);

// The file's bytes. PNG has two pixels for each unit of SVG.
std::string draw_chart(const Chart& chart, ChartFormat format);

// Round numbers within [low, high], ascending, at most `most` (≥ 2) of them: steps of 1, 2 or 5 times a power
// of ten; on a logarithmic axis the same few digits in every decade. Requires low < high, of logarithms 0 <
// low.
std::vector<double> linear_ticks(double low, double high, int most);
std::vector<double> log_ticks(double low, double high, int most);
// 0.25, 40, 1500, 20k, 3M.
std::string tick_text(double value);

}  // namespace hone
