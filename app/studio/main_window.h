// The main window: makes the widgets, lays them out, and connects them with the controllers. No logic of its own.
//
// Owner:  main().
// Thread: GUI thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <QMainWindow>

#include "app/studio/studio_widgets.h"

class QLabel;
class QMenu;
class QSplitter;

namespace longtake {

class ExamplePrompts;
class ExportController;
class NoticeBar;
class ProjectController;
class Session;
class SessionBridge;
class SetupController;
class TakeController;
class TimelineModel;

struct StudioOptions {
    bool useVulkan = true;
    bool remembersLayout = true;
};

class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    explicit MainWindow(const StudioOptions& options);
    ~MainWindow() override;

    // Opens what was given on the command line, or plays the first model.
    void begin(const QStringList& files);
    TakeController& takes() { return *takes_; }
    ProjectController& projects() { return *projects_; }
    const NoticeBar& notice() const { return *notice_; }
    const StudioWidgets& widgets() const { return w_; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void buildLayout(bool useVulkan);
    QWidget* buildControls();
    void buildStatusBar();
    void buildMenus();
    void buildFileMenu();
    void buildEditMenu();
    void buildTakeMenu();
    void buildViewMenu();
    void connectControllers();
    void catchDropsOnCanvas();
    void readLayout();
    void writeLayout() const;
    bool openAny(const QString& path);  // a model folder, a picture, a project or a video with one inside
    void setCanvasAlone(bool alone);
    std::vector<std::pair<QString, QWidget*>> docks() const;  // by the names they are remembered with
    void showDock(QWidget* dock, bool shown);
    void showTitle();
    void showAbout();

    const StudioOptions options_;
    // In this order: what is destroyed later is used by what is destroyed before.
    std::unique_ptr<TimelineModel> model_;
    std::unique_ptr<SessionBridge> bridge_;
    std::unique_ptr<Session> session_;
    StudioWidgets w_;
    TakeController* takes_ = nullptr;
    SetupController* setup_ = nullptr;
    ProjectController* projects_ = nullptr;
    ExportController* exports_ = nullptr;
    NoticeBar* notice_ = nullptr;
    ExamplePrompts* examples_ = nullptr;
    QSplitter* columns_ = nullptr;
    QSplitter* left_ = nullptr;
    QSplitter* right_ = nullptr;
    QWidget* controls_ = nullptr;
    QLabel* state_ = nullptr;
    QLabel* recording_ = nullptr;
    QLabel* device_ = nullptr;
    QLabel* saved_ = nullptr;
    QMenu* recent_ = nullptr;
    bool canvasAlone_ = false;
    std::vector<QWidget*> besideCanvas_;  // hidden while it is alone
};

}  // namespace longtake
