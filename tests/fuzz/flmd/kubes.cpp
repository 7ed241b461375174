// What flmd takes of kubes:
//   1. A registry of types is taken, or an InputError names it; what was taken measures any payload, in
//   numbers that a history can hold.
//   2. Any payload of a known kube is measured, the same way twice.
//   3. An image is whole units of 16 bytes of a kube's flash, or an InputError names its file.
// The first byte chooses.
#include "tests/fuzz/input_file.hpp"
#include "tools/flmd/kubes/firmware_images.hpp"
#include "tools/flmd/kubes/kube_types.hpp"

using namespace flm;
using fuzz::promise;

namespace {

void measure_all(const flmd::KubeTypes& types, const std::uint8_t* data, std::size_t size) {
  std::uint8_t payload[66] = {};
  for (std::size_t i = 0; i < size && i < sizeof payload; ++i) payload[i] = data[i];
  for (const auto& [number, type] : types.all())
    for (const flmd::KubePacket& packet : type.packets) {
      const auto once = packet.measure(payload), again = packet.measure(payload);
      promise(once.size() <= packet.values.size() && once.size() == again.size(),
              "2: a value for each field");
      for (std::size_t i = 0; i < once.size(); ++i) {
        promise(once[i].index < packet.values.size() && once[i].value == again[i].value, "2: the same twice");
        promise(once[i].value <= 9'000'000'000'000'001 && once[i].value >= -9'000'000'000'000'001,
                "1: a value fits");
      }
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const flmd::KubeTypes built_in;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) {
    flmd::KubeTypes types;
    const std::filesystem::path file = "kubes.toml";
    const auto taken = fuzz::read_or_complain(file, [&] {
      types.add(file, text);
      return true;
    });
    if (!taken) promise(types.all().size() == built_in.all().size(), "1: what is refused changes nothing");
    measure_all(types, data, size);
  } else if (data[0] % 3 == 1) {
    measure_all(built_in, data + 1, size - 1);
  } else {
    const auto file = fuzz::file_of("image.hex", text);
    const auto image = fuzz::read_or_complain(file, [&] { return flmd::read_image(file); });
    if (image)
      promise(!image->empty() && image->size() % 16 == 0 && image->size() <= flmd::image_max,
              "3: whole units of 16 bytes, not too many");
  }
  return 0;
}
