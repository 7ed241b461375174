#include "tools/flmd/site/server_address.hpp"

#include <catch2/catch.hpp>

#include "tools/common/input_error.hpp"

using namespace flm::flmd;

TEST_CASE("an address is taken only with a scheme, a host and no password") {
  for (const char* good :
       {"https://api.flukso.net/", "http://127.0.0.1:8086/write?db=x", "http://[::1]:80", "http://host"})
    CHECK_NOTHROW(check_url(good));
  for (const char* bad :
       {"", "api.flukso.net", "ftp://host/", "https://", "https:///path", "https://?x", "https://u:p@host/",
        "https://host/#x", "https://host/a b", "https://host/\n", "http://host:", "http://host:0",
        "http://host:65536", "http://host:8o", "http://:80/", "http://[::1"})
    CHECK_THROWS_AS(check_url(bad), flm::InputError);
  CHECK_THROWS_WITH(check_url("htps://host/"),
                    "report url 'htps://host/': allowed: an address that starts with https:// or http://");
}