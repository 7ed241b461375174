// ioctl(2) with a value, as each C library declares it.
#pragma once
#include <sys/ioctl.h>

namespace flm {

/// A request as glibc takes it, an unsigned long, or musl, an int.
template <class Number>
Number number_of(int (*)(int, Number, ...), unsigned long request) {
  return static_cast<Number>(request);
}

/// ioctl(2).
template <class T>
int device_control(int fd, unsigned long request, T* value) {
  return ioctl(fd, number_of(&ioctl, request), value);
}

}  // namespace flm
