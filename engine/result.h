// The engine's error type is the kernels' one; this name keeps callers from caring.
#pragma once

#include "kernels/result.h"
