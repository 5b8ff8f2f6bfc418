// What charts are drawn with: text, lines and markers on a cairo surface.
#pragma once

#include <cairo.h>

#include <string>

namespace hone {

struct Color {
  double r, g, b;
};

constexpr double kMarkerRadius = 4.2;

// The surface outlives this object.
class Canvas {
 public:
  explicit Canvas(cairo_surface_t* surface) : cairo_(cairo_create(surface)) {}
  ~Canvas() { cairo_destroy(cairo_); }
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  cairo_t* get() { return cairo_; }
  void color(const Color& color, double alpha = 1.0);
  void scale(double by) { cairo_scale(cairo_, by, by); }
  void fill_page(const Color& color);
  void line(double x0, double y0, double x1, double y1, double width);
  void font(double size, bool bold = false);
  double text_width(const std::string& text);
  // align: 0 begins at x, ½ is centred there, 1 ends there. `y` is the base line.
  void text(const std::string& text, double x, double y, double align = 0.0);
  // Centred, on a white rim, so that it can be read over lines.
  void rimmed_text(const std::string& text, double x, double y, const Color& ink);
  // Filled, with a white rim; shapes 0 to 5 differ, then they repeat.
  void marker(std::size_t shape, double x, double y, const Color& fill);

 private:
  cairo_t* cairo_;
};

}  // namespace hone
