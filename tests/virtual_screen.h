// An X server of the test's own with a window manager, and a person's hands on it: xdotool.
//
//   VirtualScreen screen;                       // 1280 x 800
//   if (!screen.start()) QSKIP / QFAIL(screen.problem());
//   program.setProcessEnvironment(screen.environment());
//   screen.type("the sea"); screen.press("Return");
//   QImage seen = screen.picture();
//
// Owner:  a test or a bench.
// Thread: its own.
#pragma once

#include <csignal>
#include <unistd.h>

#include <QByteArray>
#include <QImage>
#include <QProcess>
#include <QProcessEnvironment>
#include <QSize>
#include <QString>
#include <QStringList>

class VirtualScreen {
public:
    explicit VirtualScreen(QSize size = {1280, 800}) : size_(size) {}
    VirtualScreen(const VirtualScreen&) = delete;
    VirtualScreen& operator=(const VirtualScreen&) = delete;
    ~VirtualScreen() {
        for (QProcess* process : {&manager_, &server_}) {
            if (process->state() == QProcess::NotRunning) continue;
            process->terminate();
            if (!process->waitForFinished(5000)) process->kill();
            process->waitForFinished(5000);
        }
    }

    // False when there is no X server to start; problem() says why.
    bool start() {
        // The server picks a free number and says it.
        server_.start("Xvfb", {"-displayfd", "1", "-screen", "0", QStringLiteral("%1x%2x24").arg(size_.width()).arg(size_.height()),
                               "-nolisten", "tcp"});
        QByteArray said;
        while (!said.endsWith('\n')) {
            if (!server_.waitForReadyRead(20'000)) {
                problem_ = "Xvfb does not start: " + server_.errorString() + QString::fromUtf8(server_.readAllStandardError());
                return false;
            }
            said += server_.readAllStandardOutput();
        }
        display_ = ":" + QString::fromLatin1(said).trimmed();
        manager_.setProcessEnvironment(environment());
        manager_.setStandardErrorFile(QProcess::nullDevice());
        manager_.start("openbox", QStringList{});
        return manager_.waitForStarted();
    }
    const QString& problem() const { return problem_; }
    const QString& display() const { return display_; }

    // Of programs that open windows here; pictures are drawn by lavapipe.
    QProcessEnvironment environment() const {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("DISPLAY", display_);
        environment.remove("WAYLAND_DISPLAY");
        environment.insert("QT_QPA_PLATFORM", "xcb");
        environment.insert("VK_ICD_FILENAMES", "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json");
        return environment;
    }

    // The window with this in its title, once it can be seen; empty when it does not come.
    QString window(const QString& title, int milliseconds = 30'000) {
        return hand({"search", "--sync", "--onlyvisible", "--name", title}, milliseconds).section('\n', -1);
    }
    void focus(const QString& window) { hand({"windowactivate", "--sync", window}); }
    void type(const QString& text) { hand({"type", "--delay", "15", text}); }
    void press(const QString& keys) { hand({"key", keys}); }
    void click(QPoint at) { hand({"mousemove", QString::number(at.x()), QString::number(at.y()), "click", "1"}); }

    // All that is on the screen.
    QImage picture() {
        QProcess grab;
        grab.setProcessEnvironment(environment());
        grab.start("import", {"-window", "root", "ppm:-"});
        grab.waitForFinished(20'000);
        return QImage::fromData(grab.readAllStandardOutput(), "PPM");
    }

private:
    QString hand(const QStringList& arguments, int milliseconds = 20'000) {
        QProcess tool;
        tool.setProcessEnvironment(environment());
        tool.start("xdotool", arguments);
        if (!tool.waitForFinished(milliseconds)) tool.kill();
        tool.waitForFinished(1000);
        return QString::fromUtf8(tool.readAllStandardOutput()).trimmed();
    }

    QSize size_;
    QString display_, problem_;
    QProcess server_, manager_;
};
