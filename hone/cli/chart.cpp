#include "hone/cli/chart.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "hone/base/check.h"
#include "hone/cli/chart_canvas.h"

namespace hone {
namespace {

// In units of SVG pixels.
constexpr double kWidth = 760, kHeight = 460;
constexpr double kLeft = 56, kTop = 74, kBottom = 58, kRight = 24;
constexpr double kPngScale = 2;
constexpr double kSameX = 3, kBeside = 4;
constexpr double kTitleSize = 16, kTextSize = 12.5, kSmallSize = 10.5;
constexpr double kKeyLine = 26, kKeyGap = 8, kKeyHeight = 20;  // of the names at the right

constexpr std::array<Color, 7> kColors = {{{0.000, 0.447, 0.698},    // blue
                                           {0.835, 0.369, 0.000},    // vermilion
                                           {0.000, 0.620, 0.451},    // bluish green
                                           {0.800, 0.475, 0.655},    // reddish purple
                                           {0.902, 0.624, 0.000},    // orange
                                           {0.337, 0.706, 0.914},    // sky blue
                                           {0.150, 0.150, 0.150}}};  // black
constexpr Color kInk{0.13, 0.13, 0.13}, kMuted{0.38, 0.38, 0.38}, kGrid{0.88, 0.88, 0.88}, kWhite{1, 1, 1};

struct Axis {
  double low = 0, high = 1;   // data
  double begin = 0, end = 1;  // pixels
  bool log = false;
  std::vector<double> ticks;

  double place(double value) const {
    const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return begin + share * (end - begin);
  }
};

class Drawing {
 public:
  Drawing(Canvas& canvas, const Chart& chart) : canvas_(canvas), chart_(chart) {
    for (const ChartSeries& series : chart.series) {
      if (!series.points.empty()) series_.push_back(&series);
    }
  }

  void draw() {
    canvas_.fill_page(kWhite);
    canvas_.font(kTextSize);
    double names = 0;
    for (const ChartSeries* series : series_) names = std::max(names, canvas_.text_width(series->name));
    key_left_ = kWidth - kRight - names - kKeyLine - kKeyGap;
    make_axes();
    draw_frame();
    if (series_.empty()) return;
    place_points();
    for (std::size_t i = 0; i < series_.size(); ++i) draw_bars(i);
    for (std::size_t i = 0; i < series_.size(); ++i) draw_line(i);
    for (std::size_t i = 0; i < series_.size(); ++i) draw_markers(i);
    draw_labels();
    draw_names();
  }

 private:
  void make_axes() {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    double left = kInf, right = -kInf, low = kInf, high = -kInf;
    for (const ChartSeries* series : series_) {
      for (const ChartPoint& p : series->points) {
        HONE_CHECK(std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.low) && std::isfinite(p.high),
                   "a point of {} is not finite", series->name);
        HONE_CHECK(!chart_.log_x || p.x > 0, "x = {} on a logarithmic axis", p.x);
        left = std::min(left, p.x), right = std::max(right, p.x);
        low = std::min({low, p.y, p.low}), high = std::max({high, p.y, p.high});
      }
    }
    if (series_.empty()) left = 1, right = 10, low = 0, high = 1;
    x_ = {left, right, kLeft + 4, key_left_ - 18, chart_.log_x, {}};
    if (chart_.log_x) {
      const double pad = right > left ? std::pow(right / left, 0.05) : 2.0;
      x_.low /= pad, x_.high *= pad;
      x_.ticks = log_ticks(x_.low, x_.high, 9);
    } else {
      const double pad = right > left ? 0.05 * (right - left) : std::max(1.0, std::abs(left)) / 2;
      x_.low -= pad, x_.high += pad;
      x_.ticks = linear_ticks(x_.low, x_.high, 9);
    }
    const double pad = high > low ? 0.06 * (high - low) : std::max(1.0, std::abs(high)) / 10;
    low -= pad, high += pad;
    // Out to the next tick, so that the frame ends on round numbers.
    const auto ticks = linear_ticks(low, high, 7);
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : high - low;
    low = std::floor(low / step) * step, high = std::ceil(high / step) * step;
    if (chart_.y_min) low = std::max(low, *chart_.y_min);
    if (chart_.y_max) high = std::min(high, *chart_.y_max);
    if (!(low < high)) low -= step, high += step;
    y_ = {low, high, kHeight - kBottom, kTop, false, linear_ticks(low, high, 8)};
  }

  void draw_frame() {
    canvas_.color(kInk);
    canvas_.font(kTitleSize, true);
    canvas_.text(chart_.title, 16, 28);
    canvas_.font(kTextSize);
    canvas_.color(kMuted);
    canvas_.text(chart_.y_title, 16, 54);
    canvas_.text(chart_.x_title, (x_.begin + x_.end) / 2, kHeight - 16, 0.5);
    for (const double tick : y_.ticks) {
      const double y = y_.place(tick);
      canvas_.color(kGrid);
      canvas_.line(x_.begin, y, x_.end, y, 1);
      canvas_.color(kMuted);
      canvas_.text(tick_text(tick), x_.begin - 8, y + 4.5, 1.0);
    }
    canvas_.color(kMuted);
    canvas_.line(x_.begin, y_.begin, x_.end, y_.begin, 1);
    for (const double tick : x_.ticks) {
      const double x = x_.place(tick);
      canvas_.line(x, y_.begin, x, y_.begin + 5, 1);
      canvas_.text(tick_text(tick), x, y_.begin + 19, 0.5);
    }
  }

  // Error bars of several series at one x stand side by side, as long as that moves them by little.
  void place_points() {
    for (const ChartSeries* series : series_) {
      std::vector<double>& xs = xs_.emplace_back();
      for (const ChartPoint& p : series->points) xs.push_back(x_.place(p.x));
    }
    const auto placed = xs_;
    for (std::size_t i = 0; i < xs_.size(); ++i) {
      const auto barred = [](const ChartPoint& p) { return p.low != p.high; };
      if (std::ranges::none_of(series_[i]->points, barred)) continue;
      for (double& x : xs_[i]) {
        int before = 0, others = 0;
        for (std::size_t j = 0; j < placed.size(); ++j) {
          const bool shares = j != i && std::ranges::any_of(placed[j], [&](double other) {
                                return std::abs(other - x) < kSameX;
                              });
          others += shares ? 1 : 0;
          before += shares && j < i ? 1 : 0;
        }
        x += kBeside * (before - others / 2.0);
      }
    }
  }

  void draw_bars(std::size_t series) {
    canvas_.color(kColors[series % kColors.size()], 0.55);
    for (std::size_t i = 0; i < xs_[series].size(); ++i) {
      const ChartPoint& p = series_[series]->points[i];
      if (p.low == p.y && p.high == p.y) continue;
      const double x = xs_[series][i], low = y_.place(p.low), high = y_.place(p.high);
      canvas_.line(x, low, x, high, 1.4);
      canvas_.line(x - 2.5, low, x + 2.5, low, 1.4);
      canvas_.line(x - 2.5, high, x + 2.5, high, 1.4);
    }
  }

  void draw_line(std::size_t series) {
    cairo_t* cairo = canvas_.get();
    canvas_.color(kColors[series % kColors.size()]);
    cairo_set_line_width(cairo, 2);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_new_path(cairo);
    for (std::size_t i = 0; i < xs_[series].size(); ++i)
      cairo_line_to(cairo, xs_[series][i], y_.place(series_[series]->points[i].y));
    cairo_stroke(cairo);
  }

  void draw_markers(std::size_t series) {
    for (std::size_t i = 0; i < xs_[series].size(); ++i) {
      canvas_.marker(series, xs_[series][i], y_.place(series_[series]->points[i].y),
                     kColors[series % kColors.size()]);
    }
  }

  // Above the highest point of those that share x and label; where two would overlap, the first drawn stays.
  void draw_labels() {
    struct Label {
      double at, x, y;  // the point's own x, and where the label is drawn
      std::string text;
    };
    std::vector<Label> labels;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      for (std::size_t j = 0; j < xs_[i].size(); ++j) {
        const ChartPoint& p = series_[i]->points[j];
        if (p.label.empty()) continue;
        const Label label{x_.place(p.x), xs_[i][j],
                          std::min(y_.place(p.high), y_.place(p.y) - kMarkerRadius) - 5, p.label};
        const auto same = std::ranges::find_if(
            labels, [&](const Label& l) { return l.text == p.label && std::abs(l.at - label.at) < kSameX; });
        if (same == labels.end()) {
          labels.push_back(label);
        } else if (label.y < same->y) {
          *same = label;
        }
      }
    }
    canvas_.font(kSmallSize);
    std::vector<Label> drawn;
    for (const Label& label : labels) {
      const double width = canvas_.text_width(label.text);
      const bool hidden = std::ranges::any_of(drawn, [&](const Label& other) {
        const double room = (width + canvas_.text_width(other.text)) / 2 + 2;
        return std::abs(other.x - label.x) < room && std::abs(other.y - label.y) < kSmallSize;
      });
      if (hidden) continue;
      canvas_.rimmed_text(label.text, label.x, label.y, kMuted);
      drawn.push_back(label);
    }
  }

  // At the right, in the order of the lines' ends and near them.
  void draw_names() {
    std::vector<std::size_t> order(series_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto end_of = [&](std::size_t i) { return y_.place(series_[i]->points.back().y); };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return end_of(a) < end_of(b); });
    std::vector<double> at;
    for (const std::size_t i : order)
      at.push_back(std::max(end_of(i), at.empty() ? kTop : at.back() + kKeyHeight));
    double below = kHeight - kBottom;
    for (std::size_t place = at.size(); place-- > 0;) {
      at[place] = std::min(at[place], below);
      below = at[place] - kKeyHeight;
    }
    canvas_.font(kTextSize);
    for (std::size_t place = 0; place < order.size(); ++place) {
      const std::size_t i = order[place];
      const Color& color = kColors[i % kColors.size()];
      canvas_.color(color);
      canvas_.line(key_left_, at[place], key_left_ + kKeyLine, at[place], 2);
      canvas_.marker(i, key_left_ + kKeyLine / 2, at[place], color);
      canvas_.color(kInk);
      canvas_.text(series_[i]->name, key_left_ + kKeyLine + kKeyGap, at[place] + 4.5);
    }
  }

  Canvas& canvas_;
  const Chart& chart_;
  std::vector<const ChartSeries*> series_;
  std::vector<std::vector<double>> xs_;  // [series, points] where they are drawn
  double key_left_ = 0;
  Axis x_, y_;
};

cairo_status_t append_bytes(void* to, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

// Names its surface by a count of the process's surfaces: the same name for every chart instead.
void rename_surface(std::string& svg) {
  constexpr std::string_view kName = "surface";
  const std::size_t at = svg.find("id=\"" + std::string(kName));
  if (at == std::string::npos) return;
  const std::size_t begin = at + 4, end = svg.find('"', begin);
  const std::string name = svg.substr(begin, end - begin);
  for (std::size_t i = 0; (i = svg.find(name, i)) != std::string::npos; i += kName.size())
    svg.replace(i, name.size(), kName);
}

}  // namespace

Result<ChartFormat> chart_format(const std::filesystem::path& file, const std::string& where) {
  const std::string suffix = file.extension().string();
  if (suffix == ".svg") return ChartFormat::kSvg;
  if (suffix == ".png") return ChartFormat::kPng;
  return Error{where, "must end in .svg or .png", file.string()};
}

std::string draw_chart(const Chart& chart, ChartFormat format) {
  std::string bytes;
  const bool svg = format == ChartFormat::kSvg;
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      svg ? cairo_svg_surface_create_for_stream(append_bytes, &bytes, kWidth, kHeight)
          : cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(kWidth * kPngScale),
                                       static_cast<int>(kHeight * kPngScale)),
      &cairo_surface_destroy);
  {
    Canvas canvas(surface.get());
    if (!svg) canvas.scale(kPngScale);
    Drawing(canvas, chart).draw();
    const cairo_status_t status = cairo_status(canvas.get());
    HONE_CHECK(status == CAIRO_STATUS_SUCCESS, "cairo: {}", cairo_status_to_string(status));
  }
  if (!svg) cairo_surface_write_to_png_stream(surface.get(), append_bytes, &bytes);
  cairo_surface_finish(surface.get());
  HONE_CHECK(!bytes.empty(), "cairo wrote nothing");
  if (svg) rename_surface(bytes);
  return bytes;
}

}  // namespace hone
