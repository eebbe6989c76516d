#include "CUpstream.h"
