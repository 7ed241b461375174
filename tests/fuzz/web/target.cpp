// The path and query of a request's first line:
//   1. They are decoded, or HttpError 400 says why.
//   2. What is decoded is text, no segment is "." or "..", none has a '/', and the memory did not move.
//   3. Encoded again in full, it decodes to the same.
#include "tests/fuzz/promise.hpp"
#include "tools/web/exchange/request.hpp"

using namespace flm;
using fuzz::promise;

namespace {

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    (result += '%').append({"0123456789abcdef"[byte >> 4], "0123456789ABCDEF"[byte & 15]});
  }
  return result;
}

bool is_within(std::string_view part, const std::string& memory) {
  return part.empty() ||
         (part.data() >= memory.data() && part.data() + part.size() <= memory.data() + memory.size());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string target(reinterpret_cast<const char*>(data), size);
  web::Request request;
  request.target = target;
  try {
    web::decode_target(request);
  } catch (const web::HttpError& error) {
    promise(error.status() == 400 && std::string(error.what()).size() > 10,
            "1: a refusal is 400, and says why", error.what());
    return 0;
  }
  std::string again_text;
  for (const std::string_view segment : request.path) {
    promise(web::is_text(segment) && segment != "." && segment != ".." && segment.find('/') == segment.npos,
            "2: a segment is text, and goes nowhere else", std::string(segment));
    promise(is_within(segment, request.decoded), "2: the memory did not move");
    again_text += "/" + encoded(segment);
  }
  if (request.path.empty()) again_text = "/";
  again_text += "?";
  for (const auto& [name, value] : request.queries) {
    promise(web::is_text(name, true) && web::is_text(value, true), "2: a query is text", std::string(value));
    promise(is_within(name, request.decoded) && is_within(value, request.decoded),
            "2: the memory did not move");
    again_text += encoded(name) + "=" + encoded(value) + "&";
  }
  web::Request again;
  again.target = again_text;
  web::decode_target(again);
  promise(again.path == request.path && again.queries == request.queries,
          "3: encoded again, it decodes to the same", again_text);
  return 0;
}
