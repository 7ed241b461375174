// Shared by the fuzz targets: promises that any input is held to, and bytes taken as decisions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace flm::fuzz {

/// A promise that does not hold ends the program with what was promised; the fuzzer keeps the input.
inline void promise(bool holds, const char* what, const std::string& found = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s%s%s\n", what, found.empty() ? "" : ": ", found.c_str());
  std::abort();
}

/// An input's bytes, taken one after the other; zeros after its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  [[nodiscard]] bool empty() const { return left_ == 0; }
  [[nodiscard]] std::size_t left() const { return left_; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  /// 0 to end - 1.
  unsigned below(unsigned end) { return byte() % end; }
  /// As many as there are, of `count`.
  std::string text(std::size_t count) {
    const std::size_t taken = count < left_ ? count : left_;
    std::string bytes(reinterpret_cast<const char*>(data_), taken);
    data_ += taken;
    left_ -= taken;
    return bytes;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

/// Decisions that are not the fuzzer's, the same ones for the same input (FNV-1a, then xorshift32).
class Dice {
 public:
  Dice(const std::uint8_t* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) state_ = (state_ ^ data[i]) * 16777619u;
    if (state_ == 0) state_ = 1;
  }
  explicit Dice(unsigned seed) : state_(seed * 2654435769u | 1u) {}
  unsigned below(unsigned end) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % end;
  }

 private:
  std::uint32_t state_ = 2166136261u;
};

}  // namespace flm::fuzz

/// libFuzzer's; each target defines it. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
/// Optional: changes an input in place, and gives its new size. Where a CRC guards what is to be reached, a
/// target repairs it here.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
