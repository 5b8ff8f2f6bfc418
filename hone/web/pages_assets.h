// The files of web/, built by Vite and kept in the program.
#pragma once

#include <span>
#include <string_view>

namespace hone {

struct PagesAsset {
  std::string_view path;  // "/index.html", "/assets/index-BcVu81xk.js"
  std::string_view content;
};

// Empty in a build without them (HONE_PAGES=OFF). Defined by what cmake/Pages.cmake generates.
std::span<const PagesAsset> pages_assets();

}  // namespace hone
