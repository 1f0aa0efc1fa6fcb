#include "ui/theme/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QStyleFactory>

namespace longtake {
namespace {

// A style sheet with names for colours: @panel, @text ...
constexpr const char* kSheet = R"(
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 4px 6px; }
QMenuBar { background: @panel; color: @text; padding: 2px 4px; }
QMenuBar::item { padding: 4px 10px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: @raised; }
QMenu { background: @panel; color: @text; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 12px; border-radius: 3px; }
QMenu::item:selected { background: @raised; }
QMenu::item:disabled { color: @dim; }
QMenu::separator { height: 1px; background: @border; margin: 4px 6px; }
QStatusBar { background: @panel; color: @text; }
QStatusBar::item { border: none; }
QLineEdit, QSpinBox, QComboBox {
    background: @field; color: @text; border: 1px solid @border; border-radius: 4px;
    padding: 0 8px; min-height: 24px; selection-background-color: @accent; selection-color: @onAccent; }
QComboBox { padding-right: 0; }
QComboBox[compact="true"], QSpinBox[compact="true"] { min-height: 20px; padding: 0 6px; }
QLineEdit:focus, QSpinBox:focus, QComboBox:focus { border: 1px solid @accent; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { color: @dim; background: @panel; }
QComboBox QLineEdit { background: transparent; border: none; padding: 0; min-height: 0; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(:/longtake/icons/chevron-down.svg); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: @panel; color: @text; border: 1px solid @border; outline: none;
    selection-background-color: @raised; selection-color: @text; }
QSpinBox::up-button, QSpinBox::down-button { border: none; background: transparent; width: 18px; }
QSpinBox::up-arrow { image: url(:/longtake/icons/chevron-up.svg); width: 9px; height: 9px; }
QSpinBox::down-arrow { image: url(:/longtake/icons/chevron-down.svg); width: 9px; height: 9px; }
QPushButton { background: @raised; color: @text; border: 1px solid transparent; border-radius: 4px; padding: 0 14px; min-height: 26px; }
QPushButton[compact="true"] { min-height: 20px; padding: 0 10px; }
QPushButton:hover { border-color: @border; }
QPushButton:focus { border-color: @accent; }
QPushButton:disabled { color: @dim; background: @faint; }
QPushButton:default, QPushButton[primary="true"] { background: @accent; color: @onAccent; font-weight: 600; }
QPushButton[primary="true"]:hover { background: @accentHover; border-color: transparent; }
QPushButton[primary="true"]:focus { border-color: @text; }
QPushButton[primary="true"]:disabled { background: @faint; color: @dim; }
QToolButton { background: transparent; color: @text; border: 1px solid transparent; border-radius: 4px; padding: 2px; }
QToolButton:hover { background: @raised; }
QToolButton:focus { border-color: @accent; }
QToolButton:disabled { color: @dim; }
QToolButton[transport="true"] { background: @raised; }
QToolButton[transport="true"]:hover { border-color: @border; }
QToolButton[primary="true"] { background: @accent; }
QToolButton[primary="true"]:hover { background: @accentHover; border-color: transparent; }
QToolButton[primary="true"]:focus { border-color: @text; }
QToolButton::menu-indicator { image: none; }
QToolButton[tab="true"] { color: @dim; padding: 1px 8px; }
QToolButton[tab="true"]:checked { color: @text; background: @raised; }
QLabel { background: transparent; }
QLabel[role="dim"] { color: @dim; }
QLabel[role="title"] { font-weight: 600; }
QLabel[role="caution"] { color: @caution; }
QLabel[role="alarm"] { color: @alarm; }
QLabel[role="good"] { color: @good; }
QWidget[surface="panel"] { background: @panel; border-radius: 4px; }
QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @border; border-radius: 3px; margin: 2px; min-width: 28px; min-height: 28px; }
QScrollBar::handle:hover { background: @dim; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: transparent; }
)";

}  // namespace

QString styleSheetFor(const Colours& c) {
    QString sheet = QString::fromLatin1(kSheet);
    // Longer names first, so that @accentHover is not read as @accent.
    const std::pair<const char*, QColor> names[] = {{"@accentHover", mixed(c.accent, c.dark ? Qt::white : Qt::black, 0.12)},
                                                    {"@onAccent", c.onAccent},
                                                    {"@accent", c.accent},
                                                    {"@panel", c.panel},
                                                    {"@raised", c.raised},
                                                    {"@field", c.field},
                                                    {"@border", c.border},
                                                    {"@text", c.text},
                                                    {"@dim", c.dim},
                                                    {"@faint", c.faint},
                                                    {"@caution", c.caution},
                                                    {"@alarm", c.alarm},
                                                    {"@good", c.blockInks[2]}};
    for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), colour.name());
    return sheet;
}

void applyTheme(QApplication& application, Appearance appearance) {
    const Colours& colours = appearance == Appearance::Dark    ? darkColours()
                             : appearance == Appearance::Light ? lightColours()
                                                               : coloursFor(QApplication::palette());
    QApplication::setStyle(QStyleFactory::create("Fusion"));
    QApplication::setPalette(paletteOf(colours));
    // A desktop that chose its font keeps it; Qt's own default is drawn for terminals of another time.
    QFont font = QApplication::font();
    const bool unchosen = font.family().contains("DejaVu") || font.family() == "Sans" || font.family() == "Sans Serif";
    if (unchosen && QFontDatabase::hasFamily("Inter")) font.setFamilies({"Inter", font.family()});
    if (unchosen) font.setPixelSize(13);
    QApplication::setFont(font);
    application.setStyleSheet(styleSheetFor(colours));
}

}  // namespace longtake
