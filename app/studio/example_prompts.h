// A few prompts of the model to click, for who has no words yet.
//
// Owner:  MainWindow.
// Thread: GUI thread.
#pragma once

#include <QStringList>
#include <QWidget>

class QHBoxLayout;

namespace longtake {

class ExamplePrompts final : public QWidget {
    Q_OBJECT

public:
    explicit ExamplePrompts(QWidget* parent = nullptr);
    // after: what the Tab key comes from.
    void setPrompts(const QStringList& prompts, QWidget* after);

signals:
    void chosen(const QString& prompt);

private:
    QHBoxLayout* row_ = nullptr;
};

}  // namespace longtake
