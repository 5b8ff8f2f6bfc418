#include "hone/verify/proof/coq_xml.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hone {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}}};

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto found = std::find_if(kEntities.begin(), kEntities.begin() + 4,
                                    [&](const auto& entity) { return entity.second == c; });
    if (found == kEntities.begin() + 4) {
      escaped += c;
    } else {
      escaped += found->first;
    }
  }
  return escaped;
}

std::string xml_text(std::string_view element) {
  std::string text;
  for (std::size_t i = 0; i < element.size();) {
    if (element[i] == '<') {
      const std::size_t close = element.find('>', i);
      if (close == std::string_view::npos) break;
      i = close + 1;
      continue;
    }
    const auto found = std::find_if(kEntities.begin(), kEntities.end(), [&](const auto& entity) {
      return element.substr(i, entity.first.size()) == entity.first;
    });
    if (found == kEntities.end()) {
      text += element[i++];
    } else {
      text += found->second;
      i += found->first.size();
    }
  }
  return text;
}

std::string xml_messages(std::string_view text, std::string_view attribute) {
  constexpr std::string_view kOpen = "<feedback ", kClose = "</feedback>", kMessage = "<message>";
  std::string messages;
  for (std::size_t at = text.find(kOpen); at != std::string_view::npos; at = text.find(kOpen, at)) {
    const std::size_t tag_end = text.find('>', at), close = text.find(kClose, at);
    if (tag_end == std::string_view::npos || close == std::string_view::npos) break;
    const bool ours = text.substr(at, tag_end - at).find(attribute) != std::string_view::npos;
    const std::size_t message = text.find(kMessage, tag_end);
    if (ours && message != std::string_view::npos && message < close) {
      messages += xml_text(text.substr(message, close - message));
      messages += '\n';
    }
    at = close + kClose.size();
  }
  return messages;
}

}  // namespace hone
