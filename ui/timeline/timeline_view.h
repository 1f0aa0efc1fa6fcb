// TimelineView: the prompts over time, what is made and what is planned, to look at and to edit.
//
// The model holds prompts, frontier and range; the view holds what is only looked at: zoom, selection, playhead,
// thumbnails. Everything the mouse can do, the keyboard can do: see keyHelp().
// Owner:  its parent widget. The model must outlive it.
// Thread: GUI thread.
#pragma once

#include <QAbstractScrollArea>
#include <QPixmap>
#include <QTimer>

#include "ui/timeline/drift_history.h"
#include "ui/timeline/thumbnail_store.h"
#include "ui/timeline/timeline_model.h"
#include "ui/timeline/timeline_scale.h"

class QLineEdit;
class QMenu;

namespace longtake {

class TimelineView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit TimelineView(TimelineModel& model, QWidget* parent = nullptr);

    // The newest frame that was made (-1: none) and the frame on the canvas.
    void setNewestFrame(int64_t frame);
    void setPlayhead(int64_t frame);
    int64_t playhead() const { return playhead_; }
    ThumbnailStore& thumbnails() { return thumbnails_; }
    void addThumbnail(int64_t frame, const QImage& picture);
    void addDrift(int64_t frame, double value);
    void clearTake();  // pictures, drift and playhead of the take before

    double pixelsPerSecond() const { return scale_.pixelsPerSecond; }
    void zoomBy(double factor);
    void zoomToFit();

    std::optional<size_t> selected() const { return selectedFirst_; }
    size_t selectedLast() const { return selectedLast_; }
    void select(std::optional<size_t> first, size_t last);
    // Where a new or pasted prompt goes: the marked chunk, or the frontier.
    int64_t insertionChunk() const;

    double xOfChunk(int64_t chunk) const;  // in the viewport
    QRectF blockRect(size_t index) const;
    QLineEdit* editor() const { return editor_; }  // while words are edited in place
    static QString keyHelp();
    // The menu over a place; the caller deletes it.
    QMenu* contextMenu(std::optional<size_t> index, int64_t chunk);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

public slots:
    void editSelected();
    void addAtInsertion();
    void deleteSelected();
    void cut();
    void copy();
    void paste();
    void selectAll();
    void importPrompts();
    void exportPrompts();

signals:
    void scrubbed(qint64 frame);  // show this frame of what is made
    void selectionChanged();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;

private:
    enum class Drag { None, Scrub, Pressed, Edge, Block };

    std::optional<size_t> edgeAt(const QPointF& at) const;
    std::optional<size_t> blockAt(const QPointF& at) const;
    int64_t chunkAt(double x) const;
    void modelChanged();
    void followModel();
    void updateSoon();
    void updateExtent();
    void reveal(double seconds);
    void zoomAround(double factor, double x);
    void scrubTo(double x);
    void scrubToFrame(int64_t frame);
    void moveMark(int64_t chunk);
    void editText(size_t index);
    void editNew(int64_t chunk);
    void openEditor(double x, double width, const QString& text);
    void closeEditor(bool take);
    void nudge(int direction, bool wholeBlock);
    void cycleTransition();
    bool navigateKey(int key, Qt::KeyboardModifiers modifiers);
    bool editKey(int key, Qt::KeyboardModifiers modifiers);
    void describeSelection();

    TimelineModel& model_;
    TimelineScale scale_;
    ThumbnailStore thumbnails_;
    DriftHistory drift_;
    int64_t newest_ = -1;
    int64_t playhead_ = 0;
    bool following_ = true;
    bool placing_ = false;  // the scroll bar is moved by us
    std::optional<int64_t> mark_;
    std::optional<size_t> selectedFirst_;
    size_t selectedLast_ = 0;
    std::optional<size_t> litEdge_;
    Drag drag_ = Drag::None;
    QPointF dragFrom_;
    size_t dragIndex_ = 0;
    int64_t dragChunk_ = 0;
    PromptTimeline preview_;
    QTimer soon_;
    QPixmap still_;  // all but the playhead, as it was last painted
    QLineEdit* editor_ = nullptr;
    std::optional<size_t> editedIndex_;
    int64_t editedChunk_ = 0;
};

}  // namespace longtake
