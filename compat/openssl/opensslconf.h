/* openssl/opensslconf.h: nothing of the subset can be configured. */
#include "opensslv.h"
