#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "app/studio/main_window.h"
#include "ui/theme/theme.h"

namespace {

// Shows the program in the first language of the locale that there is a translation for. The texts in the code are
// English, so nothing that comes after English in somebody's list is looked for.
void useLanguage(QCoreApplication& application, const QLocale& locale) {
    for (const QString& name : locale.uiLanguages()) {
        const QLocale language(name);
        if (language.language() == QLocale::English) return;
        auto* texts = new QTranslator(&application);
        if (!texts->load(language, QStringLiteral("longtake"), QStringLiteral("_"), QStringLiteral(":/longtake/translations"))) {
            delete texts;
            continue;
        }
        auto* buttons = new QTranslator(&application);  // of Qt's own dialogs, where they are installed
        if (buttons->load(language, QStringLiteral("qtbase"), QStringLiteral("_"), QLibraryInfo::path(QLibraryInfo::TranslationsPath))) {
            QCoreApplication::installTranslator(buttons);
        }
        QCoreApplication::installTranslator(texts);
        return;
    }
}

// Until there is a window, whatever Qt cannot go on without is a display.
void sayThereIsNoDisplay(QtMsgType type, const QMessageLogContext&, const QString&) {
    if (type != QtFatalMsg) return;
    const QByteArray x11 = qgetenv("DISPLAY"), wayland = qgetenv("WAYLAND_DISPLAY"), named = wayland.isEmpty() ? x11 : wayland;
    std::fprintf(stderr,
                 "longtake: no window can be opened, %s%s; start it on a desktop, or make videos without one: longtake-cli render --help\n",
                 named.isEmpty() ? "as neither DISPLAY nor WAYLAND_DISPLAY is set" : "as there is no display ", named.constData());
    std::_Exit(1);
}

// Help and the version need no display.
bool isQuestion(int argc, char** argv) {
    return std::any_of(argv + 1, argv + argc, [](const char* argument) {
        const std::string_view text(argument);
        return text == "-h" || text == "--help" || text == "--help-all" || text == "-v" || text == "--version";
    });
}

std::unique_ptr<QCoreApplication> makeApplication(int& argc, char** argv) {
    if (isQuestion(argc, argv)) return std::make_unique<QCoreApplication>(argc, argv);
    const QtMessageHandler usual = qInstallMessageHandler(sayThereIsNoDisplay);
    auto application = std::make_unique<QApplication>(argc, argv);
    qInstallMessageHandler(usual);
    return application;
}

}  // namespace

int main(int argc, char** argv) {
    const std::unique_ptr<QCoreApplication> application = makeApplication(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("longtake"));
    QCoreApplication::setOrganizationName(QStringLiteral("longtake"));
    QCoreApplication::setApplicationVersion(QStringLiteral("0.1.0"));

    QCommandLineOption language(QStringLiteral("language"), {}, QStringLiteral("name"));
    QCommandLineParser early;  // the language is needed before the descriptions of the other options
    early.addOption(language);
    early.parse(QCoreApplication::arguments());
    if (early.isSet(language)) QLocale::setDefault(QLocale(early.value(language)));
    useLanguage(*application, QLocale());

    QCommandLineParser parser;
    parser.setApplicationDescription(QCoreApplication::translate("main", "Longtake: long videos, made live and steered while they grow."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("file"),
                                 QCoreApplication::translate("main", "A project, an exported video or a picture to begin with."));
    const QCommandLineOption painted(QStringLiteral("no-vulkan"), QCoreApplication::translate("main", "Draw the picture without Vulkan."));
    const QCommandLineOption dark(QStringLiteral("dark"), QCoreApplication::translate("main", "Dark, whatever the desktop says."));
    const QCommandLineOption light(QStringLiteral("light"), QCoreApplication::translate("main", "Light, whatever the desktop says."));
    language.setDescription(QCoreApplication::translate("main", "Language of the window, such as en or de; otherwise the system's."));
    parser.addOptions({painted, dark, light, language});
    parser.process(*application);
    auto* desktop = qobject_cast<QApplication*>(application.get());
    if (!desktop) return 0;
    QApplication::setApplicationDisplayName(QString());
    QApplication::setDesktopFileName(QStringLiteral("longtake"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/longtake/app/longtake.svg")));

    using longtake::Appearance;
    longtake::applyTheme(*desktop, parser.isSet(dark) ? Appearance::Dark : parser.isSet(light) ? Appearance::Light : Appearance::System);
    desktop->setStyleSheet(desktop->styleSheet() + QStringLiteral("* { dialogbuttonbox-buttons-have-icons: 0; }"));
    longtake::MainWindow window({.useVulkan = !parser.isSet(painted)});
    window.show();
    window.begin(parser.positionalArguments());
    return QApplication::exec();
}
