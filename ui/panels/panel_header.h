// PanelHeader: a panel's title, its one-line summary and its menu with the exports.
//
// It may serve as the title bar of a dock: presses that hit nothing are left to the parent.
// Owner:  the panel.
// Thread: GUI thread.
#pragma once

#include <functional>

#include <QWidget>

#include "ui/plots/value_export.h"

class QHBoxLayout;
class QLabel;
class QMenu;
class QToolButton;

namespace longtake {

class ElidedLabel;

class PanelHeader final : public QWidget {
    Q_OBJECT

public:
    explicit PanelHeader(const QString& title, QWidget* parent = nullptr);

    void setTitle(const QString& title);
    void setSummary(const QString& summary);
    QString summary() const;
    // Between the title and the summary; the header takes it over.
    void addAfterTitle(QWidget* widget);
    // At the right end, before the menu.
    void addAtEnd(QWidget* widget);

    QMenu* menu();
    // "Save the values as CSV", asking for a file whose proposed name is `name`.csv.
    void addTableExport(const QString& action, const QString& name, std::function<ValueTable()> table);
    // "Save the picture as PNG".
    void addPictureExport(const QString& name, QWidget* picture);

signals:
    void exportFailed(const QString& message);
    void exported(const QString& path);

private:
    void finish(const Result<void>& result, const QString& path);

    QHBoxLayout* row_ = nullptr;
    QLabel* title_ = nullptr;
    ElidedLabel* summary_ = nullptr;
    QToolButton* more_ = nullptr;
};

}  // namespace longtake
