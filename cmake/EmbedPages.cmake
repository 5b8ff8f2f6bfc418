# Every file below ${DIST} as bytes in ${GENERATED}: the assembler takes them in as they are, in no time.
file(GLOB_RECURSE files RELATIVE "${DIST}" "${DIST}/*")
list(SORT files)
set(labels "")
set(table "")
set(i 0)
foreach(file ${files})
  file(SIZE "${DIST}/${file}" size)
  file(SHA256 "${DIST}/${file}" hash)
  # The hash makes this file, and so its object, another one when the content changes.
  string(APPEND labels "\n// ${hash}\n__asm__(\".pushsection .rodata\\n.balign 16\\nhone_page_${i}:\\n.incbin \\\"${DIST}/${file}\\\"\\n.byte 0\\n.popsection\\n\");\nextern \"C\" const char hone_page_${i}[];\n")
  string(APPEND table "    {\"/${file}\", {hone_page_${i}, ${size}}},\n")
  math(EXPR i "${i} + 1")
endforeach()
if(i EQUAL 0)
  message(FATAL_ERROR "${DIST} must hold the pages")
endif()
file(WRITE "${GENERATED}" "#include \"hone/web/pages_assets.h\"
${labels}
namespace hone {
std::span<const PagesAsset> pages_assets() {
  static const PagesAsset assets[] = {
${table}  };
  return assets;
}
}  // namespace hone
")
