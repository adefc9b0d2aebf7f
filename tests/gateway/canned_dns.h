// A name server as far as tests need one: what it knows, and its answers in octets (RFC 1035 4).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport::test {

struct CannedDns {
  struct Service {
    std::uint16_t priority;
    std::uint16_t weight;
    std::string host;
  };
  struct Question {
    std::uint16_t id{};
    std::string name;
    std::uint16_t type{};
    std::size_t end{};  // of it, within the message
  };

  std::map<std::string, std::vector<Address>> addresses;
  std::map<std::string, std::vector<Service>> services;
  std::uint8_t code{};        // RCODE of all answers
  std::uint16_t id_offset{};  // answers have another number than the question
  std::size_t cut{};          // octets that are left of an answer; 0: all

  [[nodiscard]] static Question read(ByteView message) {
    Question question{.id = load_be<std::uint16_t>(message.data()), .name = {}};
    std::size_t at = kHeader;
    while (message[at] != 0) {
      if (!question.name.empty()) question.name += '.';
      question.name.append(reinterpret_cast<const char*>(&message[at + 1]), message[at]);
      at += 1u + message[at];
    }
    question.type = load_be<std::uint16_t>(&message[at + 1]);
    question.end = at + 5;
    return question;
  }

  [[nodiscard]] std::vector<std::uint8_t> answer(ByteView message) const {
    const Question question = read(message);
    std::vector<std::uint8_t> reply(message.begin(),
                                    message.begin() + static_cast<std::ptrdiff_t>(question.end));
    store_be<std::uint16_t>(reply.data(), static_cast<std::uint16_t>(question.id + id_offset));
    std::uint16_t count = 0;
    if (question.type == kAaaa && addresses.contains(question.name))
      for (const Address& address : addresses.at(question.name)) {
        put_record(reply, question.type, {address.bytes.begin(), address.bytes.end()});
        ++count;
      }
    if (question.type == kSrv && services.contains(question.name))
      for (const Service& service : services.at(question.name)) {
        put_record(reply, question.type, data_of(service));
        ++count;
      }
    const bool known = addresses.contains(question.name) || services.contains(question.name);
    reply[2] = 0x85;  // a response, authoritative
    reply[3] = code != 0 ? code : static_cast<std::uint8_t>(known ? 0 : 3);
    store_be<std::uint16_t>(&reply[6], count);
    store_be<std::uint16_t>(&reply[8], std::uint16_t{0});
    store_be<std::uint16_t>(&reply[10], std::uint16_t{0});  // no EDNS
    if (cut != 0 && cut < reply.size()) reply.resize(cut);
    return reply;
  }

 private:
  static constexpr std::size_t kHeader = 12;
  static constexpr std::uint16_t kAaaa = 28;
  static constexpr std::uint16_t kSrv = 33;

  static void put16(std::vector<std::uint8_t>& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
  }
  static void put_record(std::vector<std::uint8_t>& out, std::uint16_t type,
                         const std::vector<std::uint8_t>& data) {
    put16(out, 0xc00c);  // the name of the question
    put16(out, type);
    put16(out, 1);
    put16(out, 0);
    put16(out, 60);
    put16(out, data.size());
    out.insert(out.end(), data.begin(), data.end());
  }
  static std::vector<std::uint8_t> data_of(const Service& service) {
    std::vector<std::uint8_t> data;
    put16(data, service.priority);
    put16(data, service.weight);
    put16(data, 0);
    std::string host = service.host;
    while (!host.empty()) {
      const std::string label = host.substr(0, host.find('.'));
      data.push_back(static_cast<std::uint8_t>(label.size()));
      data.insert(data.end(), label.begin(), label.end());
      host.erase(0, label.size() + 1);
    }
    data.push_back(0);
    return data;
  }
};

}  // namespace sallyport::test
