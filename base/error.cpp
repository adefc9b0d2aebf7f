#include "base/error.h"

#include <string_view>

namespace sallyport {

std::string to_string(const Error& error) {
  std::string text = error.where.empty() ? "" : error.where + ": ";
  text += error.what;
  if (!error.remedy.empty()) text += " (" + error.remedy + ")";
  return text;
}

std::string_view to_string(Error::Code code) {
  switch (code) {
    case Error::Code::Invalid:
      return "invalid";
    case Error::Code::NotFound:
      return "not_found";
    case Error::Code::Exists:
      return "exists";
    case Error::Code::Exhausted:
      return "exhausted";
    case Error::Code::Refused:
      return "refused";
    case Error::Code::Io:
      return "io";
    case Error::Code::Unsupported:
      return "unsupported";
  }
  return "invalid";
}

}  // namespace sallyport
