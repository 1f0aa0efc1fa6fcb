// Shows all widgets with plausible values, arranged as in the program, and saves a picture:
//   gallery_widgets OUT.png [--size 1280x800] [--light] [--state running|empty|large|tight|editing]
// A tool for looking at the design, not a test.
#include <QApplication>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QSplitter>
#include <QTimer>
#include <QVBoxLayout>

#include "tests/gallery_values.h"
#include "ui/panels/cache_panel.h"
#include "ui/panels/panel_header.h"
#include "ui/panels/prompt_bar.h"
#include "ui/panels/rank_panel.h"
#include "ui/panels/session_panel.h"
#include "ui/panels/transport_bar.h"
#include "ui/plots/bar_plot.h"
#include "ui/plots/cell_plot.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"

using namespace longtake;

namespace {

class Canvas final : public QWidget {
public:
    explicit Canvas(bool empty) : empty_(empty) { setMinimumSize(320, 180); }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(rect(), QColor("#0c0d10"));
        if (empty_) return;
        const QSize fit = QSize(256, 144).scaled(size(), Qt::KeepAspectRatio);
        painter.drawImage(QPoint((width() - fit.width()) / 2, (height() - fit.height()) / 2), gallery::scene(fit, 0.9));
    }

private:
    bool empty_;
};

struct Studio {
    TimelineModel model;
    TimelinePanel* timeline = nullptr;
    TransportBar* transport = nullptr;
    PromptBar* prompt = nullptr;
    CachePanel* cache = nullptr;
    RankPanel* rank = nullptr;
    SessionPanel* session = nullptr;
    QWidget window;

    explicit Studio(bool empty) {
        auto* outer = new QVBoxLayout(&window);
        outer->setContentsMargins(0, 0, 0, 0);
        outer->setSpacing(kGap);
        auto* menu = new QMenuBar;
        for (const char* name : {"&File", "&Edit", "&Take", "&View", "&Model", "&Help"}) menu->addMenu(name);
        outer->addWidget(menu);

        auto* bar = new QWidget;
        bar->setProperty("surface", "panel");
        bar->setAttribute(Qt::WA_StyledBackground);
        auto* barRow = new QHBoxLayout(bar);
        barRow->setContentsMargins(kGap, kGap, kGap, 6);
        barRow->setSpacing(20);
        transport = new TransportBar;
        prompt = new PromptBar;
        barRow->addWidget(transport, 0, Qt::AlignTop);
        barRow->addWidget(prompt, 1);

        timeline = new TimelinePanel(model);
        auto* left = new QVBoxLayout;
        left->setSpacing(kGap);
        left->addWidget(new Canvas(empty), 1);
        left->addWidget(bar);
        left->addWidget(timeline);

        auto* right = new QSplitter(Qt::Vertical);
        right->setHandleWidth(kGap);
        right->setChildrenCollapsible(false);
        cache = new CachePanel;
        rank = new RankPanel;
        session = new SessionPanel;
        for (QWidget* panel : {static_cast<QWidget*>(cache), static_cast<QWidget*>(rank), static_cast<QWidget*>(session)})
            right->addWidget(panel);
        auto* column = new QWidget;
        column->setFixedWidth(420);
        auto* inColumn = new QVBoxLayout(column);
        inColumn->setContentsMargins(0, 0, 0, 0);
        inColumn->addWidget(right);
        right->setSizes({200, 240, 290});

        auto* row = new QHBoxLayout;
        row->setContentsMargins(kPadding, 0, kPadding, 0);
        row->setSpacing(kGap);
        row->addLayout(left, 1);
        row->addWidget(column);
        outer->addLayout(row, 1);
        auto* status = new QLabel(empty ? "  Ready" : "  Generating · recording to harbour.part.mp4 (30.8 s)");
        status->setFixedHeight(26);
        status->setProperty("surface", "panel");
        outer->addWidget(status);
    }
};

void fillRunning(Studio& s, int layers, int budget) {
    s.model.reset(gallery::prompts());
    s.model.setFrontier(42);
    TimelineView* view = s.timeline->view();
    const int64_t newest = 492;
    for (int64_t frame = 0; frame <= newest; frame += 6)
        view->addThumbnail(frame, gallery::scene({160, 90}, std::clamp((static_cast<double>(frame) - 150) / 330.0, 0.0, 1.0)));
    for (int64_t chunk = 1; chunk < 42; ++chunk)
        view->addDrift(chunk * 12, 0.3 + 0.1 * std::sin(chunk * 1.1) + 0.004 * static_cast<double>(chunk) + 0.04 * std::sin(chunk * 2.7));
    view->setNewestFrame(newest);
    view->setPlayhead(newest - 6);
    s.transport->setMotion(TransportBar::Motion::Playing);
    s.transport->setRecording(TransportBar::Recording::On);
    s.transport->setPosition(30.75, 41, 492);
    PromptGuide guide;
    for (const char* word : {"a", "small", "sailing", "boat", "on", "calm", "ocean", "at", "sunset", "night", "stars", "snow", "falling"})
        guide.vocabulary.insert(word);
    guide.knows = {"boat", "harbour", "lighthouse", "ocean", "snow"};
    s.prompt->setGuide(guide);
    s.prompt->setText("a small sailing boat on a calm ocean at sunset");
    s.prompt->setNextChunk(42, 0.8);
    for (int64_t chunk = 2; chunk <= 41; ++chunk) {
        s.cache->setView(gallery::cache(layers, 7, 1, chunk, chunk == 41 ? layers * 2 / 3 : layers, 144, 96));
        s.rank->setLive(gallery::ranks(layers, budget, chunk, "cached latents c of the window"));
    }
    s.session->setChoices(gallery::choices());
    s.session->setSettings({.modelId = "tidepool", .seed = 7, .threads = 2});
    s.session->setPlan(gallery::plan(1, 15'600'000'000));
    s.session->setTakeState(SessionPanel::TakeState::Running);
}

}  // namespace

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM") && !qEnvironmentVariableIsSet("DISPLAY")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    const QStringList arguments = QApplication::arguments();
    const auto option = [&](const char* name, const QString& fallback) {
        const auto at = arguments.indexOf(QLatin1String(name));
        return at > 0 && at + 1 < arguments.size() ? arguments[at + 1] : fallback;
    };
    if (arguments.size() < 2) return 2;
    applyTheme(application, arguments.contains("--light") ? Appearance::Light : Appearance::Dark);
    const QString state = option("--state", "running");
    const QStringList size = option("--size", "1280x800").split('x');

    Studio studio(state == "empty");
    studio.window.resize(size[0].toInt(), size.value(1).toInt());
    studio.window.show();
    QApplication::processEvents();
    if (state == "empty") studio.session->setChoices(gallery::choices());
    else if (state == "large") fillRunning(studio, 30, 192);
    else fillRunning(studio, 12, 48);
    if (state == "tight") {
        MemoryPlanValues plan = gallery::plan(44, 15'600'000'000);
        plan.advice = "Choose 192 × 112 or a window of 6: both fit.";
        studio.session->setPlan(plan);
        studio.prompt->setText("a zeppelin over the ocean at sunset");
        studio.rank->setSource(RankPanel::Source::Weights);
        studio.model.setText(0, "ocean at dawn");
    }
    if (state == "editing") {
        studio.cache->cells()->setCurrent({4, 5});
        studio.rank->barPlot()->setCurrent(5);
        studio.prompt->setPending("a small sailing boat at sunset", 0.8);
        studio.model.markIn(120);
        studio.model.markOut(300);
        studio.timeline->transitionBox()->setCurrentIndex(1);
        studio.timeline->view()->setFocus();
        studio.timeline->view()->select(4, 4);
    }
    if (state != "editing") studio.prompt->edit()->setFocus();
    QTimer::singleShot(100, [&] {
        const bool saved = studio.window.grab().save(arguments[1]);
        QApplication::exit(saved ? 0 : 1);
    });
    return QApplication::exec();
}
