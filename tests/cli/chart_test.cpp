#include "hone/cli/chart.h"

#include <cairo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "hone/base/check.h"

namespace hone {
namespace {

using Ticks = std::vector<double>;

void expect_ticks(const Ticks& ticks, const Ticks& expected) {
  ASSERT_EQ(ticks.size(), expected.size()) << fmt::format("{}", fmt::join(ticks, " "));
  for (std::size_t i = 0; i < ticks.size(); ++i)
    EXPECT_NEAR(ticks[i], expected[i], 1e-9 * std::abs(expected[i]));
}

TEST(Chart, LinearTicksAreRoundAndFew) {
  expect_ticks(linear_ticks(0, 100, 8), {0, 20, 40, 60, 80, 100});
  expect_ticks(linear_ticks(0, 1, 6), {0, 0.2, 0.4, 0.6, 0.8, 1.0});
  expect_ticks(linear_ticks(-3, 12, 5), {0, 5, 10});
  expect_ticks(linear_ticks(93.2, 97.9, 5), {94, 95, 96, 97});
  expect_ticks(linear_ticks(-0.013, 0.011, 4), {-0.01, 0, 0.01});
  for (double high = 1e-6; high < 1e9; high *= 3.7) {
    const Ticks ticks = linear_ticks(high / 3, high, 7);
    EXPECT_LE(ticks.size(), 7u) << high;
    EXPECT_GE(ticks.size(), 2u) << high;
    EXPECT_GE(ticks.front(), high / 3 * (1 - 1e-9));
    EXPECT_LE(ticks.back(), high * (1 + 1e-9));
  }
}

TEST(Chart, LogarithmicTicksAreTheSameDigitsInEveryDecade) {
  expect_ticks(log_ticks(8, 700, 6), {10, 20, 50, 100, 200, 500});
  expect_ticks(log_ticks(1, 1000, 4), {1, 10, 100, 1000});
  expect_ticks(log_ticks(1, 1e9, 6), {1, 100, 1e4, 1e6, 1e8});
  expect_ticks(log_ticks(30, 90, 7), {30, 40, 50, 60, 70, 80});
  expect_ticks(log_ticks(410, 470, 7), {410, 420, 430, 440, 450, 460, 470});
  expect_ticks(log_ticks(0.02, 0.6, 6), {0.02, 0.05, 0.1, 0.2, 0.5});
}

TEST(Chart, NumbersOnTicksAreShort) {
  EXPECT_EQ(tick_text(0), "0");
  EXPECT_EQ(tick_text(0.30000000000000004), "0.3");
  EXPECT_EQ(tick_text(1500), "1500");
  EXPECT_EQ(tick_text(20000), "20k");
  EXPECT_EQ(tick_text(-2.5e6), "-2.5M");
  EXPECT_EQ(tick_text(3e9), "3G");
}

TEST(Chart, TheSuffixNamesTheFormat) {
  EXPECT_EQ(*chart_format("a/b.svg", "--plot"), ChartFormat::kSvg);
  EXPECT_EQ(*chart_format("b.png", "--plot"), ChartFormat::kPng);
  for (const char* file : {"b.pdf", "png", "b.png.txt", ""}) {
    const auto format = chart_format(file, "--plot");
    ASSERT_FALSE(format.ok()) << file;
    EXPECT_EQ(format.error().where, "--plot");
    EXPECT_NE(format.error().rule.find(".svg or .png"), std::string::npos);
  }
}

// A picture's pixels, as cairo reads them back.
struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint32_t> pixels;  // 0x00RRGGBB
  long count(std::uint32_t color) const { return std::ranges::count(pixels, color); }
};

Picture decode(const std::string& png) {
  struct Reader {
    const std::string& bytes;
    std::size_t at = 0;
  } reader{png};
  const auto read = [](void* from, unsigned char* to, unsigned int count) {
    auto& r = *static_cast<Reader*>(from);
    if (r.at + count > r.bytes.size()) return CAIRO_STATUS_READ_ERROR;
    std::memcpy(to, r.bytes.data() + r.at, count);
    r.at += count;
    return CAIRO_STATUS_SUCCESS;
  };
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create_from_png_stream(read, &reader), &cairo_surface_destroy);
  Picture picture{
      cairo_image_surface_get_width(surface.get()), cairo_image_surface_get_height(surface.get()), {}};
  const unsigned char* data = cairo_image_surface_get_data(surface.get());
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      std::uint32_t pixel;
      std::memcpy(&pixel, data + y * cairo_image_surface_get_stride(surface.get()) + 4 * x, 4);
      picture.pixels.push_back(pixel & 0xffffff);
    }
  }
  return picture;
}

constexpr std::uint32_t kBlue = 0x0072b2, kVermilion = 0xd55e00;

Chart two_lines() {
  Chart chart{.title = "Title",
              .x_title = "x",
              .y_title = "y",
              .log_x = true,
              .y_min = {},
              .y_max = {},
              .series = {}};
  chart.series.push_back({"one", {{10, 20, 15, 25, "1"}, {100, 60, 55, 66, "2"}, {1000, 80, 78, 83, "3"}}});
  chart.series.push_back({"two", {{10, 10, 5, 15, "1"}, {300, 30, 25, 35, "2"}}});
  return chart;
}

TEST(Chart, EverySeriesIsDrawnInItsColor) {
  Chart chart = two_lines();
  const Picture both = decode(draw_chart(chart, ChartFormat::kPng));
  EXPECT_EQ(both.width, 1520);
  EXPECT_EQ(both.height, 920);
  EXPECT_GT(both.count(kBlue), 2000);
  EXPECT_GT(both.count(kVermilion), 1000);
  EXPECT_GT(both.count(0xffffff), both.width * both.height / 2);
  chart.series.pop_back();
  EXPECT_EQ(decode(draw_chart(chart, ChartFormat::kPng)).count(kVermilion), 0);
  chart.series.insert(chart.series.begin(), {"empty", {}});
  EXPECT_GT(decode(draw_chart(chart, ChartFormat::kPng)).count(kBlue), 2000) << "empty ones take no color";
}

// The highest and lowest row with a pixel of a color, in points of the drawing.
std::pair<int, int> rows_of(const Picture& picture, std::uint32_t color, int right) {
  int first = -1, last = -1;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < right; ++x) {
      if (picture.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                         static_cast<std::size_t>(x)] != color)
        continue;
      if (first < 0) first = y;
      last = y;
    }
  }
  return {first, last};
}

TEST(Chart, ValuesLieWhereTheAxisSaysAndNeverBeyondItsLimits) {
  Chart chart{
      .title = "", .x_title = "", .y_title = "", .log_x = false, .y_min = 0.0, .y_max = 100.0, .series = {}};
  chart.series.push_back({"s", {{0, 0, 0, 0, ""}, {1, 100, 100, 100, ""}}});
  const auto [top, bottom] = rows_of(decode(draw_chart(chart, ChartFormat::kPng)), kBlue, 1200);
  chart.series[0].points[1] = {1, 50, 50, 50, ""};
  chart.series[0].points.push_back({2, 100, 100, 100, ""});
  const auto again = rows_of(decode(draw_chart(chart, ChartFormat::kPng)), kBlue, 1200);
  EXPECT_EQ(again.first, top) << "the axis is that of the limits";
  EXPECT_EQ(again.second, bottom);
  EXPECT_GT(top, 100) << "room for titles";
  EXPECT_LT(bottom, 920 - 80) << "room for ticks";
}

TEST(Chart, TheSameChartGivesTheSameBytes) {
  const std::string svg = draw_chart(two_lines(), ChartFormat::kSvg);
  EXPECT_TRUE(svg.starts_with("<?xml"));
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_NE(svg.find("44.7"), std::string::npos) << "blue, in percent";
  EXPECT_TRUE(draw_chart(two_lines(), ChartFormat::kSvg) == svg);
  EXPECT_TRUE(draw_chart(two_lines(), ChartFormat::kPng) == draw_chart(two_lines(), ChartFormat::kPng));
}

TEST(Chart, OddOnesAreDrawnToo) {
  Chart chart;
  EXPECT_GT(draw_chart(chart, ChartFormat::kPng).size(), 100u) << "nothing to show";
  chart.series = {{"a point", {{5, 5, 5, 5, ""}}}};
  EXPECT_GT(decode(draw_chart(chart, ChartFormat::kPng)).count(kBlue), 50);
  chart.log_x = true;
  EXPECT_GT(decode(draw_chart(chart, ChartFormat::kPng)).count(kBlue), 50);
  chart.series = {{"flat", {{1, 0, 0, 0, "a"}, {2, 0, 0, 0, "b"}}}};
  chart.y_min = 0.0;
  EXPECT_GT(decode(draw_chart(chart, ChartFormat::kPng)).count(kBlue), 50);
  chart.y_max = 0.0;
  EXPECT_GT(decode(draw_chart(chart, ChartFormat::kPng)).count(kBlue), 50);
  chart.series.assign(20, {"many: ünïcödé <&>", {{1, 3, 2, 4, "x"}, {9, 5, 4, 6, "y"}}});
  EXPECT_TRUE(draw_chart(chart, ChartFormat::kSvg).starts_with("<?xml"));
  chart.series = {{"zero", {{0, 1, 1, 1, ""}}}};
  EXPECT_THROW((void)draw_chart(chart, ChartFormat::kSvg), BrokenInvariant);
  chart.log_x = false;
  chart.series = {{"nothing", {{0, std::nan(""), 1, 1, ""}}}};
  EXPECT_THROW((void)draw_chart(chart, ChartFormat::kSvg), BrokenInvariant);
}

}  // namespace
}  // namespace hone
