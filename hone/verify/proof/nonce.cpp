#include "hone/verify/proof/nonce.h"

#include <unistd.h>

#include "hone/base/check.h"

namespace hone {

std::uint32_t nonce() {
  std::uint32_t value = 0;
  HONE_CHECK(::getentropy(&value, sizeof value) == 0, "the system gives no entropy");
  return value;
}

}  // namespace hone
