// What Boost's headers name of a C++ library that has no wide characters: before every file of the router's
// programs.
#pragma once
#include <wchar.h>

namespace std {
using ::swprintf;
}
