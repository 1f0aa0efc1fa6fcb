// What keys and menus do to a TimelineView.
#include <QAction>
#include <QClipboard>
#include <QFile>
#include <QFileDialog>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>

#include "ui/plots/value_export.h"
#include "ui/theme/formats.h"
#include "ui/timeline/prompt_clipboard.h"
#include "ui/timeline/timeline_view.h"

namespace longtake {
namespace {

constexpr int64_t kOpenLength = 8;  // chunks a copied prompt without an end is given
constexpr int kUsualBlend = 4;

}  // namespace

QString TimelineView::keyHelp() {
    return tr(
        "Left, Right: one frame (Shift: mark the next chunk)\n"
        "Ctrl+Left, Ctrl+Right: select the prompt before or after\n"
        "Alt+Left, Alt+Right: move the start of the selected prompt (with Shift: the whole prompt)\n"
        "Enter: edit the words · Insert: new prompt · Delete: delete\n"
        "T: change the transition · I, O: range from, to · X: no range\n"
        "+, −, 0: zoom in, out, fit · Home, End: start, newest");
}

void TimelineView::editSelected() {
    if (selectedFirst_) editText(*selectedFirst_);
}

void TimelineView::addAtInsertion() { editNew(insertionChunk()); }

void TimelineView::deleteSelected() {
    if (selectedFirst_) model_.erase(*selectedFirst_, selectedLast_);
}

void TimelineView::cut() {
    copy();
    deleteSelected();
}

void TimelineView::copy() {
    if (!selectedFirst_) return;
    QGuiApplication::clipboard()->setMimeData(
        toMime(copied(model_.timeline(), *selectedFirst_, selectedLast_, kOpenLength), model_.clock()).release());
}

void TimelineView::paste() {
    const QMimeData* mime = QGuiApplication::clipboard()->mimeData();
    const auto prompts = mime ? fromMime(*mime, model_.clock()) : Result<CopiedPrompts>(Error{tr("the clipboard is empty").toStdString()});
    if (!prompts) return emit model_.told(tr("Nothing to paste here: %1").arg(QString::fromStdString(prompts.message())));
    const int64_t chunk = insertionChunk();
    if (!model_.paste(prompts->timeline, prompts->lengthChunks, chunk)) return;
    select(model_.timeline().indexAt(chunk), model_.timeline().indexAt(chunk));
    mark_.reset();
}

void TimelineView::selectAll() {
    if (!model_.timeline().empty()) select(0, model_.timeline().size() - 1);
}

void TimelineView::importPrompts() {
    const QString path = QFileDialog::getOpenFileName(this, tr("Import prompts"), {}, tr("Prompts (*.txt *.csv *.json);;All files (*)"));
    if (path.isEmpty()) return;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return emit model_.told(tr("‘%1’ cannot be read. Check that it is there and may be read.").arg(path));
    const auto prompts = readPrompts(file.read(kMaxPromptFileBytes + 1), model_.clock(), promptFormatOf(path));
    if (!prompts) return emit model_.told(tr("Cannot use ‘%1’: %2").arg(path, QString::fromStdString(prompts.message())));
    model_.replaceFuture(*prompts);
}

void TimelineView::exportPrompts() {
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Export prompts"), tr("prompts.txt"), tr("Text (*.txt);;CSV (*.csv);;JSON (*.json)"));
    if (path.isEmpty()) return;
    const auto saved = saveBytes(path, writePrompts(model_.timeline(), model_.clock(), promptFormatOf(path)));
    if (!saved) emit model_.told(QString::fromStdString(saved.message()));
}

void TimelineView::nudge(int direction, bool wholeBlock) {
    if (!selectedFirst_) return;
    const size_t index = *selectedFirst_;
    using Gesture = TimelineModel::Gesture;
    if (wholeBlock) model_.moveBlock(index, direction, Gesture::Nudge);
    else model_.moveEdge(index, model_.timeline()[index].firstChunk + direction, Gesture::Nudge);
}

void TimelineView::cycleTransition() {
    if (!selectedFirst_ || *selectedFirst_ == 0) return;
    switch (model_.timeline()[*selectedFirst_].transition) {
        case Transition::Recache: model_.setTransition(*selectedFirst_, Transition::Blend, kUsualBlend); break;
        case Transition::Blend: model_.setTransition(*selectedFirst_, Transition::Keep, 0); break;
        case Transition::Keep: model_.setTransition(*selectedFirst_, Transition::Recache, 0); break;
    }
}

bool TimelineView::navigateKey(int key, Qt::KeyboardModifiers modifiers) {
    const size_t count = model_.timeline().size();
    const int direction = key == Qt::Key_Left ? -1 : 1;
    switch (key) {
        case Qt::Key_Left:
        case Qt::Key_Right:
            if (modifiers & Qt::AltModifier) {
                nudge(direction, modifiers & Qt::ShiftModifier);
            } else if (modifiers & Qt::ControlModifier) {
                if (count == 0) return true;
                const size_t here = selectedFirst_.value_or(direction > 0 ? count - 1 : 0);
                const size_t next = !selectedFirst_ ? (direction > 0 ? 0 : count - 1)
                                    : direction > 0 ? std::min(here + 1, count - 1)
                                                    : here - std::min<size_t>(here, 1);
                select(next, next);
                reveal(model_.clock().startSecondsOf(model_.timeline()[next].firstChunk));
            } else if (modifiers & Qt::ShiftModifier) {
                moveMark(mark_ ? *mark_ + direction : model_.frontier());
                reveal(model_.clock().startSecondsOf(insertionChunk()));
            } else {
                scrubToFrame(playhead_ + direction);
            }
            return true;
        case Qt::Key_Home:
            scrubToFrame(0);
            reveal(0);
            return true;
        case Qt::Key_End:
            scrubToFrame(newest_);
            reveal(model_.clock().secondsOfFrame(std::max<int64_t>(0, newest_)));
            return true;
        case Qt::Key_Plus:
        case Qt::Key_Equal: zoomBy(1.25); return true;
        case Qt::Key_Minus: zoomBy(0.8); return true;
        case Qt::Key_0: zoomToFit(); return true;
        default: return false;
    }
}

bool TimelineView::editKey(int key, Qt::KeyboardModifiers modifiers) {
    if (modifiers & (Qt::ControlModifier | Qt::AltModifier)) return false;
    switch (key) {
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_F2: editSelected(); return true;
        case Qt::Key_Insert:
        case Qt::Key_N: addAtInsertion(); return true;
        case Qt::Key_Delete:
        case Qt::Key_Backspace: deleteSelected(); return true;
        case Qt::Key_T: cycleTransition(); return true;
        case Qt::Key_I: model_.markIn(playhead_); return true;
        case Qt::Key_O: model_.markOut(playhead_); return true;
        case Qt::Key_X: model_.clearMarks(); return true;
        default: return false;
    }
}

void TimelineView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copy();
    if (event->matches(QKeySequence::Cut)) return cut();
    if (event->matches(QKeySequence::Paste)) return paste();
    if (event->matches(QKeySequence::SelectAll)) return selectAll();
    if (event->matches(QKeySequence::Undo)) return model_.undoStack()->undo();
    if (event->matches(QKeySequence::Redo)) return model_.undoStack()->redo();
    if (navigateKey(event->key(), event->modifiers()) || editKey(event->key(), event->modifiers())) return event->accept();
    QAbstractScrollArea::keyPressEvent(event);
}

void TimelineView::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    if (!selectedFirst_ && !model_.timeline().empty() && event->reason() == Qt::TabFocusReason) select(model_.timeline().size() - 1, 0);
    viewport()->update();
}

void TimelineView::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

QMenu* TimelineView::contextMenu(std::optional<size_t> index, int64_t chunk) {
    auto* menu = new QMenu(this);
    const int64_t start = std::max(chunk, model_.frontier());
    menu->addAction(tr("&Add a prompt at %1…").arg(clockText(model_.clock().startSecondsOf(start))), this,
                    [this, start] { editNew(start); });
    if (index) {
        const size_t i = *index;
        menu->addAction(tr("&Edit the words…"), this, [this, i] { editText(i); });
        QMenu* transitions = menu->addMenu(tr("T&ransition"));
        transitions->setEnabled(i > 0 && model_.isOpen(i));
        const PromptSegment& now = model_.timeline()[i];
        const auto offer = [&](const QString& words, Transition transition, int chunks) {
            QAction* action =
                transitions->addAction(words, this, [this, i, transition, chunks] { model_.setTransition(i, transition, chunks); });
            action->setCheckable(true);
            action->setChecked(now.transition == transition && now.blendChunks == chunks);
        };
        offer(tr("&Cut, with re-cache"), Transition::Recache, 0);
        offer(tr("&Keep the cache"), Transition::Keep, 0);
        for (const int chunks : {2, 4, 8}) offer(tr("Blend over &%1 chunks").arg(chunks), Transition::Blend, chunks);
        QAction* erase = menu->addAction(tr("&Delete"), this, &TimelineView::deleteSelected);
        erase->setEnabled(model_.isOpen(selectedFirst_ ? std::max(i, selectedLast_) : i) && model_.timeline().size() > 1);
    }
    menu->addSeparator();
    menu->addAction(tr("Cu&t"), this, &TimelineView::cut)->setEnabled(index.has_value());
    menu->addAction(tr("&Copy"), this, &TimelineView::copy)->setEnabled(index.has_value());
    menu->addAction(tr("&Paste"), this, &TimelineView::paste);
    menu->addSeparator();
    menu->addAction(tr("Range &from the playhead"), this, [this] { model_.markIn(playhead_); });
    menu->addAction(tr("Range t&o the playhead"), this, [this] { model_.markOut(playhead_); });
    QAction* none = menu->addAction(tr("&No range"), &model_, &TimelineModel::clearMarks);
    none->setEnabled(model_.range().has_value());
    menu->addSeparator();
    menu->addAction(tr("&Import prompts…"), this, &TimelineView::importPrompts);
    menu->addAction(tr("E&xport prompts…"), this, &TimelineView::exportPrompts)->setEnabled(!model_.timeline().empty());
    return menu;
}

}  // namespace longtake
