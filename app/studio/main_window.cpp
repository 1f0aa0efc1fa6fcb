#include "ui/canvas/canvas_window.h"  // Vulkan comes before Qt

#include "app/studio/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QSettings>
#include <QStatusBar>
#include <QVBoxLayout>

#include "app/media/picture_file.h"
#include "app/session/engine_take_maker.h"
#include "app/session/session.h"
#include "app/studio/example_prompts.h"
#include "app/studio/export_controller.h"
#include "app/studio/notice_bar.h"
#include "app/studio/project_controller.h"
#include "app/studio/session_bridge.h"
#include "app/studio/setup_controller.h"
#include "app/studio/shortcut_sheet.h"
#include "app/studio/take_controller.h"
#include "ui/canvas/canvas_widget.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/key_splitter.h"
#include "ui/panels/panel_header.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/panels/transport_bar.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_model.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

namespace longtake {

namespace {

constexpr int kHintMs = 8000;
constexpr int kRightWidth = 420;
constexpr int kUsualWidth = 1600, kUsualHeight = 1000;
constexpr int kLeastWidth = 1280, kLeastHeight = 800;

QSplitter* splitter(Qt::Orientation orientation) {
    auto* made = new KeySplitter(orientation);
    made->setHandleWidth(kGap);
    made->setChildrenCollapsible(false);
    return made;
}

}  // namespace

MainWindow::MainWindow(const StudioOptions& options)
    : options_(options), model_(std::make_unique<TimelineModel>()), bridge_(std::make_unique<SessionBridge>()),
      session_(std::make_unique<Session>(std::make_unique<EngineTakeMaker>(), *bridge_)) {
    setAcceptDrops(true);
    buildLayout(options.useVulkan);
    buildStatusBar();
    takes_ = new TakeController(*session_, *bridge_, *model_, w_, this);
    setup_ = new SetupController(*session_, *bridge_, *takes_, *model_, w_, this);
    projects_ = new ProjectController(*takes_, *setup_, *model_, this);
    exports_ = new ExportController(
        *takes_, *model_, w_, [this] { return projects_->current(ProjectController::Hashes::Without).toJson(); }, this);
    buildMenus();
    connectControllers();
    w_.prompt->edit()->installEventFilter(this);
    readLayout();
    showTitle();
    takes_->showState(SessionState::Empty);
}

MainWindow::~MainWindow() {
    bridge_->disconnect();
    session_.reset();
    // The children use the model; they go before it.
    for (QObject* controller :
         {static_cast<QObject*>(exports_), static_cast<QObject*>(projects_), static_cast<QObject*>(setup_), static_cast<QObject*>(takes_)})
        delete controller;
    delete takeCentralWidget();
}

void MainWindow::buildLayout(bool useVulkan) {
    w_.canvas = new CanvasWidget({.drawing = useVulkan ? CanvasDrawing::Auto : CanvasDrawing::Painted});
    w_.timeline = new TimelinePanel(*model_);
    w_.cache = new CachePanel;
    w_.rank = new RankPanel;
    w_.session = new SessionPanel;
    notice_ = new NoticeBar;

    auto* top = new QWidget;
    auto* column = new QVBoxLayout(top);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGap);
    column->addWidget(notice_);
    column->addWidget(w_.canvas, 1);
    column->addWidget(controls_ = buildControls());
    left_ = splitter(Qt::Vertical);
    left_->addWidget(top);
    left_->addWidget(w_.timeline);
    left_->setStretchFactor(0, 1);

    right_ = splitter(Qt::Vertical);
    for (QWidget* panel : {static_cast<QWidget*>(w_.cache), static_cast<QWidget*>(w_.rank), static_cast<QWidget*>(w_.session)})
        right_->addWidget(panel);
    right_->setSizes({200, 240, 290});
    columns_ = splitter(Qt::Horizontal);
    columns_->addWidget(left_);
    columns_->addWidget(right_);
    columns_->setStretchFactor(0, 1);
    columns_->setSizes({10 * kRightWidth, kRightWidth});

    auto* central = new QWidget;
    auto* around = new QVBoxLayout(central);
    around->setContentsMargins(kPadding, kGap, kPadding, kGap);
    around->addWidget(columns_);
    setCentralWidget(central);
}

QWidget* MainWindow::buildControls() {
    auto* panel = new QWidget;
    panel->setProperty("surface", "panel");
    panel->setAttribute(Qt::WA_StyledBackground);
    w_.transport = new TransportBar;
    w_.prompt = new PromptBar;
    examples_ = new ExamplePrompts;
    auto* row = new QHBoxLayout;
    row->setContentsMargins(kGap, kGap, kGap, 6);
    row->setSpacing(20);
    row->addWidget(w_.transport, 0, Qt::AlignTop);
    row->addWidget(w_.prompt, 1);
    auto* rows = new QVBoxLayout(panel);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addLayout(row);
    rows->addWidget(examples_);
    examples_->layout()->setContentsMargins(kPadding, 0, kGap, kGap);
    return panel;
}

void MainWindow::buildStatusBar() {
    statusBar()->setSizeGripEnabled(false);
    state_ = new QLabel(tr("Starting"));
    state_->setContentsMargins(kPadding, 0, 0, 0);
    recording_ = new QLabel;
    device_ = new QLabel;
    saved_ = new QLabel;
    auto* keys = new QLabel(tr("? for shortcuts"));
    for (QLabel* label : {device_, saved_, keys}) {
        label->setProperty("role", "dim");
        label->setContentsMargins(kGap, 0, kGap, 0);
    }
    recording_->setProperty("role", "alarm");
    statusBar()->addWidget(state_);
    statusBar()->addWidget(recording_);
    for (QLabel* label : {device_, saved_, keys}) statusBar()->addPermanentWidget(label);
}

void MainWindow::buildMenus() {
    buildFileMenu();
    buildEditMenu();
    buildTakeMenu();
    buildViewMenu();
    QMenu* models = menuBar()->addMenu(tr("&Model"));
    models->addAction(tr("&Open a model folder…"), setup_, &SetupController::openModel);
    QMenu* help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&Shortcuts") + QStringLiteral("\t?"), this, [this] { (new ShortcutSheet(this))->show(); });
    help->addAction(tr("&About Longtake"), this, &MainWindow::showAbout);
}

void MainWindow::buildFileMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    menu->addAction(tr("&New take"), QKeySequence::New, setup_, &SetupController::startTake);
    menu->addAction(tr("Begin with a &picture…"), setup_, &SetupController::beginWithPicture);
    menu->addAction(tr("&Open…"), QKeySequence::Open, projects_, &ProjectController::open);
    recent_ = menu->addMenu(tr("Open &recent"));
    connect(recent_, &QMenu::aboutToShow, this, [this] {
        recent_->clear();
        for (const QString& path : projects_->recent()) {
            const QString name = QFileInfo(path).fileName().replace(QLatin1Char('&'), QLatin1String("&&"));
            recent_
                ->addAction(QStringLiteral("&%1  %2").arg(recent_->actions().size() + 1).arg(name), this,
                            [this, path] { projects_->openPath(path); })
                ->setToolTip(path);
        }
        if (recent_->isEmpty()) recent_->addAction(tr("&nothing yet"))->setEnabled(false);
    });
    menu->addSeparator();
    menu->addAction(tr("&Save"), QKeySequence::Save, projects_, &ProjectController::save);
    menu->addAction(tr("Save &as…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), projects_, &ProjectController::saveAs);
    menu->addSeparator();
    menu->addAction(tr("&Export…"), QKeySequence(Qt::CTRL | Qt::Key_E), exports_, &ExportController::exportTake);
    menu->addAction(tr("Save this &frame"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), exports_, &ExportController::saveStill);
    menu->addSeparator();
    menu->addAction(tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
}

void MainWindow::buildEditMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Edit"));
    QAction* undo = model_->undoStack()->createUndoAction(menu, tr("&Undo"));
    undo->setShortcut(QKeySequence::Undo);
    QAction* redo = model_->undoStack()->createRedoAction(menu, tr("&Redo"));
    redo->setShortcuts({QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), QKeySequence(Qt::CTRL | Qt::Key_Y)});
    menu->addActions({undo, redo});
    menu->addSeparator();
    TimelineView* view = w_.timeline->view();
    menu->addAction(tr("&Prompt"), QKeySequence(Qt::CTRL | Qt::Key_L), this, [this] {
        w_.prompt->edit()->setFocus(Qt::ShortcutFocusReason);
        w_.prompt->edit()->selectAll();
    });
    menu->addAction(tr("&Add a prompt to the timeline"), view, &TimelineView::addAtInsertion);
    menu->addAction(tr("&Delete the selected prompts"), view, &TimelineView::deleteSelected);
    menu->addAction(tr("&Copy prompts"), view, &TimelineView::copy);
    menu->addAction(tr("Pa&ste prompts"), view, &TimelineView::paste);
    menu->addSeparator();
    menu->addAction(tr("&Import prompts…"), view, &TimelineView::importPrompts);
    menu->addAction(tr("&Export prompts…"), view, &TimelineView::exportPrompts);
}

// The keys of this menu act wherever nobody else wants them: see keyPressEvent.
void MainWindow::buildTakeMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Take"));
    const auto add = [menu](const QString& text, const QString& key, auto* receiver, auto slot) {
        return menu->addAction(text + QLatin1Char('\t') + key, receiver, slot);
    };
    add(tr("&Play or pause"), tr("Space"), takes_, &TakeController::togglePlay);
    add(tr("Play &backwards"), "J", takes_, &TakeController::playBackwards);
    add(tr("To the &start"), tr("Home"), takes_, &TakeController::toStart);
    add(tr("To the &newest"), tr("End"), takes_, &TakeController::toEnd);
    add(tr("Next &frame"), QStringLiteral("→"), takes_, [this] { takes_->step(1); });
    add(tr("Pre&vious frame"), QStringLiteral("←"), takes_, [this] { takes_->step(-1); });
    menu->addSeparator();
    add(tr("Mark &in"), "I", takes_, &TakeController::markIn);
    add(tr("Mark &out"), "O", takes_, &TakeController::markOut);
    add(tr("&Clear the marks"), "X", takes_, &TakeController::clearMarks);
    menu->addSeparator();
    add(tr("&Record"), "R", exports_, &ExportController::toggleRecording);
    menu->addAction(tr("Recording for&mat…"), exports_, &ExportController::chooseRecording);
}

void MainWindow::buildViewMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    const auto toggle = [&](const QString& text, QWidget* panel) {
        QAction* action = menu->addAction(text, this, [this, panel] { showDock(panel, panel->isHidden()); });
        action->setCheckable(true);
        action->setChecked(true);
        connect(menu, &QMenu::aboutToShow, action, [action, panel] { action->setChecked(!panel->isHidden()); });
    };
    toggle(tr("&Cache"), w_.cache);
    toggle(tr("&Rank"), w_.rank);
    toggle(tr("&Session"), w_.session);
    toggle(tr("&Timeline"), w_.timeline);
    menu->addSeparator();
    menu->addAction(tr("&Figures over the picture") + QStringLiteral("\tH"), w_.canvas, &CanvasWidget::toggleHud);
    menu->addAction(tr("F&it"), w_.canvas, &CanvasWidget::zoomToFit);
    menu->addAction(tr("&Actual size"), w_.canvas, &CanvasWidget::zoomToActualSize);
    menu->addSeparator();
    QAction* full = menu->addAction(tr("F&ull screen"), QKeySequence(Qt::Key_F11), this, [this] { setCanvasAlone(!canvasAlone_); });
    addAction(full);  // also while the menu bar is hidden
}

void MainWindow::connectControllers() {
    const auto hint = [this](const QString& message) { statusBar()->showMessage(QLatin1Char(' ') + message, kHintMs); };
    const auto error = [this](const QString& message) { notice_->showError(message); };
    const auto failure = [this](const Failure& what) { notice_->showError(what.text, what.detail); };
    connect(takes_, &TakeController::stateText, state_, &QLabel::setText);
    connect(setup_, &SetupController::told, this, error);
    connect(setup_, &SetupController::failed, this, failure);
    connect(setup_, &SetupController::modelReady, this, [this] {
        device_->setText(QString::fromStdString(setup_->model()->backend));
        examples_->setPrompts(setup_->examples(), w_.prompt->steerButton());
    });
    connect(examples_, &ExamplePrompts::chosen, this, [this](const QString& prompt) {
        w_.prompt->setText(prompt);
        takes_->steer(prompt);
    });
    connect(projects_, &ProjectController::changed, this, &MainWindow::showTitle);
    connect(projects_, &ProjectController::told, this, hint);
    connect(projects_, &ProjectController::failed, this, failure);
    connect(projects_, &ProjectController::savedText, saved_, &QLabel::setText);
    connect(exports_, &ExportController::told, this, hint);
    connect(exports_, &ExportController::failed, this, failure);
    connect(exports_, &ExportController::recordingText, recording_, &QLabel::setText);
    connect(exports_, &ExportController::recordingChanged, this, [this] { projects_->setRecording(exports_->recordingPath()); });
    connect(w_.canvas, &CanvasWidget::deviceInfo, this, [this](const QString& text) {
        device_->setToolTip(tr("Picture: %1").arg(text));
        catchDropsOnCanvas();
    });
    catchDropsOnCanvas();
    for (PanelHeader* header : {w_.cache->header(), w_.rank->header(), w_.timeline->header()}) {
        connect(header, &PanelHeader::exported, this, [hint](const QString& path) { hint(tr("Saved as %1").arg(path)); });
        connect(header, &PanelHeader::exportFailed, this, error);
    }
}

// The canvas on Vulkan is a window of its own and gets its own drops.
void MainWindow::catchDropsOnCanvas() {
    if (CanvasWindow* window = w_.canvas->vulkanWindow()) window->installEventFilter(this);
}

void MainWindow::begin(const QStringList& files) {
    if (files.isEmpty() || !openAny(files.first())) setup_->openFirstModel();
    projects_->offerRecovery(*notice_);
    w_.prompt->edit()->setFocus();
}

void MainWindow::keyPressEvent(QKeyEvent* event) {
    if (takes_->handleKey(event->key(), event->modifiers())) return;
    if (event->key() == Qt::Key_R && event->modifiers() == Qt::NoModifier) return exports_->toggleRecording();
    if (event->key() == Qt::Key_H && event->modifiers() == Qt::NoModifier) return w_.canvas->toggleHud();
    if (event->key() == Qt::Key_Question) return (new ShortcutSheet(this))->show();
    if (event->key() == Qt::Key_Escape && canvasAlone_) return setCanvasAlone(false);
    if (event->key() == Qt::Key_Escape) return w_.canvas->setFocus(Qt::ShortcutFocusReason);
    QMainWindow::keyPressEvent(event);
}

// The prompt has the focus most of the time: keys that mean nothing to an empty or to any line act as elsewhere.
bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::DragEnter) return dragEnterEvent(static_cast<QDragEnterEvent*>(event)), true;
    if (event->type() == QEvent::DragMove) return static_cast<QDragMoveEvent*>(event)->acceptProposedAction(), true;
    if (event->type() == QEvent::Drop) return dropEvent(static_cast<QDropEvent*>(event)), true;
    const auto* key =
        event->type() == QEvent::ShortcutOverride || event->type() == QEvent::KeyPress ? static_cast<QKeyEvent*>(event) : nullptr;
    if (key && watched == w_.prompt->edit()) {
        const bool exports = key->key() == Qt::Key_E && key->modifiers() == Qt::ControlModifier;
        if (event->type() == QEvent::ShortcutOverride && exports) {
            event->ignore();
            return true;
        }
        if (event->type() == QEvent::KeyPress && key->key() == Qt::Key_Space && w_.prompt->text().isEmpty()) {
            takes_->togglePlay();
            return true;
        }
    }
    return QMainWindow::eventFilter(watched, event);
}

void MainWindow::setCanvasAlone(bool alone) {
    canvasAlone_ = alone;
    if (alone) {
        for (QWidget* widget : {static_cast<QWidget*>(right_), controls_, static_cast<QWidget*>(w_.timeline),
                                static_cast<QWidget*>(menuBar()), static_cast<QWidget*>(statusBar())})
            if (!widget->isHidden()) besideCanvas_.push_back(widget);
    }
    for (QWidget* widget : besideCanvas_) widget->setVisible(!alone);
    if (!alone) besideCanvas_.clear();
    const int margin = alone ? 0 : kPadding;
    centralWidget()->layout()->setContentsMargins(margin, alone ? 0 : kGap, margin, alone ? 0 : kGap);
    setWindowState(alone ? windowState() | Qt::WindowFullScreen : windowState() & ~Qt::WindowFullScreen);
    w_.canvas->setFocus();
}

std::vector<std::pair<QString, QWidget*>> MainWindow::docks() const {
    return {{QStringLiteral("cache"), w_.cache},
            {QStringLiteral("rank"), w_.rank},
            {QStringLiteral("session"), w_.session},
            {QStringLiteral("timeline"), w_.timeline}};
}

void MainWindow::showDock(QWidget* dock, bool shown) {
    dock->setVisible(shown);
    // An empty column would keep its width.
    right_->setVisible(!w_.cache->isHidden() || !w_.rank->isHidden() || !w_.session->isHidden());
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (!projects_->mayLeave()) return event->ignore();
    exports_->endRecording();
    writeLayout();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.isEmpty() || !urls.first().isLocalFile()) return;
    const QString path = urls.first().toLocalFile();
    event->acceptProposedAction();
    openAny(path);
}

bool MainWindow::openAny(const QString& path) {
    if (QFileInfo(path).isDir()) return setup_->openModelFolder(path);
    if (!isPictureName(path.toStdString())) return projects_->openPath(path);
    setup_->startWithImage(path);
    return true;
}

void MainWindow::readLayout() {
    const QSize screenSize = screen()->availableSize();
    resize(QSize(kUsualWidth, kUsualHeight)
               .boundedTo(QSize(std::max(kLeastWidth, screenSize.width() * 9 / 10), std::max(kLeastHeight, screenSize.height() * 9 / 10))));
    if (!options_.remembersLayout) return;
    const QSettings settings;
    restoreGeometry(settings.value("window/geometry").toByteArray());
    columns_->restoreState(settings.value("window/columns").toByteArray());
    left_->restoreState(settings.value("window/left").toByteArray());
    right_->restoreState(settings.value("window/right").toByteArray());
    const QStringList hidden = settings.value("window/hidden").toStringList();
    for (const auto& [name, dock] : docks())
        if (hidden.contains(name)) showDock(dock, false);
    w_.canvas->setHudVisible(settings.value("window/hud", true).toBool());
}

void MainWindow::writeLayout() const {
    if (!options_.remembersLayout || canvasAlone_) return;
    QSettings settings;
    settings.setValue("window/geometry", saveGeometry());
    settings.setValue("window/columns", columns_->saveState());
    settings.setValue("window/left", left_->saveState());
    settings.setValue("window/right", right_->saveState());
    QStringList hidden;
    for (const auto& [name, dock] : docks())
        if (dock->isHidden()) hidden += name;
    settings.setValue("window/hidden", hidden);
    settings.setValue("window/hud", w_.canvas->isHudVisible());
}

void MainWindow::showTitle() {
    setWindowTitle(tr("%1[*] – Longtake").arg(projects_->name()));
    setWindowModified(projects_->isDirty());
    exports_->setTakeName(projects_->name());
}

void MainWindow::showAbout() {
    QMessageBox::about(this, tr("About Longtake"),
                       tr("<b>Longtake %1</b><br>Long videos, made live and steered while they grow.<br>Apache-2.0")
                           .arg(QApplication::applicationVersion()));
}

}  // namespace longtake
