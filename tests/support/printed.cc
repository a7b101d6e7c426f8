#include "support/printed.h"

SIGNET_PRINTED()
