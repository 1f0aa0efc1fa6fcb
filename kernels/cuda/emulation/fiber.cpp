#include "kernels/cuda/emulation/fiber.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define LONGTAKE_UCONTEXT 1  // what sanitizers know; it asks the system at every switch
#include <ucontext.h>
#endif

namespace longtake::emulation {

namespace {

constexpr size_t kStackBytes = 128 << 10;

}  // namespace

#if defined(LONGTAKE_UCONTEXT)

struct Fiber::Context {
    ucontext_t inside{}, outside{};
    std::unique_ptr<char[]> stack{new char[kStackBytes]};
};

void Fiber::start(void (*function)()) {
    getcontext(&context_->inside);
    context_->inside.uc_stack.ss_sp = context_->stack.get();
    context_->inside.uc_stack.ss_size = kStackBytes;
    context_->inside.uc_link = &context_->outside;
    makecontext(&context_->inside, function, 0);
}
void Fiber::resume() { swapcontext(&context_->outside, &context_->inside); }
void Fiber::leave() { swapcontext(&context_->inside, &context_->outside); }

#else

// Keeps the registers that a called function must keep on the stack in use, and takes up another stack.
extern "C" void longtakeSwitchStack(void** from, void* to);
asm(R"(
.pushsection .text
.type longtakeSwitchStack, @function
.globl longtakeSwitchStack
.hidden longtakeSwitchStack
longtakeSwitchStack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size longtakeSwitchStack, .-longtakeSwitchStack
.popsection
)");

struct Fiber::Context {
    void* inside = nullptr;
    void* outside = nullptr;
    void (*function)() = nullptr;
    std::unique_ptr<char[]> stack{new char[kStackBytes]};
};

namespace {

thread_local Fiber* entering = nullptr;

}  // namespace

void Fiber::start(void (*function)()) {
    context_->function = function;
    // As the switch leaves a stack: six registers, then where to return to; aligned as after a call.
    auto top = (reinterpret_cast<uintptr_t>(context_->stack.get()) + kStackBytes) / 16 * 16 - 8;
    void** frame = reinterpret_cast<void**>(top) - 7;
    std::memset(frame, 0, 6 * sizeof(void*));
    void (*first)() = [] {
        Fiber* self = entering;
        self->context_->function();
        self->leave();
        std::abort();  // a fiber that has ended is not resumed
    };
    std::memcpy(frame + 6, &first, sizeof first);
    frame[7] = nullptr;
    context_->inside = frame;
}

void Fiber::resume() {
    entering = this;
    longtakeSwitchStack(&context_->outside, context_->inside);
}
void Fiber::leave() { longtakeSwitchStack(&context_->inside, context_->outside); }

#endif

Fiber::Fiber() : context_(std::make_unique<Context>()) {}
Fiber::~Fiber() = default;

}  // namespace longtake::emulation
