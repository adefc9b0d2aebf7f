#include "bench/option_lists.h"

#include <sstream>

namespace sallyport::bench {

Expected<std::vector<std::string>> words(const std::string& list) {
  std::vector<std::string> found;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) found.push_back(word);
  if (found.empty()) return fail(Error::Code::Invalid, "an empty list", "see --help");
  return found;
}

}  // namespace sallyport::bench
