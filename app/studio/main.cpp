#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>

#include "app/studio/main_window.h"
#include "ui/theme/theme.h"

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("longtake"));
    QApplication::setApplicationDisplayName(QString());
    QApplication::setOrganizationName(QStringLiteral("longtake"));
    QApplication::setApplicationVersion(QStringLiteral("0.1.0"));
    QApplication::setDesktopFileName(QStringLiteral("longtake"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/longtake/app/longtake.svg")));

    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate("main", "Longtake: long videos, made live and steered while they grow."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("file"), QApplication::translate("main", "A project or an exported video to open."));
    const QCommandLineOption painted(QStringLiteral("no-vulkan"), QApplication::translate("main", "Draw the picture without Vulkan."));
    const QCommandLineOption dark(QStringLiteral("dark"), QApplication::translate("main", "Dark, whatever the desktop says."));
    const QCommandLineOption light(QStringLiteral("light"), QApplication::translate("main", "Light, whatever the desktop says."));
    parser.addOptions({painted, dark, light});
    parser.process(application);

    using longtake::Appearance;
    longtake::applyTheme(application, parser.isSet(dark) ? Appearance::Dark : parser.isSet(light) ? Appearance::Light : Appearance::System);
    application.setStyleSheet(application.styleSheet() + QStringLiteral("* { dialogbuttonbox-buttons-have-icons: 0; }"));
    longtake::MainWindow window({.useVulkan = !parser.isSet(painted)});
    window.show();
    window.begin(parser.positionalArguments());
    return QApplication::exec();
}
