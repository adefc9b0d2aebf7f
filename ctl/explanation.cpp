#include "ctl/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace sallyport {
namespace {

using Json = nlohmann::json;

class Lines {
 public:
  // Nothing where there is nothing to say.
  void add(std::string_view label, std::string text) {
    if (!text.empty()) lines_.push_back({label, std::move(text)});
  }
  [[nodiscard]] std::string aligned() const {
    std::size_t width = 0;
    for (const Line& line : lines_) width = std::max(width, line.label.size());
    std::string text;
    for (const Line& line : lines_)
      text += fmt::format("{:<{}}  {}\n", line.label, width, line.text);
    return text;
  }

 private:
  struct Line {
    std::string_view label;
    std::string text;
  };
  std::vector<Line> lines_;
};

// Empty where the object has no such field.
std::string text_of(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// The field behind the words that lead to it, and neither without the other.
std::string led_by(std::string_view words, const Json& object, const char* field) {
  const std::string text = text_of(object, field);
  return text.empty() ? "" : std::string(words) + text;
}

std::string packet_text(const Json& answer) {
  const Json& packet = answer.value("packet", Json::object());
  std::string text = text_of(packet, "from") + led_by(" to ", packet, "to");
  text += led_by(", ", packet, "protocol") + led_by(" ", packet, "source_port") +
          led_by(" to ", packet, "port") + led_by(" ", packet, "icmp") +
          led_by(" type ", packet, "mh_type") + led_by(", DSCP ", packet, "dscp");
  if (text.empty()) return text;
  const std::string in = text_of(answer, "in");
  return text + (in.empty() ? ", made by the gateway" : ", in by " + in);
}

std::string route_text(const Json& route) {
  return text_of(route, "to") + led_by(route.contains("to") ? ": " : "", route, "kind") +
         led_by(" ", route, "via") + led_by(", port ", route, "port");
}

// The names, and how many more there are.
std::string names_text(const Json& names) {
  std::string text;
  for (const Json& name : names.value("names", Json::array()))
    text += (text.empty() ? "" : ", ") + (name.is_string() ? name.get<std::string>() : name.dump());
  const std::size_t told = names.value("names", Json::array()).size();
  const std::size_t count = names.value("count", told);
  return count > told ? fmt::format("{} and {} more", text, count - told) : text;
}

void add_judgement(const Json& judged, Lines& lines) {
  const std::string policy = text_of(judged, "policy");
  std::string text = fmt::format("{} ({}): ", text_of(judged, "spd"), text_of(judged, "direction"));
  text += policy.empty() ? "nothing matches"
                         : fmt::format("{} {}", text_of(judged, "position"), policy);
  lines.add("SPD", text + led_by(": ", judged, "action"));
  lines.add("  entry", text_of(judged, "entry"));
  lines.add("  cut by", names_text(judged.value("cut_by", Json::object())));
  lines.add("  shadows", names_text(judged.value("shadows", Json::object())));
}

void add_sa(const Json& sa, Lines& lines) {
  lines.add("SA", text_of(sa, "name") + led_by(", SPI ", sa, "spi") + led_by(", ", sa, "protocol") +
                      led_by(" ", sa, "mode") + led_by(" ", sa, "local") +
                      led_by(" to ", sa, "remote"));
  lines.add("  route", route_text(sa.value("route", Json::object())));
}

}  // namespace

std::string format_explanation(const Json& answer) {
  Lines lines;
  lines.add("packet", packet_text(answer));
  lines.add("route", route_text(answer.value("route", Json::object())));
  lines.add("boundary", text_of(answer, "crosses") == "true" ? "crossed" : "not crossed");
  for (const Json& judged : answer.value("judged", Json::array())) add_judgement(judged, lines);
  for (const Json& sa : answer.value("sas", Json::array())) add_sa(sa, lines);
  lines.add("SA", led_by("none: to be negotiated with ", answer, "negotiate_with"));
  lines.add("verdict", text_of(answer, "verdict") + led_by(", out of ", answer, "out"));
  return lines.aligned();
}

}  // namespace sallyport
