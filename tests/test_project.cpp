// Project: round trips, keys of other versions, and files that are damaged or hostile.
#include "app/project/project.h"

#include <filesystem>
#include <fstream>
#include <random>

#include <QDir>
#include <QTemporaryDir>
#include <QtTest>

#include <nlohmann/json.hpp>

#include "app/project/model_fingerprint.h"

using namespace longtake;
using nlohmann::json;

namespace {

Project makeProject() {
    Project project;
    project.model = {"Tidepool", "models/tidepool", std::string(64, 'a')};
    project.seed = 0xFEDCBA9876543210ull;  // more than a double can hold
    project.width = 256;
    project.height = 144;
    project.fps = 16;
    project.sampler.steps = {1000, 500};
    project.sampler.shift = 3.5f;
    project.rollout.windowFrames = 13;
    project.rollout.sinkFrames = 3;
    project.rollout.sinkAtRecache = SinkAtRecache::Renewed;
    project.precision = Precision::Bf16;
    project.threads = 2;
    project.chunks = 40;
    project.startImage = "/home/ada/sea.png";
    project.startPicture = std::string("\x89PNG\r\n\0\xff", 8);
    project.timeline = *PromptTimeline::create({
        {.firstChunk = 0, .text = "a calm sea at \"dawn\"\nwith gulls"},
        {.firstChunk = 8,
         .text = "\xE5\xB5\x90\xE3\x81\xAE\xE6\xB5\xB7 \xF0\x9F\x8C\x8A",
         .transition = Transition::Blend,
         .blendChunks = 4},
        {.firstChunk = 20, .text = "night", .transition = Transition::Keep},
    });
    project.rangeIn = 12;
    project.rangeOut = 300;
    project.events = {{0, 0.0, "prompt", "a calm sea"}, {7, 5120.5, "export", "take.mp4"}};
    project.frameHashes = {0, 1, 0xFFFFFFFFFFFFFFFFull};
    return project;
}

json jsonOf(const Project& project) { return json::parse(project.toJson()); }

std::string messageFor(const std::string& text) {
    const Result<Project> project = Project::parse(text, "take.longtake");
    return project.ok() ? std::string() : project.message();
}

// The file with one field replaced, given as a JSON pointer.
std::string with(const char* pointer, const json& value) {
    json document = jsonOf(makeProject());
    document[json::json_pointer(pointer)] = value;
    return document.dump();
}

QStringList namesIn(const QTemporaryDir& folder) { return QDir(folder.path()).entryList(QDir::Files | QDir::Hidden, QDir::Name); }

}  // namespace

class TestProject : public QObject {
    Q_OBJECT

private slots:
    void comesBackAsItWas() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("take.longtake").toStdString();
        const Project before = makeProject();
        QVERIFY(before.save(path).ok());
        const Result<Project> after = Project::load(path);
        QVERIFY2(after.ok(), after.ok() ? "" : after.message().c_str());
        QVERIFY(after->model == before.model);
        QCOMPARE(after->seed, before.seed);
        QCOMPARE(after->rangeIn, before.rangeIn);
        QCOMPARE(after->rangeOut, before.rangeOut);
        QCOMPARE(after->width, 256);
        QCOMPARE(after->height, 144);
        QCOMPARE(after->fps, 16.0);
        QCOMPARE(after->sampler.steps, before.sampler.steps);
        QCOMPARE(after->sampler.shift, 3.5f);
        QVERIFY(after->sampler.kind == before.sampler.kind);
        QCOMPARE(after->rollout.windowFrames, 13);
        QCOMPARE(after->rollout.sinkFrames, 3);
        QVERIFY(after->rollout.sinkAtRecache == SinkAtRecache::Renewed);
        QVERIFY(after->precision == Precision::Bf16);
        QCOMPARE(after->threads, 2);
        QCOMPARE(after->chunks, int64_t{40});
        QVERIFY(after->timeline == before.timeline);
        QVERIFY(after->events == before.events);
        QCOMPARE(after->frameHashes, before.frameHashes);
        QCOMPARE(after->startImage, before.startImage);
        QCOMPARE(after->startPicture, before.startPicture);
        QCOMPARE(after->toJson(), before.toJson());
        QCOMPARE(namesIn(folder), QStringList{"take.longtake"});
    }

    void aPictureThatIsTooLargeIsLeftToItsFile() {
        Project project = makeProject();
        project.startPicture.assign(Project::kMaxPictureBytes + 1, 'x');
        const Result<Project> after = Project::parse(project.toJson(), "take.longtake");
        QVERIFY(after.ok());
        QVERIFY(after->startPicture.empty());
        QCOMPARE(after->startImage, project.startImage);
    }

    void anEmptyProjectIsAProject() {
        const Result<Project> project = Project::parse(Project().toJson(), "new");
        QVERIFY2(project.ok(), project.ok() ? "" : project.message().c_str());
        QVERIFY(project->timeline.empty());
        QVERIFY(Project::parse(R"({"format":"longtake-project","version":1})", "least").ok());
    }

    void keepsKeysItDoesNotKnow() {
        json document = jsonOf(makeProject());
        document["colour_grade"] = {{"lut", "film"}};
        document["sampler"]["eta"] = 0.25;
        document["timeline"][1]["colour"] = "#aabbcc";
        document["events"][0]["user"] = "a";
        Result<Project> project = Project::parse(document.dump(), "x");
        QVERIFY(project.ok());
        project->seed = 5;
        // An edit before it moves the entry in the list; its keys follow the chunk.
        QVERIFY(project->timeline.insert({.firstChunk = 3, .text = "rain"}).ok());
        const json after = jsonOf(*project);
        QCOMPARE(after["seed"].get<int>(), 5);
        QVERIFY(after["colour_grade"] == document["colour_grade"]);
        QCOMPARE(after["sampler"]["eta"].get<double>(), 0.25);
        QCOMPARE(after["timeline"].size(), size_t{4});
        QVERIFY(after["timeline"][2]["colour"] == "#aabbcc");
        QVERIFY(!after["timeline"][1].contains("colour"));
        QVERIFY(after["events"][0]["user"] == "a");
    }

    void wrongFieldsAreNamed_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const std::string& text, const char* says) {
            QTest::newRow(name) << QString::fromStdString(text) << says;
        };
        row("seed text", with("/seed", "abc"), "seed must be a whole number from 0 to 18446744073709551615, not \"abc\"");
        row("seed negative", with("/seed", -1), "seed must be");
        row("seed fraction", with("/seed", 1.5), "seed must be");
        row("width huge", with("/size/width", 1u << 30), "size.width must be a whole number from 0 to 16384");
        row("size a list", with("/size", json::array({1, 2})), "size must be an object, not a list");
        row("fps zero", with("/fps", 0), "fps must be a number");
        row("step text", with("/sampler/steps/1", "x"), "sampler.steps[1] must be a whole number");
        row("steps huge", with("/sampler/steps", std::vector<int>(5000, 1)), "sampler.steps must be a list of at most 1000");
        row("steps rising", with("/sampler/steps", {250, 500}), "sampler: ");
        row("sampler kind", with("/sampler/kind", "magic"), "sampler.kind must be one of \"consistency\", \"euler\"");
        row("shift", with("/sampler/shift", "5"), "sampler.shift must be a number");
        row("sink", with("/rollout/sink_frames", 50), "rollout: ");
        row("precision", with("/precision", 16), "precision must be one of");
        row("threads", with("/threads", -2), "threads must be");
        row("prompt number", with("/timeline/1/prompt", 7), "timeline[1].prompt must be a text");
        row("prompt long", with("/timeline/1/prompt", std::string(100'000, 'x')), "timeline[1].prompt must be a text of at most 4096");
        row("prompt empty", with("/timeline/1/prompt", "  "), "timeline: prompt 2: the prompt is empty");
        row("transition", with("/timeline/1/transition", "wipe"), "timeline[1].transition must be one of \"keep\"");
        row("unsorted", with("/timeline/1/chunk", 25), "timeline: prompt 3");
        row("late start", with("/timeline/0/chunk", 1), "timeline: the first prompt");
        row("timeline object", with("/timeline", json::object()), "timeline must be a list");
        row("entry text", with("/timeline/0", "x"), "timeline[0] must be an object");
        row("event", with("/events/1/at_ms", "soon"), "events[1].at_ms must be a number");
        row("hash", with("/frame_hashes/1", "xyz"), "frame_hashes[1] must be 16 hexadecimal digits");
        row("hash type", with("/frame_hashes/1", 12), "frame_hashes[1] must be a text");
        row("picture", with("/start_picture", "no base64!"), "start_picture must be a picture in base64");
        row("picture type", with("/start_picture", 5), "start_picture must be a text");
        row("format", with("/format", "other"), "format must be \"longtake-project\"");
        row("format type", with("/format", 3), "format must be");
        row("version", with("/version", 2), "newer Longtake (version 2");
        row("version type", with("/version", "1"), "version must be a whole number");
        row("a list", "[1,2]", "the whole file must be an object");
        row("empty", "", "not JSON at line 1");
        row("cut", makeProject().toJson().substr(0, 200), "not JSON at line ");
        row("number", R"({"seed":1e999})", "out of range");
        row("deep", std::string(100'000, '['), "nested more than 64 deep");
        row(
            "deep objects",
            [] {
                std::string text;
                for (int i = 0; i < 50'000; ++i) text += "{\"a\":";
                return text;
            }(),
            "nested more than 64 deep");
    }

    void wrongFieldsAreNamed() {
        QFETCH(QString, text);
        QFETCH(QString, says);
        const std::string message = messageFor(text.toStdString());
        QVERIFY2(message.find("cannot open take.longtake: ") == 0, message.c_str());
        QVERIFY2(message.find(says.toStdString()) != std::string::npos, message.c_str());
        QVERIFY(message.find('\n') == std::string::npos);
        QVERIFY(message.size() < 400);
    }

    void textThatIsNotUtf8IsSaid() {
        std::string text = makeProject().toJson();
        text.replace(text.find("night"), 5, "ni\xFFht");
        const std::string message = messageFor(text);
        QVERIFY2(message.find("it is not UTF-8 at line ") != std::string::npos, message.c_str());
    }

    void aTooLargeFileIsNotRead() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("big.longtake").toStdString();
        std::ofstream(path) << "x";
        std::filesystem::resize_file(path, 10ull << 30);  // a hole: takes no space
        const Result<Project> project = Project::load(path);
        QVERIFY(!project.ok());
        QVERIFY2(project.message().find("cannot read " + path + ": it has 10737418240 bytes") == 0, project.message().c_str());
    }

    void placesThatCannotBeReadOrWritten() {
        QTemporaryDir folder;
        const std::string missing = folder.filePath("none/take.longtake").toStdString();
        QVERIFY(Project::load(missing).message().find("cannot read " + missing + ": there is no such file") == 0);
        QVERIFY(Project::load(folder.path().toStdString()).message().find("that is a folder") != std::string::npos);
        QVERIFY(makeProject().save(missing).message().find("cannot write " + missing) == 0);
        QVERIFY(!makeProject().save(folder.path().toStdString()).ok());
        QCOMPARE(namesIn(folder), QStringList{});
        QCOMPARE(QDir(folder.path() + "/..").entryList({QFileInfo(folder.path()).fileName() + ".tmp-*"}), QStringList{});
    }

    // Bytes thrown into a good file: every outcome but a crash or a broken promise of the timeline is fine.
    void survivesDamage() {
        const std::string good = makeProject().toJson();
        std::mt19937 random(42);
        int opened = 0;
        for (int round = 0; round < 2000; ++round) {
            std::string text = good;
            const int edits = 1 + static_cast<int>(random() % 4);
            for (int i = 0; i < edits; ++i) {
                const size_t at = random() % text.size();
                switch (random() % 3) {
                    case 0: text[at] = static_cast<char>(random()); break;
                    case 1: text.erase(at, random() % 20); break;
                    default: text.insert(at, text.substr(random() % text.size(), random() % 30)); break;
                }
            }
            const Result<Project> project = Project::parse(text, "x");
            if (!project) {
                QVERIFY(!project.message().empty() && project.message().find('\n') == std::string::npos);
                continue;
            }
            ++opened;
            QVERIFY(Project::parse(project->toJson(), "again").ok());
        }
        QVERIFY(opened > 0 && opened < 2000);
    }

    void fingerprintFollowsTheContent() {
        QTemporaryDir folder;
        const std::string path = folder.path().toStdString();
        std::ofstream(path + "/model.json") << "{}";
        std::ofstream(path + "/dit.safetensors") << "weights";
        const Result<std::string> first = modelFingerprint(path);
        QVERIFY(first.ok());
        QCOMPARE(first->size(), size_t{64});
        QCOMPARE(*modelFingerprint(path), *first);
        std::ofstream(path + "/dit.safetensors") << "Weights";
        QVERIFY(*modelFingerprint(path) != *first);
        // One byte in the middle of the last piece of a file too large to read whole.
        std::filesystem::resize_file(path + "/dit.safetensors", 100ull << 20);
        const Result<std::string> large = modelFingerprint(path);
        std::fstream file(path + "/dit.safetensors", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((100 << 20) - 5);
        file.put('x');
        file.close();
        QVERIFY(*modelFingerprint(path) != *large);
        QVERIFY(!modelFingerprint(path + "/none").ok());
    }
};

QTEST_GUILESS_MAIN(TestProject)
#include "test_project.moc"
