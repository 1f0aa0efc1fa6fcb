// Files that are written whole or not at all: through links, with the permissions they had, and never over what is protected.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>

#include "app/files/atomic_file.h"

using namespace longtake;
namespace fs = std::filesystem;

namespace {

std::string contentOf(const fs::path& path) {
    const auto bytes = readWholeFile(path.string(), 1 << 20);
    return bytes ? *bytes : "(" + bytes.message() + ")";
}

// As a user whom permissions hold, which they do not hold root.
bool isPlaceForUsers(const fs::path& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
        ::_exit(checkPlace(path.string()).ok() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 2) qFatal("the child could not become a user");
    return WEXITSTATUS(status) == 0;
}

}  // namespace

class TestAtomicFile : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    fs::path in(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }
    size_t files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path().toStdString()), {})); }

private slots:
    void init() {
        for (const auto& entry : fs::directory_iterator(folder_.path().toStdString())) fs::remove_all(entry.path());
    }

    void linksAreFollowed_data() {
        QTest::addColumn<QString>("target");
        QTest::newRow("beside it") << "film";
        QTest::newRow("in another folder") << "other/film";
        QTest::newRow("from the root") << QString::fromStdString(in("other/film").string());
    }
    void linksAreFollowed() {
        QFETCH(QString, target);
        fs::create_directory(in("other"));
        fs::create_symlink(target.toStdString(), in("link"));
        fs::create_symlink("link", in("link of a link"));
        for (const char* words : {"first", "second"}) {  // the target is not there yet, and it is
            QVERIFY(checkPlace(in("link of a link").string()).ok());
            const auto written = writeFileAtomically(in("link of a link").string(), std::string_view(words));
            QVERIFY2(written.ok(), written.ok() ? "" : written.message().c_str());
            QCOMPARE(contentOf(in("") / target.toStdString()), std::string(words));
            QVERIFY(fs::is_symlink(in("link")) && fs::is_symlink(in("link of a link")));
        }
    }

    void linksThatLeadNowhereAreRefused() {
        fs::create_symlink("b", in("a"));
        fs::create_symlink("a", in("b"));
        fs::create_symlink("missing/film", in("c"));
        for (const char* name : {"a", "c"}) {
            const auto place = checkPlace(in(name).string());
            QVERIFY2(!place.ok(), name);
            QVERIFY2(place.message().starts_with("cannot write " + in(name).string() + ": "), place.message().c_str());
            QVERIFY(!writeFileAtomically(in(name).string(), std::string_view("words")).ok());
            QVERIFY(fs::is_symlink(in(name)));
        }
        QCOMPARE(files(), size_t(3));
    }

    void permissionsStay() {
        QVERIFY(writeFileAtomically(in("film").string(), std::string_view("first")).ok());
        fs::permissions(in("film"), fs::perms::owner_read | fs::perms::owner_write);
        QVERIFY(writeFileAtomically(in("film").string(), std::string_view("second")).ok());
        QCOMPARE(contentOf(in("film")), std::string("second"));
        QCOMPARE(static_cast<int>(fs::status(in("film")).permissions()), 0600);
        QCOMPARE(files(), size_t(1));
    }

    void whatIsProtectedStays() {
        fs::permissions(in(""), fs::perms::all);
        for (const char* name : {"open", "protected"}) QVERIFY(writeFileAtomically(in(name).string(), std::string_view("mine")).ok());
        fs::permissions(in("open"), fs::perms(0666));
        fs::permissions(in("protected"), fs::perms(0444));
        QVERIFY(isPlaceForUsers(in("open")));
        QVERIFY(isPlaceForUsers(in("new")));
        QVERIFY(!isPlaceForUsers(in("protected")));
    }
};

QTEST_GUILESS_MAIN(TestAtomicFile)
#include "test_atomic_file.moc"
