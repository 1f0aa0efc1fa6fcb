// Frames that the CUDA backend writes into the display's memory, with files in place of Vulkan's memory and timelines.
#include <QtTest>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/emulation/machine.h"
#include "tests/parity/device_values.h"

using namespace longtake;

namespace {

constexpr int kSlots = 3;
constexpr int64_t kPixels = 6;
constexpr uint64_t kSlotBytes = 4096;

// A file as the display holds it: its own mapping, and descriptors to give away.
struct SharedFile {
    int fd;
    unsigned char* bytes;

    explicit SharedFile(size_t size) : fd(memfd_create("shared", 0)) {
        if (ftruncate(fd, static_cast<off_t>(size)) != 0) qFatal("no memory file");
        bytes = static_cast<unsigned char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    }
    ~SharedFile() { close(fd); }
    uint64_t& value() { return *reinterpret_cast<uint64_t*>(bytes); }
};

struct Display {
    SharedFile memory{kSlots * kSlotBytes}, ready{4096}, released{4096};

    SharedFramesOrigin origin() const {
        return {.memoryFd = dup(memory.fd),
                .allocationBytes = kSlots * kSlotBytes,
                .slotBytes = kSlotBytes,
                .slotCount = kSlots,
                .readyFd = dup(ready.fd),
                .releasedFd = dup(released.fd)};
    }
};

bool isOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

bool allClosed(const SharedFramesOrigin& origin) {
    return !isOpen(origin.memoryFd) && !isOpen(origin.readyFd) && !isOpen(origin.releasedFd);
}

PicturesParams pictureOf(const DeviceValues& values) {
    return {.x = values.data(), .dtype = values.dtype(), .pixels = kPixels, .scale = 1.0f, .offset = 0.0f};
}

}  // namespace

class TestSharedFrames : public QObject {
    Q_OBJECT
private slots:
    void init() { emulation::machine() = {}; }

    void aPictureIsWrittenIntoItsSlotAndSignalled() {
        cuda::CudaBackend backend({});
        Display display;
        auto writer = backend.importFrames(display.origin());
        QVERIFY2(writer.ok(), writer.ok() ? "" : writer.message().c_str());
        const DeviceValues picture(backend, DType::BF16, std::vector<float>(3 * kPixels, 1.0f));
        QCOMPARE((*writer)->write(pictureOf(picture), 1, 0), uint64_t{1});
        QCOMPARE(display.ready.value(), uint64_t{0});  // nobody has waited: nothing is done yet
        backend.synchronize();
        QCOMPARE(display.ready.value(), uint64_t{1});
        for (size_t i = 0; i < 4 * kPixels; ++i) QCOMPARE(display.memory.bytes[kSlotBytes + i], uint8_t{255});
        QCOMPARE(display.memory.bytes[0], uint8_t{0});
        QCOMPARE(display.memory.bytes[kSlotBytes + 4 * kPixels], uint8_t{0});
        QCOMPARE((*writer)->write(pictureOf(picture), 2, 0), uint64_t{2});
    }

    void aSlotOnScreenIsWaitedFor() {
        cuda::CudaBackend backend({});
        Display display;
        auto writer = backend.importFrames(display.origin());
        const DeviceValues picture(backend, DType::F32, std::vector<float>(3 * kPixels, 0.5f));
        (*writer)->write(pictureOf(picture), 0, 5);
        display.released.value() = 5;  // before the GPU comes to it
        backend.synchronize();
        QCOMPARE(display.ready.value(), uint64_t{1});
        (*writer)->write(pictureOf(picture), 0, 6);
        QVERIFY_EXCEPTION_THROWN(backend.synchronize(), std::logic_error);  // a GPU would wait; the emulation cannot
    }

    void aSlotThatIsNotThereIsRefused() {
        cuda::CudaBackend backend({});
        Display display;
        auto writer = backend.importFrames(display.origin());
        const DeviceValues picture(backend, DType::F32, std::vector<float>(3 * kPixels, 0.5f));
        QVERIFY_EXCEPTION_THROWN((*writer)->write(pictureOf(picture), kSlots, 0), std::invalid_argument);
        PicturesParams large = pictureOf(picture);
        large.pixels = kSlotBytes;
        QVERIFY_EXCEPTION_THROWN((*writer)->write(large, 0, 0), std::invalid_argument);
    }

    void whatCannotBeImportedSaysWhyAndLeavesNothingOpen() {
        cuda::CudaBackend gpu({});
        const auto cpu = makeCpuBackend({.threads = 1});
        Display display;
        auto refused = [&](Backend& backend, const SharedFramesOrigin& origin, const char* says) {
            const auto writer = backend.importFrames(origin);
            return !writer.ok() && writer.message().find(says) != std::string::npos && allClosed(origin);
        };
        QVERIFY(refused(*cpu, display.origin(), "the cpu backend"));
        SharedFramesOrigin elsewhere = display.origin();
        elsewhere.deviceUuid[3] = 1;
        QVERIFY(refused(gpu, elsewhere, "another GPU"));
        SharedFramesOrigin small = display.origin();
        small.allocationBytes -= 1;
        QVERIFY(refused(gpu, small, "less memory"));
        SharedFramesOrigin broken = display.origin();
        close(broken.readyFd);
        broken.readyFd = -1;
        const auto writer = gpu.importFrames(broken);
        QVERIFY(!writer.ok());
        QVERIFY2(writer.message().find("cannot be imported") != std::string::npos, writer.message().c_str());
        QVERIFY(!isOpen(broken.memoryFd) && !isOpen(broken.releasedFd));
    }

    void anOfferThatNobodyTakesIsClosed() {
        Display display;
        const SharedFramesOrigin unwanted = display.origin(), wanted = display.origin();
        {
            SharedFramesOffer first(unwanted), second(wanted);
            SharedFramesOffer moved = std::move(second);
            QCOMPARE(moved.take().memoryFd, wanted.memoryFd);
        }
        QVERIFY(allClosed(unwanted));
        QVERIFY(isOpen(wanted.memoryFd) && isOpen(wanted.readyFd) && isOpen(wanted.releasedFd));
        for (int fd : {wanted.memoryFd, wanted.readyFd, wanted.releasedFd}) close(fd);
    }
};

QTEST_GUILESS_MAIN(TestSharedFrames)
#include "test_shared_frames.moc"
