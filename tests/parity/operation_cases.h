// Every operation of a backend as cases that any backend can run: odd shapes, gaps between rows, poisoned outputs, NaN in
// the input. A case is run on the CPU backend in fp32 and on the backend under test, and the comparator has the word.
//
//   for (const OperationCase& c : operationCases(Sizes::Small)) { ... checkOperation(c, *cpu, *cuda, DType::BF16) ... }
//
// Thread: pure functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "tests/parity/comparison.h"

namespace longtake {

struct OperationCase {
    std::string name;
    // All that the operation has written, gaps and surroundings included. `type` is that of the inputs; numbers are the
    // same for both types, since all are ones that bf16 can hold.
    std::function<std::vector<float>(Backend&, DType type)> run;
    Bound fp32, bf16;
    bool onlyFp32 = false;  // what has no bf16 form
};

// Real: with the shapes of the 1.3B model, which need a GPU to be done in reasonable time.
enum class Sizes { Small, Tiles, Real };  // each with those before it
std::vector<OperationCase> operationCases(Sizes sizes);

// cpu must compute in F32; `tested` in `type`.
Comparison checkOperation(const OperationCase& c, Backend& cpu, Backend& tested, DType type);

}  // namespace longtake
