// A start picture: encoded until it fills a chunk, whatever the encoder's rhythm, stopped between pictures, and once.
#include <QtTest/QtTest>

#include "engine/rollout/start_picture.h"

using namespace longtake;

namespace {

struct Fed {
    int pictures = 0, resets = 0;
    float red = -1, blue = -1;  // of the newest picture's first pixel
};

// Gives a latent after `first` pictures, and then after every `every`; its values count the latents.
class FakeEncoder final : public VideoEncoder {
public:
    FakeEncoder(Fed& fed, int first, int every) : fed_(fed), first_(first), every_(every) {}

    int64_t latentChannels() const override { return 2; }
    int64_t pixelsPerLatent() const override { return 8; }
    void reset() override { ++fed_.resets, seen_ = 0, made_ = 0; }
    Tensor encode(const Tensor& frames) override {
        ++fed_.pictures;
        const int64_t plane = frames.shape()[2] * frames.shape()[3];
        fed_.red = frames.as<float>()[0];
        fed_.blue = frames.as<float>()[2 * plane];
        ++seen_;
        const bool complete = seen_ >= first_ && (seen_ - first_) % every_ == 0;
        Tensor latents = Tensor::host(DType::F32, {complete ? 1 : 0, 2, frames.shape()[2] / 8, frames.shape()[3] / 8});
        for (int64_t i = 0; i < latents.count(); ++i) latents.as<float>()[i] = static_cast<float>(made_);
        made_ += complete;
        return latents;
    }
    Tensor finish() override { return Tensor::host(DType::F32, {0, 2, 0, 0}); }
    size_t stateBytes() const override { return 0; }
    size_t weightBytes() const override { return 0; }

private:
    Fed& fed_;
    int first_, every_, seen_ = 0, made_ = 0;
};

Frame8 picture() {
    Frame8 made{16, 8, {}};
    for (int i = 0; i < 16 * 8; ++i) made.rgb.insert(made.rgb.end(), {255, 0, 51});
    return made;
}

}  // namespace

class TestStartPicture final : public QObject {
    Q_OBJECT

private slots:
    void fillsAChunk_data() {
        QTest::addColumn<int>("first");
        QTest::addColumn<int>("every");
        QTest::addColumn<int>("pictures");
        QTest::newRow("as the tiny autoencoder: four each") << 4 << 4 << 12;
        QTest::newRow("as Wan's: one, then four each") << 1 << 4 << 9;
    }

    void fillsAChunk() {
        QFETCH(int, first);
        QFETCH(int, every);
        QFETCH(int, pictures);
        Fed fed;
        EncodedStart start(std::make_shared<Frame8>(picture()), std::make_unique<FakeEncoder>(fed, first, every), 3);
        const Result<Tensor> latents = start.latents({});
        QVERIFY(latents.ok());
        QVERIFY(latents->shape() == (Shape{3, 2, 1, 2}));
        for (int64_t i = 0; i < latents->count(); ++i) QCOMPARE(latents->as<float>()[i], static_cast<float>(i / 4));
        QCOMPARE(fed.pictures, pictures);
        QCOMPARE(fed.red, 1.0f);
        QCOMPARE(fed.blue, 0.2f);
        // For a restart it is there.
        QVERIFY(start.latents({}).ok());
        QCOMPARE(fed.pictures, pictures);
    }

    void isStoppedBetweenPicturesAndBeginsAgain() {
        Fed fed;
        EncodedStart start(std::make_shared<Frame8>(picture()), std::make_unique<FakeEncoder>(fed, 4, 4), 3);
        int asked = 0;
        const Result<Tensor> stopped = start.latents([&](const DenoiseProgress&) { return ++asked < 5; });
        QVERIFY(!stopped.ok());
        QCOMPARE(stopped.message(), std::string("stopped"));
        QCOMPARE(fed.pictures, 5);
        int last = 0;
        const Result<Tensor> whole =
            start.latents([&](const DenoiseProgress& progress) { return last = progress.step, progress.steps == 3; });
        QVERIFY(whole.ok());
        QCOMPARE(fed.resets, 2);
        QCOMPARE(fed.pictures, 5 + 12);
        QCOMPARE(last, 3);
        QCOMPARE(whole->as<float>()[0], 0.0f);
    }
};

QTEST_GUILESS_MAIN(TestStartPicture)
#include "test_start_picture.moc"
