// HTML character references in prompts that were copied from a page. Two readings are needed (engine-spec 2.1).
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace longtake {

// As a browser reads them: the semicolon may be missing ("&ampx" is "&x"), numbers that stand for no character are
// dropped or replaced as the HTML standard says.
std::u32string unescapeHtml(std::u32string_view text);

// Only what cannot be anything else: references that end in a semicolon. Names may also be all capitals when HTML
// has no such name and theirs has a capital: "&EACUTE;" is "É".
std::u32string decodeHtmlEntities(std::u32string_view text);

}  // namespace longtake
