// Sequence numbers of configured SAs survive restarts: they are reserved in blocks in a state file,
// and a start resumes above the reservation, so that no nonce repeats (MAN-02, ALG-20).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/types.h"

namespace sallyport {

// Control thread only, but for images. Written through a temporary file, fsync and rename.
class SequenceReservations {
 public:
  // Numbers reserved at a time; a worker may send up to the reservation and no further.
  static constexpr std::uint64_t kBlock = 1ull << 22;

  // Reads the file; one that is absent is empty, one that is damaged is an error.
  [[nodiscard]] static Expected<SequenceReservations> open(std::filesystem::path file);

  // The last number that may have been used under this key identity; 0 where there is none. An
  // identity is whatever the caller tells keys apart by: a digest, never the keys themselves.
  [[nodiscard]] SequenceNumber reserved(const std::string& identity) const noexcept;
  // Raises the reservation; durable once save() has returned, here or of an image made since.
  void reserve(const std::string& identity, SequenceNumber up_to);
  // The exact number, where nothing is sent under the identity any more: the rest of the block is
  // not lost.
  void settle(const std::string& identity, SequenceNumber used);
  [[nodiscard]] Expected<void> save() { return image().save(); }

  // What is reserved at this moment, to be saved by any thread. An older image never replaces a
  // newer one on the disk: numbers only rise, and to save it then is to find it saved.
  class Image {
   public:
    [[nodiscard]] Expected<void> save() const;
    [[nodiscard]] SequenceNumber reserved(const std::string& identity) const noexcept;
    // Rises from image to image.
    [[nodiscard]] std::uint64_t edition() const noexcept { return edition_; }

   private:
    friend class SequenceReservations;
    struct File;
    std::shared_ptr<File> file_;
    std::uint64_t edition_{};
    std::map<std::string, SequenceNumber> reserved_;
  };
  [[nodiscard]] Image image();

 private:
  explicit SequenceReservations(std::filesystem::path file);
  std::shared_ptr<Image::File> file_;
  std::uint64_t edition_{};
  std::map<std::string, SequenceNumber> reserved_;
};

}  // namespace sallyport
