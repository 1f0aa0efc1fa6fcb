#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>

#include "app/studio/main_window.h"
#include "ui/theme/theme.h"

namespace {

// Shows the program in the first language of the locale that there is a translation for. The texts in the code are
// English, so nothing that comes after English in somebody's list is looked for.
void useLanguage(QApplication& application, const QLocale& locale) {
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
            QApplication::installTranslator(buttons);
        }
        QApplication::installTranslator(texts);
        return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("longtake"));
    QApplication::setApplicationDisplayName(QString());
    QApplication::setOrganizationName(QStringLiteral("longtake"));
    QApplication::setApplicationVersion(QStringLiteral("0.1.0"));
    QApplication::setDesktopFileName(QStringLiteral("longtake"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/longtake/app/longtake.svg")));

    QCommandLineOption language(QStringLiteral("language"), {}, QStringLiteral("name"));
    QCommandLineParser early;  // the language is needed before the descriptions of the other options
    early.addOption(language);
    early.parse(QApplication::arguments());
    if (early.isSet(language)) QLocale::setDefault(QLocale(early.value(language)));
    useLanguage(application, QLocale());

    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate("main", "Longtake: long videos, made live and steered while they grow."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("file"), QApplication::translate("main", "A project, an exported video or a picture to begin with."));
    const QCommandLineOption painted(QStringLiteral("no-vulkan"), QApplication::translate("main", "Draw the picture without Vulkan."));
    const QCommandLineOption dark(QStringLiteral("dark"), QApplication::translate("main", "Dark, whatever the desktop says."));
    const QCommandLineOption light(QStringLiteral("light"), QApplication::translate("main", "Light, whatever the desktop says."));
    language.setDescription(QApplication::translate("main", "Language of the window, such as en or de; otherwise the system's."));
    parser.addOptions({painted, dark, light, language});
    parser.process(application);

    using longtake::Appearance;
    longtake::applyTheme(application, parser.isSet(dark) ? Appearance::Dark : parser.isSet(light) ? Appearance::Light : Appearance::System);
    application.setStyleSheet(application.styleSheet() + QStringLiteral("* { dialogbuttonbox-buttons-have-icons: 0; }"));
    longtake::MainWindow window({.useVulkan = !parser.isSet(painted)});
    window.show();
    window.begin(parser.positionalArguments());
    return QApplication::exec();
}
