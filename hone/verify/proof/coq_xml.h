// The little of XML that coqidetop's answers need.
//
// Thread safety: pure functions, linear in the text.
#pragma once

#include <string>
#include <string_view>

namespace hone {

// & < > " as entities.
std::string xml_escaped(std::string_view text);

// The text outside tags, entities decoded (&nbsp; as a space).
std::string xml_text(std::string_view element);

// The text of the <message> of every <feedback …> whose tag holds `attribute`, a line for each.
std::string xml_messages(std::string_view text, std::string_view attribute);

}  // namespace hone
