/* openssl/rand.h: nothing of its own; programs include it for what is in ssl.h. */
#include "ssl.h"
