#include "tools/common/http/accept.hpp"

#include <catch2/catch.hpp>

using flm::MediaRanges;

TEST_CASE("the narrowest range says how welcome a type is") {
  // The example of RFC 9110, section 12.5.1.
  const MediaRanges ranges(
      "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5");
  CHECK(ranges.quality("text/html") == 300);
  CHECK(ranges.quality("image/jpeg") == 500);
}

TEST_CASE("an empty header welcomes all, a refusal nothing") {
  CHECK(MediaRanges("").quality("text/csv") == 1'000);
  CHECK(MediaRanges(" , ").quality("text/csv") == 1'000);
  CHECK(MediaRanges("text/html").quality("text/csv") == 0);
  CHECK(MediaRanges("text/csv;q=0, */*").quality("text/csv") == 0);
}

TEST_CASE("case and blanks do not matter, and three decimals do") {
  CHECK(MediaRanges("TEXT/CSV ; Q=0.125").quality("text/csv") == 125);
  CHECK(MediaRanges("text/csv;q=1").quality("text/csv") == 1'000);
  CHECK(MediaRanges("text/csv;q=1.5").quality("text/csv") == 1'000);
  CHECK(MediaRanges("text/csv;q=0.1x").quality("text/csv") == 1'000);
}

TEST_CASE("of a thousand ranges the first count") {
  std::string header;
  for (int i = 0; i < 1'000; ++i) header += "a/b,";
  CHECK(MediaRanges(header + "text/csv").ranges().size() == 32);
}
