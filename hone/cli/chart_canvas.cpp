#include "hone/cli/chart_canvas.h"

#include <initializer_list>
#include <numbers>
#include <utility>

namespace hone {
namespace {

constexpr Color kRim{1, 1, 1};

}  // namespace

void Canvas::color(const Color& color, double alpha) {
  cairo_set_source_rgba(cairo_, color.r, color.g, color.b, alpha);
}

void Canvas::fill_page(const Color& page) {
  color(page);
  cairo_paint(cairo_);
}

void Canvas::line(double x0, double y0, double x1, double y1, double width) {
  cairo_set_line_width(cairo_, width);
  cairo_move_to(cairo_, x0, y0);
  cairo_line_to(cairo_, x1, y1);
  cairo_stroke(cairo_);
}

void Canvas::font(double size, bool bold) {
  cairo_select_font_face(cairo_, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo_, size);
}

double Canvas::text_width(const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(cairo_, text.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(const std::string& text, double x, double y, double align) {
  cairo_move_to(cairo_, x - align * text_width(text), y);
  cairo_show_text(cairo_, text.c_str());
}

void Canvas::rimmed_text(const std::string& text, double x, double y, const Color& ink) {
  cairo_move_to(cairo_, x - 0.5 * text_width(text), y);
  cairo_text_path(cairo_, text.c_str());
  color(kRim, 0.9);
  cairo_set_line_width(cairo_, 3.5);
  cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke_preserve(cairo_);
  color(ink);
  cairo_fill(cairo_);
}

void Canvas::marker(std::size_t shape, double x, double y, const Color& fill) {
  const double r = kMarkerRadius;
  const auto polygon = [&](std::initializer_list<std::pair<double, double>> corners) {
    for (const auto& [dx, dy] : corners) cairo_line_to(cairo_, x + dx * r, y + dy * r);
    cairo_close_path(cairo_);
  };
  cairo_new_path(cairo_);
  switch (shape % 6) {
    case 0:
      cairo_arc(cairo_, x, y, r, 0, 2 * std::numbers::pi);
      break;
    case 1:
      polygon({{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}});
      break;
    case 2:
      polygon({{0, -1.2}, {1.15, 0.85}, {-1.15, 0.85}});
      break;
    case 3:
      polygon({{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}});
      break;
    case 4:
      polygon({{0, 1.2}, {1.15, -0.85}, {-1.15, -0.85}});
      break;
    default:
      polygon({{-0.4, -1.2},
               {0.4, -1.2},
               {0.4, -0.4},
               {1.2, -0.4},
               {1.2, 0.4},
               {0.4, 0.4},
               {0.4, 1.2},
               {-0.4, 1.2},
               {-0.4, 0.4},
               {-1.2, 0.4},
               {-1.2, -0.4},
               {-0.4, -0.4}});
  }
  color(kRim);
  cairo_set_line_width(cairo_, 1.6);
  cairo_stroke_preserve(cairo_);
  color(fill);
  cairo_fill(cairo_);
}

}  // namespace hone
