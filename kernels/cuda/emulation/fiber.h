// A function that can be left in its middle and gone on with: a stack of its own and where it stood.
//
// Owner:  EmulatedThread. Thread: resumed by one thread for the whole of its life.
#pragma once

#include <memory>

namespace longtake::emulation {

class Fiber {
public:
    Fiber();
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // The next resume() begins `function`, whatever was left unfinished before.
    void start(void (*function)());
    // Goes on until leave() or the function's end.
    void resume();
    // Inside of the function: back to resume()'s caller.
    void leave();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace longtake::emulation
