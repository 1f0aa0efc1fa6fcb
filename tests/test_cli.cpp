// longtake-cli as a user runs it: exit status, one line for what is wrong, nothing half-written.
#include <sys/stat.h>

#include <cmath>

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include <nlohmann/json.hpp>

#include "app/media/video_file.h"
#include "app/project/project.h"
#include "tests/read_picture.h"

using namespace longtake;
using nlohmann::json;

namespace {

const QString kProgram = QStringLiteral(LONGTAKE_BINARY_DIR "/bin/longtake-cli");

struct Ran {
    int status = -1;
    QString out, err;

    // The object of that event, or the last one that is there.
    json object(const char* event) const {
        json found;
        for (const QString& line : out.split('\n', Qt::SkipEmptyParts)) {
            const json parsed = json::parse(line.toStdString(), nullptr, false);
            if (parsed.is_object() && parsed.value("event", "") == event) found = parsed;
        }
        return found;
    }
};

// As a shell runs it, with "$0" for the program: for streams and signals that QProcess has no words for.
Ran runInShell(const QString& script, const QStringList& arguments = {});

Ran run(const QStringList& arguments, const QString& program = kProgram) {
    QProcess process;
    process.start(program, arguments);
    Ran ran;
    if (!process.waitForFinished(240'000)) return ran;
    ran.status = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
    ran.out = QString::fromUtf8(process.readAllStandardOutput());
    ran.err = QString::fromUtf8(process.readAllStandardError());
    return ran;
}

Ran runInShell(const QString& script, const QStringList& arguments) {
    return run(QStringList{"-c", script, kProgram} + arguments, "/bin/sh");
}

// The embedded model, or the one of LONGTAKE_TEST_MODEL; empty where there is none.
QString embeddedModel() {
    if (qEnvironmentVariableIsSet("LONGTAKE_TEST_MODEL")) return qEnvironmentVariable("LONGTAKE_TEST_MODEL");
    const QDir models(QStringLiteral(LONGTAKE_SOURCE_DIR "/resources/models"));
    for (const QString& name : models.entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        if (QFileInfo::exists(models.filePath(name) + "/model.json")) return models.filePath(name);
    }
    return {};
}

QStringList namesIn(const QString& folder) {
    return QDir(folder).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot, QDir::Name);
}

}  // namespace

class TestCli : public QObject {
    Q_OBJECT

private slots:
    void wrongUsageIsSaidInOneLine_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const QStringList& arguments, const char* says) { QTest::newRow(name) << arguments << says; };
        const QStringList render{"render", "-o", "out.mp4"};
        row("nothing", {}, "there is no command; see longtake-cli --help");
        row("unknown command", {"paint"}, "unknown command \"paint\"; see longtake-cli --help");
        row("unknown option before a command", {"--bogus"}, "unknown option \"--bogus\"; see longtake-cli --help");
        row("no prompt", render, "there is no prompt; give --prompt TEXT or --project FILE");
        row("unknown device", render + QStringList{"--prompt", "a", "--device", "gpu"},
            "--device: there is no device \"gpu\"; choose cpu, cuda or cuda:N");
        row("empty prompt", render + QStringList{"--prompt", "   "}, "--prompt: the prompt is empty");
        row("10 000 words", render + QStringList{"--prompt", QString("word ").repeated(10'000)},
            "--prompt: the prompt is 50000 bytes long; shorten it to 4096 at most");
        row("no output", {"render", "--prompt", "sea"}, "there is no output; give -o FILE.mp4 or --frames DIR");
        row("other ending", {"render", "--prompt", "sea", "-o", "out.txt"}, "cannot tell the format of out.txt");
        row("codec", render + QStringList{"--prompt", "sea", "--codec", "divx"}, "unknown codec \"divx\"");
        row("quality", render + QStringList{"--prompt", "sea", "--quality", "200"}, "unknown quality \"200\"");
        row("size", render + QStringList{"--prompt", "sea", "--size", "big"}, "--size: \"big\" is no size");
        row("negative size", render + QStringList{"--prompt", "sea", "--size", "-16x16"}, "is no size");
        row("seconds zero", render + QStringList{"--prompt", "sea", "--seconds", "0"}, "--seconds must be above 0");
        row("seconds nan", render + QStringList{"--prompt", "sea", "--seconds", "nan"}, "--seconds must be above 0");
        row("seconds text", render + QStringList{"--prompt", "sea", "--seconds", "long"}, "--seconds");
        row("seed", render + QStringList{"--prompt", "sea", "--seed", "-4"}, "--seed");
        row("precision", render + QStringList{"--prompt", "sea", "--precision", "fp8"}, "--precision: \"fp8\"");
        row("threads", render + QStringList{"--prompt", "sea", "--threads", "0"}, "--threads");
        row("at without prompt", render + QStringList{"--project", "x.longtake", "--at", "2", "rain"},
            "--at changes a prompt that is not there");
        row("at without text", render + QStringList{"--prompt", "sea", "--at", "2"}, "--at");
        row("at time", render + QStringList{"--prompt", "sea", "--at", "soon", "rain"}, "\"soon\" is no time");
        row("at empty", render + QStringList{"--prompt", "sea", "--at", "2", ""}, "--at 2: the prompt is empty");
        row("transition", render + QStringList{"--prompt", "sea", "--transition", "wipe"}, "\"wipe\" is no transition");
        row("unknown option", {"info", "--colour"}, "--colour");
        const QStringList sea = render + QStringList{"--prompt", "sea"};
        row("twice", sea + QStringList{"--prompt", "sky"}, "--prompt is given more than once; see");
        row("empty size", sea + QStringList{"--size", ""}, "--size has no value; give one, or leave it out");
        row("empty seed", sea + QStringList{"--seed", ""}, "--seed has no value");
        row("empty model name", {"info", ""}, "model has no value");
        row("shift nan", sea + QStringList{"--shift", "nan"}, "--shift must be a number from 0.01 to 100");
        row("sheet that is no PNG", sea + QStringList{"--contact-sheet", "out.mp4"}, "--contact-sheet out.mp4: a contact sheet is a PNG");
        row("project over the video", sea + QStringList{"--save-project", "out.mp4"},
            "--save-project out.mp4: give a name that ends in .longtake");
        row("frames over the video", sea + QStringList{"--frames", "./out.mp4/"}, "--frames ./out.mp4/: another output has that name");
    }

    void wrongUsageIsSaidInOneLine() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, says);
        const Ran ran = run(arguments);
        QCOMPARE(ran.status, 2);
        QVERIFY2(ran.err.contains(says), qPrintable(ran.err));
        QCOMPARE(ran.err.count('\n'), 1);
        QCOMPARE(ran.out, QString());
    }

    void aPromptThatIsNotUtf8IsRefused() {
        const Ran ran = runInShell("\"$0\" render -o out.mp4 --prompt \"$(printf 'sea \\377')\"");
        QCOMPARE(ran.status, 2);
        QVERIFY2(ran.err.contains("--prompt: the prompt is not UTF-8 at byte 4"), qPrintable(ran.err));
    }

    void failuresAreSaidInOneLine_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const QStringList& arguments, const char* says) { QTest::newRow(name) << arguments << says; };
        row("no model", {"info", "DIR/none"}, "cannot read the model DIR/none");
        row("folder without model", {"info", "DIR/empty"}, "there is no model.json in it");
        row("file as model", {"info", "DIR/file"}, "there is no model.json in it");
        row("broken model.json", {"info", "DIR/broken"}, "DIR/broken/model.json");
        row("rank of it", {"rank", "DIR/broken"}, "DIR/broken/model.json");
        row("missing project", {"verify", "DIR/none.longtake"}, "cannot read DIR/none.longtake");
        row("project that is none", {"verify", "DIR/file"}, "cannot open DIR/file: it is not JSON");
        row("video that is none", {"verify", "DIR/file.mp4"}, "not an MP4 or MOV video");
        row("missing folder", {"render", "--prompt", "sea", "-o", "DIR/none/out.mp4"}, "cannot write DIR/none/out.mp4");
        row("file as folder", {"render", "--prompt", "sea", "-o", "DIR/file/out.mp4"}, "cannot write DIR/file/out.mp4");
        row("output is a folder", {"render", "--prompt", "sea", "-o", "DIR/folder.mp4"}, "that is a folder");
        row("no GPU of that number", {"info", "--device", "cuda:63"}, "cuda:63 cannot be used: ");
        row("a pipe to recover", {"recover", "DIR/pipe.part.mp4"}, "cannot read DIR/pipe.part.mp4: it is a device or a pipe");
        row("nothing to recover", {"recover", "DIR/none.part.mp4"}, "cannot read DIR/none.part.mp4");
        row("missing picture", {"render", "--prompt", "sea", "--image", "DIR/none.png", "-o", "DIR/out.mp4"}, "cannot read DIR/none.png");
        row("picture that is none", {"render", "--prompt", "sea", "--image", "DIR/file", "-o", "DIR/out.mp4"},
            "cannot open the picture DIR/file: it is no picture of a known kind");
        row("pipe as output", {"render", "--prompt", "sea", "-o", "DIR/pipe.mp4"}, "cannot write DIR/pipe.mp4: it is a device or a pipe");
        row("links in a circle", {"render", "--prompt", "sea", "-o", "DIR/circle/out.mp4"}, "its links lead back to themselves");
        row("project in no folder", {"render", "--prompt", "sea", "-o", "DIR/out.mp4", "--save-project", "DIR/none/a.longtake"},
            "cannot write DIR/none/a.longtake: there is no such file or folder");
        row("import of nothing",
            {"import", "--dit", "DIR/none", "--text-encoder", "DIR/none", "--video", "DIR/none", "-o", "DIR/new", "--name", "New"},
            "DIR/none");
    }

    void failuresAreSaidInOneLine() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, says);
        QTemporaryDir folder;
        QDir(folder.path()).mkdir("empty");
        QDir(folder.path()).mkdir("broken");
        QDir(folder.path()).mkdir("folder.mp4");
        for (const char* name : {"file", "file.mp4", "broken/model.json"}) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write("{ this is nothing");
        }
        for (const char* name : {"pipe.mp4", "pipe.part.mp4"}) QCOMPARE(::mkfifo(qPrintable(folder.filePath(name)), 0600), 0);
        QVERIFY(QFile::link("circle", folder.filePath("circle")));
        const QStringList before = namesIn(folder.path());
        arguments.replaceInStrings("DIR", folder.path());
        says.replace("DIR", folder.path());
        const Ran ran = run(arguments);
        QVERIFY2(ran.err.contains(says), qPrintable(ran.err));
        QCOMPARE(ran.status, 1);
        QCOMPARE(ran.err.count('\n'), 1);
        QCOMPARE(namesIn(folder.path()), before);
    }

    // A whole model but for one file, at which a program that opens it would wait for ever.
    void aModelWithAPipeInItIsRefused() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        for (const QString& name : QDir(model).entryList(QDir::Files))
            QVERIFY(QFile::link(QDir(model).filePath(name), folder.filePath(name)));
        QVERIFY(QFile::remove(folder.filePath("spiece.model")));
        QCOMPARE(::mkfifo(qPrintable(folder.filePath("spiece.model")), 0600), 0);
        const Ran ran = run({"info", folder.path()});
        QCOMPARE(ran.status, 1);
        QVERIFY2(ran.err.contains("spiece.model: is a device or a pipe"), qPrintable(ran.err));
    }

    void aPictureIsNotWrittenOver() {
        QTemporaryDir folder;
        const QString picture = folder.filePath("sea.webp");
        QFile file(picture);
        QVERIFY(file.open(QIODevice::WriteOnly));
        const Ran ran = run({"render", "--prompt", "sea", "--image", picture, "-o", folder.path() + "/./sea.webp"});
        QCOMPARE(ran.status, 2);
        QVERIFY2(ran.err.contains("is the picture of --image, which would be written over"), qPrintable(ran.err));
    }

    void tellsItsVersion() {
        const Ran ran = run({"--version"});
        QCOMPARE(ran.status, 0);
        QVERIFY2(QRegularExpression("^longtake-cli \\d+\\.\\d+\\.\\d+\n$").match(ran.out).hasMatch(), qPrintable(ran.out));
    }

    void resultsThatCannotBePrintedAreAFailure() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        const Ran full = runInShell("\"$0\" info \"$1\" --config-only > /dev/full", {model});
        QCOMPARE(full.status, 1);
        QVERIFY2(full.err.contains("cannot write to standard output: the disk is full"), qPrintable(full.err));
        QCOMPARE(full.err.count('\n'), 1);
    }

    // With standard error closed, the video would be the file that messages go to.
    void closedStreamsLeaveFilesAlone() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const QString video = folder.filePath("take.mp4");
        const Ran ran =
            runInShell("\"$0\" render --model \"$1\" --prompt sea --seconds 0.3 --size 64x32 -o \"$2\" <&- >&- 2>&-", {model, video});
        QCOMPARE(ran.status, 0);
        const Ran same = run({"verify", video});
        QVERIFY2(same.status == 0, qPrintable(same.err));
    }

    void aReaderThatGoesAwayStopsNoTake() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const QString video = folder.filePath("take.mp4");
        const Ran ran = runInShell(
            "{ \"$0\" render --json --model \"$1\" --prompt sea --seconds 3 --size 64x32 -o \"$2\"; echo ended $? >&2; } | head -n 1",
            {model, video});
        QVERIFY2(ran.err.contains("ended 0"), qPrintable(ran.err));
        QCOMPARE(namesIn(folder.path()), QStringList{"take.mp4"});
    }

    void tellsWhatOfTheRequestIsNotSeen() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const Ran ran = run({"render", "--model", model, "--prompt", "sea", "--at", "30", "rain", "--at", "40", "snow", "--seconds", "0.3",
                             "--size", "64x32", "-o", folder.filePath("take.mp4")});
        QVERIFY2(ran.status == 0, qPrintable(ran.err));
        QVERIFY2(ran.err.contains("the take ends before its last 2 prompts begin; make it longer with --seconds"), qPrintable(ran.err));
    }

    // The disk of one take is full: the others are whole.
    void aTakeThatCannotBeWrittenSparesTheOthers() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const Ran ran = runInShell(
            "ulimit -f 16; trap '' XFSZ; exec \"$0\" render --model \"$1\" --prompt sea --seconds 1 --size 64x32 --takes 2 "
            "-o \"$2/take.mp4\" --contact-sheet \"$2/sheet.png\"",
            {model, folder.path()});
        QCOMPARE(ran.status, 1);
        QVERIFY2(ran.err.contains("sheet-1.png"), qPrintable(ran.err));
        QCOMPARE(namesIn(folder.path()), (QStringList{"take-1.mp4", "take-2.mp4"}));
    }

    void errorsAreObjectsForMachines() {
        const Ran ran = run({"render", "--json", "-o", "out.mp4"});
        QCOMPARE(ran.status, 2);
        const json error = ran.object("error");
        QVERIFY2(error.is_object(), qPrintable(ran.out));
        QVERIFY(error["message"].get<std::string>().find("there is no prompt") == 0);
    }

    void helpIsNoError() {
        for (const char* command : {"render", "info", "rank", "bench", "verify", "import", "recover"}) {
            const Ran ran = run({command, "--help"});
            QCOMPARE(ran.status, 0);
            QVERIFY(ran.out.contains("--json"));
        }
    }

    void rendersAndVerifies() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const QString video = folder.filePath("take.mp4"), project = folder.filePath("take.longtake");
        const QString sheet = folder.filePath("sheet.png");
        const Ran ran = run({"render", "--json", "--model", model, "--prompt", "a calm sea at dawn", "--at", "1", "a desert at night",
                             "--seconds", "2", "--seed", "7", "-o", video, "--save-project", project, "--contact-sheet", sheet});
        QVERIFY2(ran.status == 0, qPrintable(ran.err));
        QCOMPARE(namesIn(folder.path()), (QStringList{"sheet.png", "take.longtake", "take.mp4"}));
        const json done = ran.object("done");
        const json progress = ran.object("progress");
        QVERIFY(done.is_object() && progress.is_object());
        QVERIFY(progress["chunk"] == progress["chunks"]);
        QVERIFY(progress["cache_bytes"].get<int64_t>() > 0);
        QVERIFY(ReadPicture(sheet.toStdString()).width > 100);

        const auto saved = Project::load(project.toStdString());
        QVERIFY2(saved.ok(), saved.ok() ? "" : saved.message().c_str());
        QCOMPARE(saved->seed, uint64_t{7});
        QCOMPARE(saved->timeline.size(), size_t{2});
        QCOMPARE(static_cast<int64_t>(saved->frameHashes.size()), done["frames"].get<int64_t>());
        QCOMPARE(done["frames"].get<int64_t>(), static_cast<int64_t>(2 * saved->fps));
        const auto embedded = readEmbeddedProject(video.toStdString());
        QVERIFY(embedded.ok());
        QCOMPARE(*embedded, saved->toJson());

        const Ran same = run({"verify", "--json", video});
        QVERIFY2(same.status == 0, qPrintable(same.err));
        QCOMPARE(same.object("verify")["frames"].get<int64_t>(), done["frames"].get<int64_t>());
        const Ran oneThread = run({"verify", "--json", project, "--threads", "1"});
        QVERIFY2(oneThread.status == 0, qPrintable(oneThread.err));
        const Ran other = run({"verify", project, "--seed", "8"});
        QCOMPARE(other.status, 1);
        QVERIFY2(other.err.contains("frame 0 (0.00 s, chunk 0) is the first that differs"), qPrintable(other.err));
    }

    void takesAtOnceAreTheTakesAlone() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const Ran ran = run({"render",
                             "--json",
                             "--model",
                             model,
                             "--prompt",
                             "a calm sea at dawn",
                             "--at",
                             "1",
                             "a desert at night",
                             "--seconds",
                             "2",
                             "--size",
                             "64x32",
                             "--seed",
                             "7",
                             "--takes",
                             "3",
                             "-o",
                             folder.filePath("take.mp4"),
                             "--save-project",
                             folder.filePath("take.longtake")});
        QVERIFY2(ran.status == 0, qPrintable(ran.err));
        QCOMPARE(namesIn(folder.path()),
                 (QStringList{"take-1.longtake", "take-1.mp4", "take-2.longtake", "take-2.mp4", "take-3.longtake", "take-3.mp4"}));
        std::vector<uint64_t> firstHashes;
        for (int take = 1; take <= 3; ++take) {
            const QString project = folder.filePath(QString("take-%1.longtake").arg(take));
            const auto saved = Project::load(project.toStdString());
            QVERIFY2(saved.ok(), saved.ok() ? "" : saved.message().c_str());
            QCOMPARE(saved->seed, static_cast<uint64_t>(6 + take));
            QVERIFY(saved->frameHashes.size() == static_cast<size_t>(2 * saved->fps));
            QVERIFY(std::find(firstHashes.begin(), firstHashes.end(), saved->frameHashes.back()) == firstHashes.end());
            firstHashes.push_back(saved->frameHashes.back());
            const Ran alone = run({"verify", project});
            QVERIFY2(alone.status == 0, qPrintable(alone.err));
        }
    }

    void ctrlCKeepsWhatIsMade() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const QString video = folder.filePath("take.mp4");
        QProcess process;
        process.start(kProgram, {"render", "--json", "--model", model, "--prompt", "a sea", "--seconds", "600", "-o", video});
        QByteArray out;
        while (!out.contains("\"progress\"")) {
            QVERIFY(process.waitForReadyRead(120'000));
            out += process.readAllStandardOutput();
        }
        process.terminate();  // SIGTERM counts as Ctrl+C
        QVERIFY(process.waitForFinished(120'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 1);
        QCOMPARE(namesIn(folder.path()), QStringList{"take.mp4"});
        const auto embedded = readEmbeddedProject(video.toStdString());
        QVERIFY(embedded.ok());
        const auto project = Project::parse(*embedded, "take.mp4");
        QVERIFY(project.ok());
        QVERIFY(!project->frameHashes.empty());
    }

    // The published 1.3B student: 224 values a token and layer, 92.7 % less than dense, counted from real memory.
    void tellsTheCacheOfALargeModelFromItsConfig() {
        QTemporaryDir folder;
        QFile file(folder.filePath("model.json"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(R"({"format":"longtake-model","version":1,"name":"Large","description":"","license":"",
            "dit":{"weights":"dit.safetensors","attention":"mla","dim":1536,"ffn_dim":8960,"num_heads":12,"num_layers":30,
                   "freq_dim":256,"text_dim":4096,"text_len":512,"in_dim":16,"out_dim":16,"patch_size":[1,2,2],"eps":1e-6,
                   "mla":{"d_c":192,"d_cq":768,"d_nope":96,"d_r":32,"d_v":128,"eps":1e-6,"rope_bands":"high"}},
            "text_encoder":{"weights":"t.safetensors","tokenizer":"spiece.model","vocab":256384,"dim":4096,"dim_attn":4096,
                            "dim_ffn":10240,"num_heads":64,"num_layers":24,"num_buckets":32,"max_distance":128},
            "video":{"kind":"taehv","weights":"video.safetensors","latent_channels":16},
            "sampler":{"kind":"consistency","steps":[1000,750,500,250],"shift":5.0},
            "rollout":{"chunk_frames":3,"window_frames":21,"sink_frames":1,"positions":"window","context_noise":0},
            "defaults":{"width":832,"height":480,"fps":16}})");
        file.close();
        const Ran ran = run({"info", folder.path(), "--config-only", "--window", "4", "--precision", "fp32", "--json"});
        QVERIFY2(ran.status == 0, qPrintable(ran.err));
        const json cache = ran.object("info")["cache"];
        QVERIFY(cache["counted"].get<bool>());
        QCOMPARE(cache["tokens_per_frame"].get<int>(), 1560);
        QCOMPARE(cache["values_per_token_layer"].get<int>(), 224);
        // What is really taken: never less than the numbers, and hardly more.
        const double wanted = 4.0 * 1560 * 30 * 224 * 4;
        const double taken = cache["bytes"].get<double>();
        QVERIFY(taken >= wanted && taken < wanted * 1.01);
        QVERIFY(std::abs(1 - taken / cache["dense_bytes"].get<double>() - 0.927) < 1e-3);
    }

    void aSizeThatDoesNotFitIsSaid() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        QTemporaryDir folder;
        const Ran ran = run({"render", "--model", model, "--prompt", "a sea", "--size", "250x144", "-o", folder.filePath("take.mp4")});
        QCOMPARE(ran.status, 2);
        QVERIFY2(ran.err.contains("250x144") && ran.err.contains("multiple of"), qPrintable(ran.err));
        QCOMPARE(namesIn(folder.path()), QStringList{});
    }

    void tellsModelAndRanks() {
        const QString model = embeddedModel();
        if (model.isEmpty()) QSKIP("this tree has no embedded model");
        const json info = run({"info", model, "--json"}).object("info");
        QVERIFY(info.is_object());
        QVERIFY(info["cache"]["counted"].get<bool>());
        const auto values = info["cache"]["values_per_token_layer"].get<int64_t>();
        const auto tokens = info["cache"]["tokens_per_frame"].get<int64_t>() * info["cache"]["window_frames"].get<int64_t>();
        const auto perTokenAndLayer = info["cache"]["bytes"].get<int64_t>() / tokens / info["layers"].get<int64_t>();
        QVERIFY(perTokenAndLayer == values * 4 || perTokenAndLayer == values * 2);

        QTemporaryDir folder;
        const QString csv = folder.filePath("rank.csv");
        const Ran ran = run({"rank", model, "--json", "--csv", csv});
        QVERIFY2(ran.status == 0, qPrintable(ran.err));
        QCOMPARE(ran.object("rank")["layers"].size(), info["layers"].get<size_t>());
        QFile file(csv);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll().count('\n'), 1 + info["layers"].get<int>());
        // A device or a pipe is not put aside for a file.
        const QString pipe = folder.filePath("pipe");
        QCOMPARE(::mkfifo(qPrintable(pipe), 0600), 0);
        QCOMPARE(run({"rank", model, "--csv", pipe}).status, 1);
        struct stat there {};
        QVERIFY(::stat(qPrintable(pipe), &there) == 0 && S_ISFIFO(there.st_mode));
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "test_cli.moc"
