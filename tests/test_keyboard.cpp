// The keyboard alone: Tab comes to everything that can be used, shows where it is, and every letter of a menu is its own.
#include <QtTest/QtTest>

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QApplication>
#include <QButtonGroup>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QScrollBar>
#include <QSettings>
#include <QSplitter>
#include <QTranslator>
#include <functional>
#include <set>

#include "app/studio/export_controller.h"
#include "app/studio/export_dialog.h"
#include "app/studio/main_window.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/shortcut_sheet.h"
#include "app/studio/take_controller.h"
#include "tests/plain_home.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/session_panel.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

using namespace longtake;

namespace {

const StudioOptions kPlain{.useVulkan = false, .remembersLayout = false};
constexpr int kMostStops = 200;

QString described(const QWidget* widget) {
    QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
    const QString name = spoken ? spoken->text(QAccessible::Name) : QString();
    return QStringLiteral("%1 “%2” in %3")
        .arg(widget->metaObject()->className(), name,
             widget->parentWidget() ? widget->parentWidget()->metaObject()->className() : "nothing");
}

bool isPartOfAnother(const QWidget* widget) {
    const QWidget* parent = widget->parentWidget();
    return qobject_cast<const QComboBox*>(parent) || qobject_cast<const QAbstractSpinBox*>(parent);
}

// Something that a hand would use. Scroll bars follow the keys of what they scroll.
bool isForUse(const QWidget* widget) {
    if (!widget->isVisible() || !widget->isEnabled() || qobject_cast<const QScrollBar*>(widget) || isPartOfAnother(widget)) return false;
    return qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QComboBox*>(widget) ||
           qobject_cast<const QLineEdit*>(widget) || qobject_cast<const QAbstractSpinBox*>(widget) ||
           qobject_cast<const QAbstractSlider*>(widget) || qobject_cast<const QAbstractItemView*>(widget) ||
           qobject_cast<const QSplitterHandle*>(widget) || (widget->focusPolicy() & Qt::TabFocus);
}

QImage lookOf(const QWidget* widget) {
    QWidget* window = widget->window();
    return window->grab(QRect(widget->mapTo(window, QPoint()), widget->size()).adjusted(-3, -3, 3, 3)).toImage();
}

// Every stop of the key from where the focus is until it is there again.
QList<QWidget*> stopsOf(QWidget* window, Qt::Key key) {
    QList<QWidget*> stops;
    for (int i = 0; i < kMostStops; ++i) {
        QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : window, key);
        QWidget* there = QApplication::focusWidget();
        if (!there || there->window() != window || stops.contains(there)) break;
        stops += there;
        // Of a group of buttons where one is chosen, the arrows reach the others.
        const auto* button = qobject_cast<QAbstractButton*>(there);
        if (!button || !button->group() || !button->group()->exclusive()) continue;
        for (QAbstractButton* other : button->group()->buttons())
            if (other != button) {
                QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right);
                if (QApplication::focusWidget() != there) stops += QApplication::focusWidget();
            }
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Left);
    }
    return stops;
}

// What is wrong, one line each.
QStringList faultsOf(QWidget* window) {
    QStringList faults;
    const QList<QWidget*> forward = stopsOf(window, Qt::Key_Tab), back = stopsOf(window, Qt::Key_Backtab);
    if (forward.isEmpty())
        return {QStringLiteral("Tab goes nowhere from ") +
                (QApplication::focusWidget() ? described(QApplication::focusWidget()) : QStringLiteral("nothing"))};
    if (window->windowTitle().isEmpty()) faults += QStringLiteral("the window has no title");
    for (QWidget* widget : window->findChildren<QWidget*>()) {
        if (widget->window() != window || !isForUse(widget)) continue;
        if (!forward.contains(widget)) faults += QStringLiteral("Tab does not come to ") + described(widget);
        if (!back.contains(widget)) faults += QStringLiteral("Shift+Tab does not come to ") + described(widget);
        QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(widget);
        if (!spoken || spoken->text(QAccessible::Name).trimmed().isEmpty())
            faults += QStringLiteral("there is no name for ") + described(widget);
    }
    for (qsizetype i = 0; i < forward.size(); ++i) {
        QWidget* widget = forward[i];
        if (!isForUse(widget)) faults += QStringLiteral("Tab stops at what is not for use: ") + described(widget);
        if (forward.size() < 2) continue;
        widget->setFocus(Qt::TabFocusReason);
        const QImage with = lookOf(widget);
        forward[(i + 1) % forward.size()]->setFocus(Qt::TabFocusReason);
        const QImage without = lookOf(widget);
        widget->setFocus(Qt::TabFocusReason);
        if (lookOf(widget) != with) faults += QStringLiteral("looks another way each time: ") + described(widget);
        if (with == without) faults += QStringLiteral("does not show the focus: ") + described(widget);
    }
    return faults;
}

QString letterOf(const QString& text) { return QKeySequence::mnemonic(text.section('\t', 0, 0)).toString(); }

void checkMenu(QMenu* menu, QStringList& faults) {
    emit menu->aboutToShow();
    std::map<QString, QString> taken;
    for (const QAction* action : menu->actions()) {
        if (action->isSeparator() || !action->isVisible()) continue;
        const QString letter = letterOf(action->text()), where = QStringLiteral("“%1” of “%2”").arg(action->text(), menu->title());
        if (letter.isEmpty()) faults += QStringLiteral("no letter: ") + where;
        else if (taken.contains(letter)) faults += QStringLiteral("%1 twice: “%2” and %3").arg(letter, taken[letter], where);
        taken[letter] = action->text();
        if (action->menu()) checkMenu(action->menu(), faults);
    }
}

// Letters that act in all of the window: menus, labels of fields, buttons.
void checkLetters(QWidget* window, QStringList& faults) {
    std::map<QString, QString> taken;
    const auto take = [&](const QString& text) {
        const QString letter = letterOf(text);
        if (letter.isEmpty()) return;
        if (taken.contains(letter)) faults += QStringLiteral("%1 twice: “%2” and “%3”").arg(letter, taken[letter], text);
        taken[letter] = text;
    };
    if (const auto* bar = window->findChild<QMenuBar*>())
        for (const QAction* action : bar->actions()) {
            if (letterOf(action->text()).isEmpty()) faults += QStringLiteral("no letter: “%1”").arg(action->text());
            take(action->text());
        }
    for (const QLabel* label : window->findChildren<QLabel*>())
        if (label->window() == window && label->isVisible() && label->buddy()) take(label->text());
    for (const QAbstractButton* button : window->findChildren<QAbstractButton*>())
        if (button->window() == window && button->isVisible()) take(button->text());
}

QByteArray listed(const QStringList& faults) { return '\n' + faults.join('\n').toUtf8(); }

// While a dialog holds the program.
QStringList insideDialog(const std::function<void()>& open, const std::function<QStringList(QWidget*)>& look) {
    QStringList faults{QStringLiteral("no dialog opened")};
    QTimer::singleShot(0, [&] {
        QWidget* dialog = QApplication::activeModalWidget();
        if (!dialog) return;
        const auto isInFront = [&] { return QApplication::focusWidget() && QApplication::focusWidget()->window() == dialog; };
        faults = QTest::qWaitFor(isInFront) ? look(dialog) : QStringList{QStringLiteral("the dialog has no focus")};
        dialog->close();
    });
    open();
    return faults;
}

}  // namespace

class TestKeyboard final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QVERIFY(home_.isValid());
        useAsHome(home_);
        applyTheme(*qApp, Appearance::Dark);
        QApplication::setCursorFlashTime(0);
        QVERIFY(german_.load(QStringLiteral(LONGTAKE_BINARY_DIR "/translations/longtake_de.qm")));
    }

    void reachesEverythingInTheWindow() {
        MainWindow window(kPlain);
        show(window);
        const QStringList faults = faultsOf(&window);
        QVERIFY2(faults.isEmpty(), listed(faults));
        QVERIFY(stopsOf(&window, Qt::Key_Tab).size() > 30);
    }

    void reachesEverythingInADialog_data() { languages(); }

    void reachesEverythingInADialog() {
        useLanguage();
        MainWindow window(kPlain);
        show(window);
        const auto look = [](QWidget* dialog) {
            QStringList faults = faultsOf(dialog);
            checkLetters(dialog, faults);
            return faults;
        };
        const auto check = [&](const char* what, const std::function<void()>& open) {
            const QStringList faults = insideDialog(open, look);
            QVERIFY2(faults.isEmpty(), what + listed(faults));
        };
        check("export", [&] { exportsOf(window).exportTake(); });
        check("recording", [&] { exportsOf(window).chooseRecording(); });
        check("save changes", [&] { window.projects().mayLeave(); });
        check("about", [&] { triggerLast(window); });
        auto* sheet = new ShortcutSheet(&window);
        sheet->setModal(true);
        check("shortcuts", [&] { sheet->exec(); });
    }

    void everyMenuHasALetterOfItsOwnForEachEntry_data() { languages(); }

    void everyMenuHasALetterOfItsOwnForEachEntry() {
        useLanguage();
        QSettings().setValue("recent", QStringList{home_.path(), home_.filePath("config")});
        MainWindow window(kPlain);
        show(window);
        QStringList faults;
        std::set<QMenu*> menus;
        for (QMenu* menu : window.findChildren<QMenu*>()) menus.insert(menu);
        QVERIFY(menus.size() >= 9);
        TimelineView* view = window.widgets().timeline->view();
        for (QMenu* menu : {view->contextMenu(1, 4), view->contextMenu(std::nullopt, 4)}) menus.insert(menu);
        for (QMenu* menu : menus) checkMenu(menu, faults);
        checkLetters(&window, faults);
        QSettings().remove("recent");
        QVERIFY2(faults.isEmpty(), listed(faults));
    }

private:
    static void languages() {
        QTest::addColumn<bool>("german");
        QTest::newRow("English") << false;
        QTest::newRow("German") << true;
    }
    void useLanguage() {
        QFETCH(bool, german);
        QApplication::removeTranslator(&german_);
        if (german) QApplication::installTranslator(&german_);
    }

    static ExportController& exportsOf(MainWindow& window) { return *window.findChild<ExportController*>(); }

    static void triggerLast(MainWindow& window) { window.menuBar()->actions().last()->menu()->actions().last()->trigger(); }

    // A window in which all there is can be used: a take with two prompts, a picture to begin with, a question above.
    void show(MainWindow& window) {
        window.resize(1280, 1000);
        window.show();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        window.begin({});
        QTRY_VERIFY_WITH_TIMEOUT(window.takes().newestFrame() >= 20, 60'000);
        window.takes().steer("The desert at night");
        window.takes().pause();
        emit window.widgets().session->startImageChosen(home_.filePath("sea.png"));
        window.widgets().timeline->findChild<QComboBox*>()->setCurrentIndex(1);
        window.findChild<NoticeBar*>()->ask("?", {{"Yes", [] {}}});
        window.widgets().prompt->setText("The ocean");
        QTRY_COMPARE(window.takes().store()->frames() - 1, window.takes().newestFrame());
        QTest::qWait(700);  // figures that are still on their way to the screen
    }

    QTemporaryDir home_;
    QTranslator german_;
};

QTEST_MAIN(TestKeyboard)
#include "test_keyboard.moc"
