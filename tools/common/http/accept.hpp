// What a client accepts: the header of RFC 9110, section 12.5.1.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace flm {

/// Media ranges of an Accept header. What is not understood of it is passed over; of more than 32 ranges the
/// rest is.
class MediaRanges {
 public:
  struct Range {
    std::string type;     // "text/csv", "text/*", "*/*", in lower case
    std::string version;  // of its parameter of that name; empty when it has none
    int quality = 1'000;  // thousandths
  };
  explicit MediaRanges(std::string_view accept);

  const std::vector<Range>& ranges() const { return ranges_; }
  /// Thousandths of how welcome a type is, by the narrowest range that it falls into; 0: not at all. An empty
  /// header welcomes all.
  int quality(std::string_view type) const;

 private:
  std::vector<Range> ranges_;
};

}  // namespace flm
