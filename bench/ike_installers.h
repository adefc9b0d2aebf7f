// Where the SAs of a load run go: into the gateway's own SAD, or nowhere.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "ike/ports.h"
#include "sad/sad.h"

namespace sallyport::bench {

// An initiator's: what many peers would keep is not to be one machine's burden.
class ForgetfulInstaller final : public ike::SaInstaller {
 public:
  Spi allocate_spi() override { return {++last_spi_}; }
  Expected<void> install(const ike::ChildPlace&, std::vector<Sa>) override { return {}; }
  void uninstall(std::span<const std::string>) override {}
  void refuse(ike::AcquireId) override {}
  Expected<void> move(const std::string&, const Endpoints&,
                      const std::optional<UdpEncapsulation>&) override {
    return {};
  }
  std::uint64_t packets_of(const std::string&) override { return 0; }

 private:
  std::uint32_t last_spi_{kFirstUsableSpi.value};
};

// A responder's: all that the control plane keeps of SAs, and their slots. No worker reads them,
// and expanded keys, which are the data plane's, are kept nowhere.
class SadInstaller final : public ike::SaInstaller, private KeyStore, private Retirement {
 public:
  // Room for so many SAs in each direction, taken at once.
  SadInstaller(Random& random, std::size_t capacity);

  Spi allocate_spi() override { return sad_.allocate_spi(); }
  Expected<void> install(const ike::ChildPlace& place, std::vector<Sa> sas) override;
  void uninstall(std::span<const std::string> names) override;
  void refuse(ike::AcquireId) override {}
  Expected<void> move(const std::string& name, const Endpoints& to,
                      const std::optional<UdpEncapsulation>& encapsulation) override;
  std::uint64_t packets_of(const std::string&) override { return 0; }

  [[nodiscard]] std::size_t pairs() const noexcept { return sad_.size(Direction::Inbound); }
  // What the slots of one SA in each direction take, in octets, whether they are used or not.
  [[nodiscard]] std::size_t slot_octets() const noexcept { return memory_.taken() / capacity_; }

 private:
  class CountedMemory final : public std::pmr::memory_resource {
   public:
    [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

   private:
    void* do_allocate(std::size_t octets, std::size_t alignment) override;
    void do_deallocate(void* place, std::size_t octets, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
      return this == &other;
    }
    std::size_t taken_{};
  };

  Expected<KeySlot> install(const KeyMaterial&) override { return KeySlot{last_key_++}; }
  void retire(KeySlot) noexcept override {}
  void when_unread(std::function<void()> free) override { free(); }

  std::size_t capacity_;
  std::uint32_t last_key_{};
  CountedMemory memory_;
  SaTable table_;
  Sad sad_;
};

}  // namespace sallyport::bench
